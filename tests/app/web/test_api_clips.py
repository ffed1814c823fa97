"""POST /search/clip and the page's /clip, heard by a real query worker."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from app.audio.mono import Floats
from app.audio.voice import voice_vector
from app.encoders import registry
from tests.app.audio.test_landmarks import tones
from tests.app.web import library
from tests.live import query_worker as running_query_worker
from tests.spoken import samples_of, speak
from tests.workers.test_clips import hiss, wav

QUESTION = "When should an apple tree be pruned?"
RATE_HZ = 16_000
TUNE = tones(54.0, seed=5)
AT_S = 23.37


def tune() -> Floats:
    """Three seconds of the episode of the fog."""
    return TUNE[round(AT_S * RATE_HZ) :][: 3 * RATE_HZ]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Floats:
    path: Path = tmp_path_factory.mktemp("speech") / "question.wav"
    samples: Floats = samples_of(speak(QUESTION, path))
    return samples


@pytest.fixture(scope="module", autouse=True)
def hearing(app: Flask, redis: Redis, spoken: Floats) -> Iterator[None]:
    """The library with the tune as one episode's recording and sound, the voice as another's."""
    embedder, voices = registry.audio_embedders()["audio_classes"], registry.voice_embedder()
    assert voices is not None
    library.record(library.FOG, TUNE)
    library.sound(library.FOG, audio_classes=embedder.pool(embedder.states(tune())))
    library.sound(library.BROT, voice=voice_vector(spoken, voices) or [])
    with running_query_worker(redis):
        yield


@pytest.fixture(autouse=True)
def no_workers() -> None:
    """The one worker stays."""


def ask(client: FlaskClient, samples: Floats, **form: object) -> dict:
    answer = send(client, "/api/v1/search/clip", samples, **form)
    assert answer.status_code == 200, answer.text
    found: dict = answer.json
    assert found["degraded"] == []
    return found


def send(client: FlaskClient, path: str, samples: Floats, **form: object):
    return client.post(path, data={"clip": (io.BytesIO(wav(samples)), "clip"), **form})


def legs(found: dict) -> set[str]:
    """The ways that found the best hit."""
    return set(found["hits"][0]["legs"])


def test_a_question_is_searched_for_its_meaning(client: FlaskClient, spoken: Floats) -> None:
    found = ask(client, spoken)
    assert found["intent"] == {
        "asked": None, "used": "meaning", "reason": "someone speaks in it"
    }  # fmt: skip
    assert found["heard"]["text"] == QUESTION
    assert found["hits"][0]["episode"]["id"] == library.APPLES
    assert set(found["noise"]) == {"snr_db", "denoised"}
    assert found["noise"]["snr_db"] > 20


@pytest.mark.parametrize("intent", ["words", "meaning"])
def test_what_is_said_is_asked_of_the_text_alone(
    client: FlaskClient, spoken: Floats, intent: str
) -> None:
    found = ask(client, spoken, intent=intent)
    assert found["intent"] == {"asked": intent, "used": intent, "reason": "asked for"}
    assert found["heard"]["text"] == QUESTION
    assert found["hits"][0]["episode"]["id"] == library.APPLES
    assert {"keyword", "sounds_like"} <= legs(found)
    assert legs(found).isdisjoint({"sound", "recording", "voice"})


def test_how_it_sounds_hears_no_words(client: FlaskClient) -> None:
    found = ask(client, tune(), intent="sound")
    assert found["heard"] is None
    assert found["intent"]["used"] == "sound"
    assert found["hits"][0]["episode"]["id"] == library.FOG
    assert legs(found) == {"sound"}


@pytest.mark.parametrize("intent", [{}, {"intent": "recording"}], ids=["guessed", "asked"])
def test_the_very_recording_is_found_at_its_place(client: FlaskClient, intent: dict) -> None:
    found = ask(client, tune(), **intent)
    assert found["intent"]["used"] == "recording"
    hit = found["hits"][0]
    assert hit["episode"]["id"] == library.FOG
    assert hit["at_s"] == pytest.approx(AT_S, abs=0.1)
    assert "recording" in hit["legs"]


def test_a_recording_of_something_else_is_not_found(client: FlaskClient) -> None:
    found = ask(client, tones(3.0, seed=99), intent="recording")
    assert found["hits"] == []
    assert found["intent"]["used"] == "recording"


def test_the_speaker_is_found(client: FlaskClient, spoken: Floats) -> None:
    found = ask(client, spoken, intent="voice")
    assert {hit["episode"]["id"] for hit in found["hits"]} == {library.BROT}
    assert legs(found) == {"voice"}
    nobody = ask(client, hiss(3), intent="voice")
    assert nobody["hits"] == []
    assert nobody["noise"]["snr_db"] is None


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"intent": "tune"}, "'words', 'meaning', 'sound', 'recording' or 'voice'"),
        ({"w_recordings": "1"}, "did you mean w_recording?"),
    ],
)
def test_what_is_unknown_is_told_before_anything_is_heard(
    client: FlaskClient, form: dict, says: str
) -> None:
    answer = send(client, "/api/v1/search/clip", hiss(1), **form)
    assert answer.status_code == 422
    (fault,) = answer.json["errors"]
    assert fault["name"] in form
    assert says in fault["detail"]


def test_the_page_says_what_it_searched_for_and_lets_it_be_corrected(
    client: FlaskClient, spoken: Floats
) -> None:
    page = send(client, "/clip", spoken, language="en").text
    assert "Searched for <b>what it means</b>, because someone speaks in it." in page
    assert f">{QUESTION}</textarea>" in page
    assert '<input type="hidden" name="language" value="en">' in page
    assert 'data-intent="voice"' in page
    assert 'data-intent="meaning"' not in page


def test_the_page_names_the_very_recording_and_its_tenth_of_a_second(client: FlaskClient) -> None:
    page = send(client, "/clip", tune(), intent="recording").text
    assert "Searched for <b>this very recording</b>, as you chose." in page
    assert "same recording" in page
    assert "<time>0:23.4</time>" in page
    assert "textarea" not in page


@pytest.mark.parametrize(
    ("intent", "says"),
    [
        ("recording", "This recording is not in the library"),
        ("voice", "Nobody speaks in the recording"),
        ("words", "No words were heard in the recording"),
    ],
)
def test_the_page_says_why_nothing_is_there(client: FlaskClient, intent: str, says: str) -> None:
    page = send(client, "/clip", hiss(2), intent=intent, language="de").text
    assert f"<h2>{says}</h2>" in page
    assert "The filters may be too narrow" in page
