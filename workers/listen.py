"""Hearing a piece: its windows one by one, words and states out."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.artefacts import LanguageSpan
from app.domain import Piece, Window, Word
from app.encoders.base import AudioEmbedder, Floats, Heard, Transcriber
from app.encoders.check import SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class HeardPiece:
    """A piece's words in episode time, its windows' languages, and its states by role."""

    words: list[Word]
    languages: list[LanguageSpan]
    states: dict[str, Floats]


def hear_piece(
    piece: Piece,
    read: Callable[[float, float, int], Floats],
    transcriber: Transcriber | None,
    embedders: Mapping[str, AudioEmbedder],
    *,
    language: str | None = None,
    hotwords: Sequence[str] = (),
    on_window: Callable[[Window], None] = lambda _: None,
) -> HeardPiece:
    """Transcribe the windows with speech (none without a transcriber), and embed them all.

    ``embedders`` are by role, as are the states in the answer. ``read`` gives the samples
    between two times in seconds, at a rate in Hz. ``language`` is what to assume where a window's
    own language is unclear; ``hotwords`` are names to expect.
    """
    words: list[Word] = []
    languages: list[LanguageSpan] = []
    states: dict[str, list[Floats]] = {role: [] for role in embedders}
    for window in piece.windows:
        rates = {one.sample_rate_hz for one in embedders.values()}
        rates |= {SAMPLE_RATE_HZ} if transcriber is not None else set()
        audio = {rate: read(window.start_s, window.end_s, rate) for rate in rates}
        heard = None
        if window.speech and transcriber is not None:
            heard = transcriber.transcribe(
                audio[SAMPLE_RATE_HZ], likely=language, hotwords=hotwords
            )
            if heard.words and heard.language:
                language = heard.language
                languages.append((window.start_s, window.end_s, heard.language))
            words.extend(shifted(heard.words, window.start_s))
        for role, embedder in embedders.items():
            samples = audio[embedder.sample_rate_hz]
            states[role].append(_states(window, heard, samples, transcriber, embedder))
        on_window(window)
    joined = {role: np.concatenate(rows) for role, rows in states.items()}
    return HeardPiece(words, languages, joined)


def _states(
    window: Window,
    heard: Heard | None,
    audio: Floats,
    transcriber: Transcriber | None,
    embedder: AudioEmbedder,
) -> Floats:
    if embedder.hears_speech_alone and not window.speech:
        seconds = math.ceil(round(window.end_s - window.start_s, 3))
        return np.full((seconds, embedder.dims), np.nan, np.float32)
    if (
        heard is not None
        and heard.states is not None
        and transcriber is not None
        and embedder.shares_encoder_with(transcriber)
    ):
        return heard.states
    return embedder.states(audio)


def shifted(words: Sequence[Word], by_s: float) -> Iterator[Word]:
    """The same words, ``by_s`` later."""
    return (replace(w, start_s=w.start_s + by_s, end_s=w.end_s + by_s) for w in words)
