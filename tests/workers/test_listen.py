"""Hearing a piece, with a transcriber and an embedder that are small but real enough to trace."""

from collections.abc import Sequence

import numpy as np

from app.domain import Piece, Window, Word
from app.encoders.base import AudioEmbedder, Floats, Heard, Transcriber
from workers.listen import hear_piece

RATE = 16_000


class Counting:
    """Says one word a window: how many samples it heard."""

    name, version = "counting", "1"

    def __init__(self, languages: Sequence[tuple[str, float]]) -> None:
        self.languages = list(languages)
        self.likely: list[str | None] = []
        self.told: list[Sequence[str]] = []

    def transcribe(
        self,
        window: Floats,
        *,
        language: str | None = None,
        likely: str | None = None,
        hotwords: Sequence[str] = (),
    ) -> Heard:
        self.likely.append(likely)
        self.told.append(hotwords)
        detected, probability = self.languages.pop(0)
        words = [Word(f" {len(window)}", 0.5, 1.0)]
        return Heard(words, detected, probability, np.ones((len(window) // RATE, 2), np.float32))


class Zeros:
    """Rows of zeros, so that rows of ones can only be the transcriber's."""

    name, version, dims, sample_rate_hz = "zeros", "1", 2, RATE

    def __init__(self, shares: bool, hears_speech_alone: bool = False) -> None:
        self.shares = shares
        self.hears_speech_alone = hears_speech_alone

    def shares_encoder_with(self, transcriber: Transcriber) -> bool:
        return self.shares

    def states(self, window: Floats) -> Floats:
        return np.zeros((len(window) // RATE, 2), np.float32)

    def pool(self, states: Floats) -> Floats:
        return states.mean(axis=0)


PIECE = Piece(
    0,
    (Window(100, 110, speech=True), Window(110, 115, speech=False), Window(115, 120, speech=True)),
)


def read(start_s: float, end_s: float, sample_rate_hz: int) -> Floats:
    return np.zeros(round((end_s - start_s) * sample_rate_hz), np.float32)


def hear(transcriber: Counting | None, shares: bool = True, language: str | None = None):
    embedders: dict[str, AudioEmbedder] = {
        "audio_whisper": Zeros(shares),
        "voice": Zeros(False, hears_speech_alone=True),
    }
    return hear_piece(PIECE, read, transcriber, embedders, language=language)


def test_times_are_the_episodes_and_silence_is_not_transcribed() -> None:
    heard = hear(Counting([("en", 0.9), ("en", 0.9)]))
    assert [(w.text, w.start_s) for w in heard.words] == [(" 160000", 100.5), (" 80000", 115.5)]


def test_the_transcribers_states_are_used_only_where_the_encoder_is_shared() -> None:
    assert (
        hear(Counting([("en", 0.9)] * 2)).states["audio_whisper"][:, 0].tolist()
        == [1] * 10 + [0] * 5 + [1] * 5
    )
    assert hear(Counting([("en", 0.9)] * 2), shares=False).states["audio_whisper"].sum() == 0


def test_an_engine_for_speech_alone_hears_only_windows_with_speech() -> None:
    states = hear(None).states["voice"]
    assert np.isnan(states[:, 0]).tolist() == [False] * 10 + [True] * 5 + [False] * 5


def test_words_of_the_publisher_cost_no_transcription() -> None:
    heard = hear(None)
    assert heard.words == []
    assert heard.languages == []
    assert heard.states["audio_whisper"].shape == (20, 2)


def test_languages_are_kept_by_window() -> None:
    heard = hear(Counting([("en", 0.9), ("de", 0.8)]))
    assert heard.languages == [(100, 110, "en"), (115, 120, "de")]


def test_what_was_heard_before_or_the_feed_claims_is_told_as_likely() -> None:
    transcriber = Counting([("en", 0.9), ("en", 0.9)])
    hear(transcriber, language="fr")
    assert transcriber.likely == ["fr", "en"]


def test_every_window_is_told_the_names_to_expect() -> None:
    transcriber = Counting([("en", 0.9)] * 2)
    names = ["Eisbaden", "Marit Bjørnsdóttir"]
    hear_piece(PIECE, read, transcriber, {}, hotwords=names)
    assert transcriber.told == [names, names]
