"""Measure how well sounds are found by their names and by clips, among speech and music.

    python -m scripts.measure_sounds SOUNDS SPEECH --hours 1 --json docs/benchmarks/sounds.json
    python -m scripts.measure_sounds --table docs/benchmarks/sounds.json

SOUNDS holds a folder of recordings for each class, named after it; SPEECH any recordings of
speech, and texts to be read aloud. Everything is asked through the product's own search and
Elasticsearch: the names of the folders, other words for them, each recording as a clip, which
should find the others of its class, and topics that name no sound.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np

from app.catalog import Catalog
from app.domain import Episode, EpisodeStatus, Feed, Segment
from app.encoders import registry
from app.encoders.base import AudioEmbedder, Floats, model_of
from app.search.client import get_client
from app.search.hybrid import Searcher
from app.search.index import SegmentIndex, make_indices
from app.search.query import MOST_HITS, Query
from app.search.result import Hit
from app.search.schema import Model
from app.search.sound import SoundsByName
from app.settings import get_settings
from app.store import Store
from scripts import bench_sounds
from scripts.bench_ingest import commit, cpu
from scripts.evaluation import node
from scripts.local.data import DataFolder
from workers.clips import hear_clip

ROOT = Path(__file__).parents[1]
FIELD = "audio_classes"
PREFIX = "earmark-measure-sounds"
RATE_HZ = 16_000
SEGMENT_S, WINDOW_S, PROGRAMME_S, MUSIC_S = 15, 30, 300, 30

# Other words for the classes of ESC-10, and topics; the engine's own words hold none of them.
SAID = {
    "dog_bark": ("a hound that makes a noise at the postman", "an angry dog next door", "yapping"),
    "rain": ("a downpour on the roof", "pouring rain", "wet weather outside the window"),
    "sea_waves": ("breakers crashing on a coast", "the sound of the sea", "a day at the beach"),
    "baby_cry": ("a newborn that wails", "a baby in tears", "screaming toddler"),
    "clock_tick": ("the tick tock of an old clock", "pendulum clock", "a watch that ticks"),
    "person_sneeze": ("someone sneezing", "a man sneezes loudly", "sneezing fit"),
    "helicopter": ("a chopper flying over", "aircraft with rotors", "chopper landing"),
    "chainsaw": ("cutting wood with a power saw", "motor saw", "a tree being felled by machine"),
    "rooster": ("a cock crowing early", "cockerel", "a rooster that wakes the farm"),
    "fire_crackling": ("burning logs", "wood burning in the stove", "a fire in the hearth"),
}
TOPICS = (
    *("democracy", "inflation", "the French Revolution", "climate change", "justice", "yoga"),
    *("immigration policy", "a vegetarian recipe", "cryptocurrency", "gravity", "vaccines"),
    *("elections", "ancient Egypt", "black holes", "evolution", "nutrition", "genetics", "hope"),
    *("the Roman senate", "mushrooms", "pension funds", "existentialism", "human rights"),
    *("supply chains", "antibiotics", "Plato", "a strategy", "empathy", "Picasso", "obesity"),
    *("the ozone layer", "venture capital", "a tax return", "monarchy", "the periodic table"),
    *("Paris", "sociology", "copyright", "biodiversity", "the Cold War", "nostalgia", "calculus"),
)


@dataclass(frozen=True, slots=True)
class Recording:
    """A file or a piece of our own, its class (empty: none that is asked for), its samples."""

    name: str
    label: str
    audio: Floats
    path: Path | None = None


def recordings(folder: Path, *, labelled: bool) -> Iterator[Recording]:
    """Every recording below a folder."""
    for path, audio in bench_sounds.real_sounds(folder):
        label = path.parent.name if labelled else ""
        yield Recording(f"{path.parent.name}-{path.stem}", label, audio, path)


def others(speech: Path, hours: float) -> Iterator[Recording]:
    """What is asked for nowhere: recordings, then programmes of our own until that many hours."""
    left = hours * 3600
    for one in recordings(speech, labelled=False):
        left -= len(one.audio) / RATE_HZ
        yield one
    words, number = bench_sounds.words_of(speech), 0
    while left > 0:
        rng = np.random.default_rng(number)
        music = number % 5 == 0
        audio = (
            bench_sounds.music(MUSIC_S, rng)
            if music
            else bench_sounds.programme(words, PROGRAMME_S, rng)
        )
        left -= len(audio) / RATE_HZ
        yield Recording(f"made-{number}", "", audio)
        number += 1


class Library:
    """Recordings in Elasticsearch as the pipeline would put them there, each an episode."""

    def __init__(self, engine: AudioEmbedder) -> None:
        self._engine = engine
        self._es = get_client()
        self.labels: dict[str, str] = {}  # by episode
        self.seconds = self.cpu_s = 0.0
        self.segments = 0
        self.remove()
        make_indices(self._es, PREFIX, {FIELD: Model(engine.name, engine.version, engine.dims)})
        by_name = SoundsByName(self._es, PREFIX, {FIELD: engine})
        self.searcher = Searcher(self._es, PREFIX, lambda _: [], sounds=by_name.of)

    def add(self, one: Recording) -> None:
        """Embed a recording and write its segments."""
        duration_s = len(one.audio) / RATE_HZ
        before = time.process_time()
        size = WINDOW_S * RATE_HZ
        windows = [one.audio[start : start + size] for start in range(0, len(one.audio), size)]
        rows = np.concatenate([self._engine.states(window) for window in windows])
        starts = range(0, len(rows), SEGMENT_S)
        segments = [Segment(float(at), min(at + SEGMENT_S, duration_s)) for at in starts]
        vectors = np.stack([self._engine.pool(rows[at : at + SEGMENT_S]) for at in starts])
        self.cpu_s += time.process_time() - before
        feed = Feed(id="measured", url="http://127.0.0.1/measured.xml")
        episode = Episode(
            id=one.name, feed_id=feed.id, guid=one.name, title="", status=EpisodeStatus.INDEXED
        )
        catalog = Catalog(self._es, PREFIX)
        catalog.put_feed(feed)
        catalog.put_episode(episode, wait=True)
        SegmentIndex(self._es, PREFIX).write(feed, episode, segments, {FIELD: vectors})
        self.labels[one.name] = one.label
        self.seconds += duration_s
        self.segments += len(segments)

    def ranking(self, query: Query) -> tuple[list[str], bool]:
        """The episodes of what is found, best first, and whether no sound is named."""
        result = self.searcher.search(query)
        found = [hit.episode.id for hit in cast(list[Hit], result.hits)]
        return list(dict.fromkeys(found)), bool(result.degraded)

    def precision(self, ranking: Sequence[str], label: str, own: str = "") -> float:
        """Average precision; what is not found counts as never found."""
        relevant = {name for name, of in self.labels.items() if of == label} - {own}
        hits = [number for number, name in enumerate(ranking, 1) if name in relevant]
        return sum(count / at for count, at in enumerate(hits, 1)) / len(relevant)

    def remove(self) -> None:
        """Delete the indices."""
        names = list(self._es.indices.get(index=f"{PREFIX}-*"))
        if names:
            self._es.indices.delete(index=names)


def by_text(library: Library, asked: dict[str, Sequence[str]]) -> dict[str, Any]:
    """How well texts find the recordings of the class that they stand for."""
    scores: dict[str, float] = {}
    for label, texts in asked.items():
        for text in texts:
            ranking, _ = library.ranking(Query(q=f'sound:"{text}"', size=MOST_HITS))
            scores[text] = library.precision(ranking, label)
    return {
        "texts": len(scores),
        "map": round(float(np.mean(list(scores.values()))), 4),
        "worst": {
            text: round(scores[text], 3) for text in sorted(scores, key=scores.__getitem__)[:5]
        },
    }


def by_clip(library: Library, sounds: Sequence[Recording]) -> dict[str, Any]:
    """How well each recording, sent in as a clip, finds the others of its class."""
    nearest, precisions = [], []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        for one in sounds:
            assert one.path is not None  # noqa: S101 - those that lie below SOUNDS
            with store.write("clips/c") as file:
                file.write(one.path.read_bytes())
            vectors = hear_clip("c", "sound", store, get_settings())["audio_vectors"]
            query = Query(is_clip=True, intent="sound", audio_vectors=vectors, size=MOST_HITS)
            ranking = [name for name in library.ranking(query)[0] if name != one.name]
            nearest.append(bool(ranking) and library.labels[ranking[0]] == one.label)
            precisions.append(library.precision(ranking, one.label, own=one.name))
    return {
        "clips": len(nearest),
        "nearest": round(float(np.mean(nearest)), 4),
        "map": round(float(np.mean(precisions)), 4),
    }


def measure(sounds: Path, speech: Path, hours: float) -> dict[str, Any]:
    """Build the library, ask it, and remove it."""
    engine = registry.audio_embedders()[FIELD]
    library = Library(engine)
    try:
        asked_for = list(recordings(sounds, labelled=True))
        for one in chain(asked_for, others(speech, hours)):
            library.add(one)
        labels = {one.label for one in asked_for}
        names = {label: [label.replace("_", " ")] for label in labels}
        said = {label: texts for label, texts in SAID.items() if label in labels}
        refused = [library.ranking(Query(q=f'sound:"{topic}"'))[1] for topic in TOPICS]
        return {
            "commit": commit(),
            "machine": {"cpu": cpu(), "cores": os.cpu_count()},
            "model": model_of(engine),
            "recordings": len(asked_for),
            "classes": len(labels),
            "hours": round(library.seconds / 3600, 2),
            "segments": library.segments,
            "real_time": round(library.cpu_s / library.seconds, 4),
            "names": by_text(library, names),
            "said": by_text(library, said),
            "clips": by_clip(library, asked_for),
            "topics": {"asked": len(TOPICS), "refused": sum(refused)},
        }
    finally:
        library.remove()


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown."""
    names, said, clips, topics = (result[part] for part in ("names", "said", "clips", "topics"))
    return "\n".join(
        [
            f"{result['model']}: {result['recordings']} recordings of {result['classes']} classes "
            f"among {result['hours']} h of speech and music ({result['segments']} segments). To "
            f"hear an hour costs {3600 * result['real_time']:.0f} s of processor time "
            f"({result['machine']['cores']} cores of {result['machine']['cpu']}, commit "
            f"{result['commit']}).",
            "",
            "| asked for | questions | mAP | nearest is of the class |",
            "| --- | ---: | ---: | ---: |",
            f"| the class by its name | {names['texts']} | {names['map']:.3f} | |",
            f"| the class in other words | {said['texts']} | {said['map']:.3f} | |",
            f"| what sounds like a clip | {clips['clips']} | {clips['map']:.3f} | "
            f"{clips['nearest']:.3f} |",
            "",
            f"Of {topics['asked']} topics that name no sound, {topics['refused']} were said to "
            "name none.",
        ]
    )


def main() -> None:
    """Measure, or print the table of an earlier measurement."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("sounds", type=Path, nargs="?")
    parser.add_argument("speech", type=Path, nargs="?")
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(table(json.loads(given.table.read_text())))
        return
    if not (given.sounds and given.speech):
        parser.error("SOUNDS and SPEECH are needed")
    node.end_cleanly()
    with node.reachable(DataFolder(ROOT / "data")) as environment:
        os.environ.update(environment)
        result = measure(given.sounds, given.speech, given.hours)
    if given.json:
        given.json.write_text(json.dumps(result, indent=2) + "\n")
    print(table(result))


if __name__ == "__main__":
    main()
