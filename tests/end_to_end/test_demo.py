"""The demo as a listener meets it: what was said and what sounded is found."""

import re
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest

from scripts.demo.queries import load_truth
from scripts.evaluate_demo import Evaluation
from tests.end_to_end.conftest import Api


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def episode_named(api: Api, title: str) -> dict[str, Any]:
    (episode,) = [e for e in api.episodes() if e["title"] == title]
    return episode


@pytest.mark.slow
def test_every_question_finds_its_answer(api: Api, demo: Path) -> None:
    asked = list(Evaluation(api.url, demo).run())
    assert {one.kind for one in asked} == {"typed", "spoken", "clips"}
    assert [one for one in asked if not one.is_good] == []


def test_what_was_said_is_written_down_where_it_was_said(api: Api, demo: Path) -> None:
    truth = load_truth(demo)["come-here"]
    transcript = api.call(
        "GET", f"/episodes/{episode_named(api, truth['title'])['id']}/transcript.json"
    )
    heard = [w for s in transcript["segments"] for w in s["words"]]
    said = words_of(" ".join(s["text"] for s in truth["sentences"]))
    match = SequenceMatcher(None, said, words_of(" ".join(w["word"] for w in heard)))
    assert match.ratio() > 0.75
    assert heard[0]["start_s"] == pytest.approx(truth["sentences"][0]["start_s"], abs=0.5)
    assert heard[-1]["end_s"] == pytest.approx(truth["sentences"][-1]["end_s"], abs=0.5)


def test_nothing_is_said_where_there_is_only_music_and_rain(api: Api, demo: Path) -> None:
    truth = load_truth(demo)["tin-roof"]
    episode = episode_named(api, truth["title"])
    transcript = api.call("GET", f"/episodes/{episode['id']}/transcript.json")
    assert "".join(s["text"] for s in transcript["segments"]) == ""
    assert episode["status"] == "indexed"


def test_the_publishers_words_are_shown_with_their_speakers(api: Api, demo: Path) -> None:
    truth = load_truth(demo)["crust"]
    episode = api.call("GET", f"/episodes/{episode_named(api, truth['title'])['id']}")
    assert episode["words_from"] == "publisher"
    (hit, *_) = api.search('"Louis Camille Maillard"')
    assert hit["episode"]["id"] == episode["id"]
    assert hit["text"][slice(*hit["highlights"][0])] == "Louis Camille Maillard"
    assert hit["legs"]["keyword"]["rank"] == 1


def test_what_nobody_said_is_not_found(api: Api, demo: Path) -> None:
    answer = api.call("GET", "/search", fields={"q": "cryptocurrency exchange collapse"})
    assert answer["hits"] == []
    assert answer["total"]["value"] == 0
