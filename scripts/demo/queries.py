"""The questions that the demo must answer, and where in the built episodes the answers are."""

import json
from pathlib import Path
from typing import Any

QUERIES = Path(__file__).parent / "queries.json"

Truth = dict[str, dict[str, Any]]


def load_truth(folder: Path) -> Truth:
    """The built episodes' descriptions, by id."""
    paths = [path for path in folder.glob("*/*.json") if path.name.count(".") == 1]
    found = [json.loads(path.read_text("utf-8")) for path in paths if path.stem != "show"]
    return {episode["id"]: episode for episode in found}


def times_of(episode: dict[str, Any], says: str) -> tuple[float, float]:
    """When the sentence that contains these words is spoken."""
    for sentence in episode["sentences"]:
        if says in sentence["text"]:
            return sentence["start_s"], sentence["end_s"]
    raise ValueError(f"nobody says {says!r} in {episode['id']}")


def places_of_sound(episode: dict[str, Any], sound: str) -> list[tuple[float, float]]:
    """When a sound is played alone, each time."""
    found = [
        (place["start_s"], place["end_s"]) for place in episode["sounds"] if place["sound"] == sound
    ]
    if not found:
        raise ValueError(f"there is no {sound!r} in {episode['id']}")
    return found


def resolve(truth: Truth) -> dict[str, list[dict[str, Any]]]:
    """The queries whose episodes are built, each with ``start_s`` and ``end_s`` of its answer.

    Those under ``clips`` have ``offset_s`` and ``duration_s`` besides: what to cut out.
    """
    queries = json.loads(QUERIES.read_text("utf-8"))
    return {
        kind: [_answer(query, truth) for query in queries[kind] if query["episode"] in truth]
        for kind in ("typed", "spoken", "clips")
    }


def _answer(query: dict[str, Any], truth: Truth) -> dict[str, Any]:
    episode = truth[query["episode"]]
    if "sound" in query:
        places = places_of_sound(episode, query["sound"])
    else:
        places = [times_of(episode, query["says"])]
    start_s, end_s = places[0]
    answer = {**query, "show": episode["show"], "start_s": start_s, "end_s": end_s}
    answer["places"] = places
    if "cut_s" in query:
        after_s, duration_s = query["cut_s"]
        answer |= {"offset_s": round(start_s + after_s, 3), "duration_s": duration_s}
    return answer
