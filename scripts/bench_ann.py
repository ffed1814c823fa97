"""Draw recall, speed and memory of each way to index vectors, and recommend one.

    python -m scripts.bench_ann --out ann.json                    # the running index's own vectors
    python -m scripts.bench_ann --questions DIR --synthetic 100000 --out ann.json
    python -m scripts.bench_ann --table ann.json
    python -m scripts.bench_ann --chart ann.json > ann.svg

The vectors go into one index an option in a running Elasticsearch, or one started for it, and
are asked for as a search asks: the same query bodies, 200 neighbours deep, over HTTP. Each index
is removed before the next is made. Recall is how many of the ten nearest of an exact search
(NumPy) were among the first ten found. FAISS, hnswlib and Annoy search the same vectors by the
same queries, within their own process.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from app.encoders.registry import text_embedder
from app.search import legs
from app.search.ask import ask
from app.search.bulk import index_action, run_bulk
from app.search.client import get_client
from app.search.documents import encode_vector
from app.search.index_options import OVERSAMPLE, IndexOptions
from app.search.schema import definition
from app.search.sound import clip_scale
from app.settings import get_settings
from scripts.bench_ingest import commit, cpu
from scripts.evaluation import ann_chart, ann_vectors, peers
from scripts.evaluation.ann_vectors import TEXT_FIELD, Material
from scripts.evaluation.node import end_cleanly, reachable
from scripts.local.data import DataFolder
from scripts.local.errors import SetupError
from scripts.own_copy import ROOT

DEPTH = 10
SHOWS = 10  # a filter on one of them leaves a tenth of the segments
REFRESH_EVERY = 2000  # segments, as after a night of ingest
CANDIDATES = (20, 100, 200, 400, 800)
FEWEST = 200  # candidates that the setting accepts; with fewer a curve is drawn
WHOLE = frozenset({"flat", "hnsw"})  # types that search whole vectors

# What is built, and how many times as many neighbours are scored again by their whole vectors.
OPTIONS: tuple[tuple[dict[str, Any], tuple[float, ...]], ...] = (
    ({"type": "flat"}, (0,)),
    ({"type": "bbq_flat"}, (3,)),
    ({"type": "hnsw"}, (0,)),
    ({"type": "int8_hnsw"}, (0, 2)),
    ({"type": "int8_hnsw", "m": 32, "ef_construction": 200}, (0,)),
    ({"type": "int4_hnsw"}, (0, 2)),
    ({"type": "bbq_hnsw"}, (0, 3)),
)


class Exact:
    """The nearest neighbours, by comparing with every vector."""

    def __init__(self, material: Material, floor: float) -> None:
        self._cosines = material.queries @ material.vectors.T
        self._floor = floor
        self._shows = np.arange(len(material.vectors)) % SHOWS

    def recall(self, found: Sequence[Sequence[int]], *, filtered: bool = False) -> float:
        """How many of the ten nearest were found; of ties any counts.

        Neighbours below the floor of a search are not asked for.
        """
        right = wanted = 0
        for number, rows in enumerate(found):
            cosines = self._cosines[number]
            if filtered:
                cosines = np.where(self._shows == show_of(number), cosines, -1)
            nearest = np.sort(np.partition(cosines, -DEPTH)[-DEPTH:])
            nearest = nearest[nearest >= self._floor]
            wanted += len(nearest)
            if len(nearest):
                got = np.count_nonzero(cosines[list(rows[:DEPTH])] >= nearest[0] - 1e-6)
                right += min(got, len(nearest))
        if not wanted:
            raise SetupError(f"No query has a neighbour with a cosine of {self._floor:g}.")
        return round(float(right / wanted), 4)


def show_of(query: int) -> int:
    """The show that a filtered query asks for."""
    return query % SHOWS


class Trial:
    """An index of the material under one option, which exists while it is measured."""

    def __init__(self, es: Any, name: str, material: Material, floor: float, kind: str) -> None:
        self._es, self._name = es, name
        self._material, self._floor = material, floor
        self._is_rescored = kind not in WHOLE

    def build(self) -> float:
        """Write everything, some thousands at a time; seconds until the last merge is done."""
        started = time.perf_counter()
        vectors, field = self._material.vectors, self._material.field
        for start in range(0, len(vectors), REFRESH_EVERY):
            documents = [
                {
                    "id": str(number),
                    "episode_id": str(number // REFRESH_EVERY),
                    "feed_id": str(number % SHOWS),
                    field: encode_vector(vectors[number]),
                }
                for number in range(start, min(start + REFRESH_EVERY, len(vectors)))
            ]
            actions = [index_action(self._name, document) for document in documents]
            run_bulk(self._es, actions, through_alias=False)
            self._es.indices.refresh(index=self._name)
        self._es.indices.flush(index=self._name, wait_if_ongoing=True)
        self._wait_for_merges()
        return time.perf_counter() - started

    def _wait_for_merges(self) -> None:
        idle = 0
        while idle < 5:  # a merge may call for another
            merges = self._es.indices.stats(index=self._name, metric="merge")
            idle = 0 if merges["_all"]["primaries"]["merges"]["current"] else idle + 1
            time.sleep(0.2)
        self._es.indices.flush(index=self._name, wait_if_ongoing=True)
        self._es.indices.refresh(index=self._name)

    def sizes(self) -> dict[str, float]:
        """Megabytes that a search goes through, and those on disk; and Lucene's segments.

        Of vectors that are kept smaller for searching, the whole ones are not gone through.
        """
        metrics = ["dense_vector", "store", "segments"]
        stats = self._es.indices.stats(index=self._name, metric=metrics)["_all"]["primaries"]
        kinds = stats["dense_vector"]["off_heap"]
        parts = ["vex", "veq", "veb"] if self._is_rescored else ["vex", "vec"]
        searched = sum(kinds.get(f"total_{part}_size_bytes", 0) for part in parts)
        return {
            "searched_mb": round(searched / 1e6, 2),
            "disk_mb": round(stats["store"]["size_in_bytes"] / 1e6, 2),
            "lucene_segments": stats["segments"]["count"],
        }

    def point(self, exact: Exact, candidates: int, oversample: float) -> dict[str, Any]:
        """Every query at one setting, over all shows; over one too if a search accepts it."""
        point = {"candidates": candidates, "oversample": oversample}
        point |= self._asked(exact, candidates, oversample, filtered=False)
        if candidates < FEWEST:
            return point
        return point | {"tenth": self._asked(exact, candidates, oversample, filtered=True)}

    def _asked(
        self, exact: Exact, candidates: int, oversample: float, *, filtered: bool
    ) -> dict[str, float]:
        bodies = [
            self._body(number, candidates, oversample, filtered=filtered)
            for number in range(len(self._material.queries))
        ]
        for body in bodies[:20]:  # what is asked first pays for opening files
            self._ask(body)
        found, ms = [], []
        for body in bodies:
            started = time.perf_counter()
            rows = self._ask(body)
            ms.append(1000 * (time.perf_counter() - started))
            found.append(rows)
        return {"recall": exact.recall(found, filtered=filtered), **times(ms)}

    def _body(
        self, query: int, candidates: int, oversample: float, *, filtered: bool
    ) -> dict[str, Any]:

        clauses = [{"terms": {"feed_id": [str(show_of(query))]}}] if filtered else []
        vector = [float(value) for value in self._material.queries[query]]
        body = legs.nearest(self._material.field, vector, self._floor, clauses, candidates)
        if self._is_rescored:  # 0 has to be said: bits are scored again by default
            body["knn"]["rescore_vector"] = {"oversample": oversample}
        return body

    def _ask(self, body: dict[str, Any]) -> list[int]:

        answers = ask(self._es, self._name, {"meaning": body}, "measurement")
        if answers.degraded:
            raise SetupError(f"Elasticsearch did not answer: {answers.degraded[0].reason}")
        return [int(hit.id) for hit in answers.found["meaning"]]


def times(ms: Sequence[float]) -> dict[str, float]:
    """The median and the 95th percentile."""
    return {
        "p50_ms": round(float(np.percentile(ms, 50)), 2),
        "p95_ms": round(float(np.percentile(ms, 95)), 2),
    }


@contextmanager
def trial(es: Any, material: Material, options: dict[str, Any], floor: float) -> Iterator[Trial]:
    """An index under these options, removed afterwards."""
    mappings = definition("segments")["mappings"]
    known = {name: mappings["properties"][name] for name in ("id", "episode_id", "feed_id")}
    field = {
        **mappings["properties"][material.field],
        "dims": material.vectors.shape[1],
        "index_options": options,
    }
    name = f"{get_settings().index_prefix}-ann-{uuid.uuid4().hex[:12]}"
    fresh = {"index.store.stats_refresh_interval": "0s"}  # else sizes are those of a while ago
    es.indices.create(
        index=name,
        settings={**definition("segments")["settings"], **fresh},
        mappings={"dynamic": "strict", "properties": {**known, material.field: field}},
    )
    try:
        yield Trial(es, name, material, floor, options["type"])
    finally:
        es.indices.delete(index=name)


def measure(material: Material, *, recall: float, most_ms: float, beside: bool) -> dict[str, Any]:
    """All figures of one set of vectors."""
    meaning = text_embedder().likeness.cosine(legs.MEANING_FLOOR)
    floors = {TEXT_FIELD: meaning, "voice": legs.VOICE_FLOOR}
    floor = floors.get(material.field, clip_scale(material.field).floor)
    exact, es = Exact(material, floor), get_client().options(request_timeout=600)
    python = peers_python() if beside else None  # what cannot be installed is told at once
    indices = []
    for given, oversamples in OPTIONS:
        options = IndexOptions.model_validate(given).as_mapping()
        kind = options["type"]
        with trial(es, material, options, floor) as own:
            build_s = round(own.build(), 1)
            sizes = own.sizes()
            tried = CANDIDATES if kind.endswith("hnsw") else (legs.CANDIDATES,)
            points = [own.point(exact, count, over) for over in oversamples for count in tried]
        indices.append({"options": options, "build_s": build_s, **sizes, "points": points})
        best = max(points, key=lambda point: point["recall"])
        print(f"{kind}: built in {build_s} s, recall up to {best['recall']}", flush=True)
        if kind == "flat" and best["recall"] < 0.999:
            raise SetupError("Elasticsearch's exact search and NumPy's do not agree.")
    figures = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": {"cpu": cpu(), "cores": os.cpu_count(), "load": round(os.getloadavg()[2], 1)},
        "versions": {
            "elasticsearch": es.info()["version"]["number"],
            "python": platform.python_version(),
            "numpy": metadata.version("numpy"),
        },
        "made_of": material.made_of,
        "field": material.field,
        "vectors": len(material.vectors),
        "dims": material.vectors.shape[1],
        "queries": len(material.queries),
        "indices": indices,
        "peers": by_peers(python, material, exact) if python else [],
        "wanted": {"recall": recall, "p95_ms": most_ms},
    }
    return {**figures, "recommended": recommended(figures)}


def peers_python() -> Path:
    """The Python that has the other libraries; two of them are compiled at first use."""
    lock = peers.HERE / "requirements-ann.lock"
    return peers.environment(lock, "FAISS, hnswlib and Annoy to compare with (40 MB)")


def by_peers(python: Path, material: Material, exact: Exact) -> list[dict[str, Any]]:
    """The same by other libraries."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "vectors.npy", material.vectors)
        np.save(folder / "queries.npy", material.queries)
        script = [str(python), str(peers.HERE / "ann_peers.py"), str(folder)]
        done = subprocess.run(script, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(f"The peers could not search: {done.stderr.strip()[-800:]}")
        found = json.loads((folder / "peers.json").read_text())
    return [
        {
            "name": peer["name"],
            "build_s": round(peer["build_s"], 1),
            "searched_mb": round(peer["bytes"] / 1e6, 2),
            "points": [
                {
                    "setting": point["setting"],
                    "recall": exact.recall(point["rows"]),
                    **times(point["ms"]),
                }
                for point in peer["points"]
            ],
        }
        for peer in found
    ]


def recommended(figures: dict[str, Any]) -> dict[str, Any] | None:
    """The least memory that has the recall within the time, and of that the fastest.

    Both over everything and over a tenth; only settings that a search accepts.
    """
    wanted = figures["wanted"]
    good = [
        (index["searched_mb"], point["p50_ms"], number, index["options"], point)
        for number, index in enumerate(figures["indices"])
        for point in index["points"]
        if point["candidates"] >= FEWEST
        and all(
            part["recall"] >= wanted["recall"] and part["p95_ms"] <= wanted["p95_ms"]
            for part in (point, point["tenth"])
        )
    ]
    if not good:
        return None
    *_, options, point = min(good, key=lambda one: one[:3])
    by_default = OVERSAMPLE.get(options["type"], 0)
    if point["oversample"] != by_default:
        options = options | {"rescore_vector": {"oversample": point["oversample"]}}
    return {"index_options": options, "num_candidates": point["candidates"]}


def table(figures: dict[str, Any]) -> str:
    """Every run as Markdown."""
    return "\n\n".join(run_table(run) for run in figures["runs"].values())


def run_table(run: dict[str, Any]) -> str:
    """One run as Markdown."""
    machine = run["machine"]
    lines = [
        f"{run['vectors']:,} vectors of {run['dims']} dimensions, {run['queries']} queries: "
        f"{run['made_of']} ({run['date']}, commit {run['commit']}, Elasticsearch "
        f"{run['versions']['elasticsearch']}, {machine['cores']} cores of {machine['cpu']}, "
        f"load {machine['load']:g}).",
        "",
        "| index | built, s | searched, MB | disk, MB | setting | recall@10 | p50, ms | p95, ms "
        "| a tenth: recall@10 | p50, ms | p95, ms |",
        "| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for index in run["indices"]:
        for name, points in ann_chart.by_oversample(index):
            lines.append(_index_row(name, index, points))
    lines += [_peer_row(peer, run["wanted"]["recall"]) for peer in run["peers"]]
    return "\n".join([*lines, "", _advice(run)])


def _index_row(name: str, index: dict[str, Any], points: list[dict[str, Any]]) -> str:
    """An index at the number of candidates that is the default."""
    (point,) = [point for point in points if point["candidates"] == 400]
    tenth = point["tenth"]
    setting = "" if len(points) == 1 else "400 candidates"
    return (
        f"| {name} | {index['build_s']:.1f} | {index['searched_mb']:.1f} | "
        f"{index['disk_mb']:.1f} | {setting} | {point['recall']:.3f} | {point['p50_ms']:.1f} | "
        f"{point['p95_ms']:.1f} | {tenth['recall']:.3f} | {tenth['p50_ms']:.1f} | "
        f"{tenth['p95_ms']:.1f} |"
    )


def _peer_row(peer: dict[str, Any], recall: float) -> str:
    """A library at its first setting that has the recall, else at its best."""
    enough = [point for point in peer["points"] if point["recall"] >= recall]
    point = enough[0] if enough else max(peer["points"], key=lambda point: point["recall"])
    setting = ann_chart.setting_of(peer["name"], point["setting"])
    return (
        f"| {peer['name']} | {peer['build_s']:.1f} | {peer['searched_mb']:.1f} | | {setting} | "
        f"{point['recall']:.3f} | {point['p50_ms']:.2f} | {point['p95_ms']:.2f} | | | |"
    )


def _advice(run: dict[str, Any]) -> str:
    wanted, found = run["wanted"], run["recommended"]
    aim = f"recall@10 of {wanted['recall']:g} within {wanted['p95_ms']:g} ms (p95)"
    if not found:
        return f"Nothing here has a {aim}."
    by_field = json.dumps({run["field"]: found["index_options"]})
    return (
        f"The least memory for a {aim}: `EARMARK_INDEX_OPTIONS='{by_field}'` "
        f"`EARMARK_NUM_CANDIDATES={found['num_candidates']}`."
    )


def kept(file: Path | None) -> dict[str, Any]:
    """The runs of a file, if there is one."""
    return json.loads(file.read_text()) if file and file.exists() else {"runs": {}}


def main() -> None:
    """Measure, or print what an earlier measurement gave."""
    options = _options()
    if options.table:
        print(table(kept(options.table)))
        return
    if options.chart:
        print(ann_chart.chart(kept(options.chart)), end="")
        return
    end_cleanly()
    try:
        with reachable(DataFolder(options.data)) as environment:
            os.environ.update(environment)
            material = _material(options)
            figures = measure(
                material,
                recall=options.recall,
                most_ms=options.p95_ms,
                beside=not options.without_peers,
            )
    except SetupError as error:
        sys.exit(f"earmark: {error}")
    except KeyboardInterrupt:
        sys.exit("earmark: Stopped.")
    if options.out:
        both = kept(options.out)
        both["runs"][options.name or f"{material.field}, {len(material.vectors):,}"] = figures
        options.out.write_text(json.dumps(both, indent=1) + "\n")
    print(run_table(figures))


def _material(options: argparse.Namespace) -> Material:
    if options.questions:
        material = ann_vectors.of_questions(options.questions, options.queries)
    elif options.vectors:
        material = ann_vectors.of_file(options.vectors, options.field, options.queries)
    else:
        material = ann_vectors.of_index(options.field, options.queries)
    return ann_vectors.grown(material, options.synthetic)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    say = parser.add_argument
    say("--field", default=TEXT_FIELD, help="the vector field (default: text_vector)")
    say("--vectors", type=Path, metavar="FILE", help="the rows of a NumPy file instead")
    say("--questions", type=Path, metavar="DIR", help="a folder as scripts/evaluate takes instead")
    say("--synthetic", type=int, default=0, metavar="N", help="mix these, to have N vectors")
    say("--queries", type=int, default=200, metavar="N")
    say("--recall", type=float, default=0.95, help="recall@10 to recommend for (default: .95)")
    say("--p95-ms", type=float, default=50.0, help="and the longest p95 (default: 50)")
    say("--without-peers", action="store_true", help="measure Elasticsearch alone")
    say("--name", help="the run's name in FILE")
    say("--out", type=Path, metavar="FILE", help="keep the figures, beside those of other runs")
    say("--table", type=Path, metavar="FILE", help="print a kept file's tables")
    say("--chart", type=Path, metavar="FILE", help="print a kept file's chart")
    say("--data", type=Path, default=ROOT / "data", help="a running Earmark's data folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
