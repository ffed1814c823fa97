"""From places to figures, and from figures to tables. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.evaluation.folder import Folder, Question
from app.evaluation.metrics import MEASURES, Place, Values, measure, paired_bootstrap
from app.evaluation.run import PRODUCTION, Run, percentile_ms

EVERY = "all questions"


def values(found: Sequence[Sequence[Place]], questions: Sequence[Question]) -> dict[str, Values]:
    """Each measure's value for each question."""
    rows = [measure(f, q.judged) for f, q in zip(found, questions, strict=True)]
    return {name: np.array([row[name] for row in rows]) for name in MEASURES}


def condition_figures(run: Run, questions: Sequence[Question]) -> dict[str, Any]:
    """The figures of one condition, for each class of questions."""
    measured = {name: values(found, questions) for name, found in run.found.items()}
    kinds = sorted({question.kind for question in questions})
    return {
        "classes": {
            kind: _class_figures(measured, np.array([q.kind == kind for q in questions]))
            for kind in kinds
        },
        "own_ms": {
            f"p{int(100 * share)}": percentile_ms(run.own_ms, share) for share in (0.5, 0.95)
        },
        "elasticsearch_ms": {
            f"p{int(100 * share)}": percentile_ms(run.es_ms, share) for share in (0.5, 0.95)
        },
        "degraded": dict(run.degraded),
    }


def _class_figures(measured: Mapping[str, Mapping[str, Values]], own: Any) -> dict[str, Any]:
    """Each system's means, and what it gains over the best single leg."""
    legs = [name for name in measured if name.startswith("leg ")]
    best = max(legs, key=lambda name: measured[name]["ndcg@10"][own].mean())
    systems: dict[str, dict[str, Any]] = {}
    for name, each in measured.items():
        means: dict[str, Any] = {
            measure_: round(float(each[measure_][own].mean()), 4) for measure_ in MEASURES
        }
        gains = {
            measure_: _rounded(paired_bootstrap(each[measure_][own], measured[best][measure_][own]))
            for measure_ in MEASURES
            if name != best
        }
        systems[name] = means | {"over_best_leg": gains}
        if name.startswith("peer "):
            ours = measured[PRODUCTION]["ndcg@10"][own]
            systems[name]["ours_over_it"] = _rounded(paired_bootstrap(ours, each["ndcg@10"][own]))
    return {"questions": int(own.sum()), "best_leg": best, "systems": systems}


def _rounded(interval: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in interval]


def raw(run: Run) -> dict[str, str]:
    """Each system's places: a word a question, as "3", "1,4:2" (relevance 2) or "-"."""
    return {
        name: " ".join(",".join(map(_written, each)) or "-" for each in found)
        for name, found in run.found.items()
    }


def _written(place: Place) -> str:
    return f"{place.rank}" if place.relevance == 1 else f"{place.rank}:{place.relevance:g}"


def about(folder: Folder, questions: Sequence[Question]) -> dict[str, Any]:
    """What was asked, so that the places can be counted again; the texts stay in the folder."""
    return {
        "folder": folder.path.name,
        "sha256": folder.hashes(),
        "remarks": list(folder.remarks),
        "questions": [
            {"id": q.id, "class": q.kind, "relevances": sorted(q.judged.values())}
            for q in questions
        ],
    }


def table(figures: Mapping[str, Any]) -> str:
    """The figures as Markdown, which reads well on a terminal too."""
    lines = _summary(figures["conditions"])
    for condition, found in figures["conditions"].items():
        for kind, each in found["classes"].items():
            lines += _class_table(f"{condition}, {kind} ({each['questions']})", each)
        if "spoken" in found:
            lines += _spoken_table(condition, found["spoken"])
        lines += [_times(found), ""]
        lines += [f"Without {part} ({n} times)." for part, n in found["degraded"].items()]
    return "\n".join(lines).rstrip() + "\n"


def _summary(conditions: Mapping[str, Any]) -> list[str]:
    """What users get against the best that one leg, and one other engine, would give."""
    lines = [
        "| nDCG@10 | questions | fused | best leg | over it | best peer | over it |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for condition, found in conditions.items():
        for kind, each in found["classes"].items():
            fused = each["systems"][PRODUCTION]["ndcg@10"]
            rivals = [_best(each["systems"], start) for start in ("leg ", "peer ")]
            shown = " | ".join(_against(fused, rival) for rival in rivals)
            lines.append(f"| {condition}, {kind} | {each['questions']} | {fused:.3f} | {shown} |")
    return [*lines, ""]


def _best(systems: Mapping[str, Any], start: str) -> tuple[str, float] | None:
    own = {name: each["ndcg@10"] for name, each in systems.items() if name.startswith(start)}
    return max(own.items(), key=lambda one: one[1]) if own else None


def _against(fused: float, rival: tuple[str, float] | None) -> str:
    if rival is None:
        return " | "
    name, value = rival
    ratio = f"{fused / value - 1:+.1%}" if value else ""
    return f"{value:.3f} ({name.split(' ', 1)[1]}) | {ratio}"


def _class_table(heading: str, each: Mapping[str, Any]) -> list[str]:
    lines = [
        f"| {heading} | nDCG@10 | MRR@10 | success@1 | success@10 | nDCG over {each['best_leg']} |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, system in each["systems"].items():
        means = " | ".join(f"{system[measure_]:.3f}" for measure_ in MEASURES)
        shown = f"**{name}**" if name == PRODUCTION else name
        lines.append(f"| {shown} | {means} | {_gain(system['over_best_leg'])} |")
    return [*lines, ""]


def _spoken_table(condition: str, spoken: Mapping[str, Any]) -> list[str]:
    lines = [
        f"| {condition}, {spoken['questions']} questions spoken | success@10 | over typed | words "
        "wrong |",
        "| --- | ---: | ---: | ---: |",
        f"| typed | {spoken['typed']['success@10']:.3f} | | |",
    ]
    for name, each in spoken["noises"].items():
        wrong = f"{each['word_error']:.1%}"
        lines.append(f"| {name} | {each['success@10']:.3f} | {each['ratio']:.3f} | {wrong} |")
    return [*lines, ""]


def _gain(gains: Mapping[str, Sequence[float]]) -> str:
    if not gains:
        return ""
    mean, low, high = gains["ndcg@10"]
    return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"


def _times(found: Mapping[str, Any]) -> str:
    own, es = found["own_ms"], found["elasticsearch_ms"]
    return (
        f"Own time on top of Elasticsearch's, embedding included: {own['p50']:.1f} ms (p50), "
        f"{own['p95']:.1f} ms (p95); Elasticsearch {es['p50']:.0f} and {es['p95']:.0f} ms."
    )
