"""What each intent makes of a clip, and what a failure of one part costs."""

import io
import wave
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from app.audio.noise import Noise
from app.encoders import registry
from app.encoders.base import EncoderError, Floats
from app.encoders.whisper import FasterWhisper
from app.encoders.whisper_states import WhisperStates
from app.settings import Settings
from app.store import Store
from tests.spoken import samples_of, speak
from workers.clips import ClipAnswer, hear_clip

RATE = 16_000
QUESTION = "How do bakers keep the crust of the bread so dark?"

Hear = Callable[[Floats, str | None], ClipAnswer]


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Floats:
    quiet = np.zeros(RATE // 2, np.float32)
    said = samples_of(speak(QUESTION, tmp_path_factory.mktemp("speech") / "question.wav"))
    return np.concatenate([quiet, said, quiet])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.fixture
def hear(store: Store) -> Hear:
    def run(samples: Floats, intent: str | None) -> ClipAnswer:
        with store.write("clips/c") as file:
            file.write(wav(samples))
        return hear_clip("c", intent, store, Settings())

    return run


def wav(samples: Floats) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


def hiss(seconds: float, level: float = 0.1) -> Floats:
    rng = np.random.default_rng(1)
    return (level * rng.normal(size=round(seconds * RATE))).astype(np.float32)


def refuse(*_: object, **__: object) -> NoReturn:
    raise EncoderError("no weights here")


@pytest.mark.parametrize("intent", ["words", "meaning"])
def test_what_was_said_costs_no_sound(
    hear: Hear, question: Floats, intent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "audio_embedders", refuse)
    answer = hear(question, intent)
    assert answer["heard"] is not None
    assert answer["heard"]["text"] == QUESTION  # as clear as speech can be
    assert answer["heard"]["language"] == "en"
    assert [word["word"] for word in answer["heard"]["words"]] == QUESTION.split()
    assert answer["audio_vectors"] == {}
    assert answer["degraded"] == []


def test_how_it_sounds_costs_no_transcription(
    hear: Hear, question: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "transcriber", refuse)
    answer = hear(question, "sound")
    assert answer["heard"] is None
    assert np.linalg.norm(answer["audio_vectors"]["audio_classes"]) == pytest.approx(1, abs=1e-5)
    assert answer["degraded"] == []


def test_without_an_intent_both_are_found_in_one_pass_where_they_share_an_encoder(
    hear: Hear, question: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    whisper = {"audio_whisper": registry.audio_embedders()["audio_whisper"]}
    monkeypatch.setattr(registry, "audio_embedders", lambda: whisper)
    alone = hear(question, "sound")
    monkeypatch.setattr(WhisperStates, "states", refuse)
    answer = hear(question, None)
    assert answer["heard"] is not None
    assert answer["heard"]["text"] == QUESTION
    assert answer["audio_vectors"]["audio_whisper"] == pytest.approx(
        alone["audio_vectors"]["audio_whisper"], abs=1e-5
    )
    assert answer["degraded"] == []


def test_a_part_that_fails_is_named_and_costs_only_itself(
    hear: Hear, question: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "transcriber", refuse)
    answer = hear(question, None)
    assert answer["degraded"] == [{"part": "words", "reason": "no weights here"}]
    assert "audio_classes" in answer["audio_vectors"]
    monkeypatch.setattr(registry, "audio_embedders", lambda: 1 / 0)
    reasons = {part["part"]: part["reason"] for part in hear(question, None)["degraded"]}
    assert reasons["sound"] == "Something unforeseen went wrong (ZeroDivisionError)."


def test_a_clip_without_speech_is_not_transcribed(
    hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FasterWhisper, "transcribe", refuse)
    answer = hear(hiss(4), None)
    assert answer["heard"] is None
    assert "audio_classes" in answer["audio_vectors"]
    assert answer["noise"] == {"snr_db": None, "denoised": []}
    assert answer["degraded"] == []


def test_noise_is_measured(hear: Hear, question: Floats) -> None:
    clean, noisy = (
        hear(question, "words"),
        hear(question + hiss(len(question) / RATE, 0.02), "words"),
    )
    assert clean["noise"] is not None
    assert noisy["noise"] is not None
    assert (clean["noise"]["snr_db"] or 0) > 30 > (noisy["noise"]["snr_db"] or 0) > 5


@pytest.mark.parametrize("field", ["audio_classes", "audio_whisper"])
def test_only_a_search_by_sound_is_made_of_denoised_audio(
    hear: Hear, question: Floats, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    chosen = {field: registry.audio_embedders()[field]}
    monkeypatch.setattr(registry, "audio_embedders", lambda: chosen)
    noisy = question + hiss(len(question) / RATE, 0.1)
    by_sound, by_words, clean = hear(noisy, "sound"), hear(noisy, "words"), hear(question, "sound")
    told = [answer["noise"]["denoised"] for answer in (by_sound, by_words, clean)]  # type: ignore[index]
    assert told == [["sound"], [], []]
    near = np.dot(by_sound["audio_vectors"][field], clean["audio_vectors"][field])
    monkeypatch.setattr(Noise, "hides_sound", False)
    as_it_came = np.dot(hear(noisy, "sound")["audio_vectors"][field], clean["audio_vectors"][field])
    assert near > as_it_came


def test_a_clip_that_is_hardly_loud_enough_is_understood(hear: Hear, question: Floats) -> None:
    answer = hear(question * np.float32(0.005), "words")  # some six bits are left of it
    assert answer["heard"] is not None
    assert answer["heard"]["text"] == QUESTION


def test_a_broken_clip_says_so(store: Store) -> None:
    with store.write("clips/c") as file:
        file.write(b"this is no recording")
    answer = hear_clip("c", None, store, Settings())
    assert "not audio in a known format" in (answer["error"] or "")


def test_an_intent_that_is_none_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="'dance' is not what a clip can be for"):
        hear_clip("c", "dance", store, Settings())
