"""From what was heard or read to segments and their vectors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.artefacts import EpisodeArtefacts, LanguageSpan, Plan
from app.domain import Segment, Word
from app.embedding import embed_texts, read_texts
from app.encoders.base import AudioEmbedder, Floats, Reader, TextEmbedder, model_of
from app.search.index import FieldRows, FieldVectors
from app.search.schema import FIELDS
from app.segments import Tongue, segment
from app.windows import align_states, rows_between


@dataclass(frozen=True, slots=True)
class Assembled:
    """An episode ready for the index."""

    segments: Sequence[Segment]
    vectors: FieldVectors
    duration_s: float | None
    language: str | None
    words_from: Literal["audio", "publisher"]
    times_estimated: bool


def assemble(
    kept: EpisodeArtefacts,
    text_embedder: TextEmbedder,
    reader: Reader,
    sound_embedders: Mapping[str, AudioEmbedder],
) -> Assembled:
    """Build the segments and vectors, and keep both."""
    duration_s, words, languages = _heard(kept)
    heard = [role for role, one in sound_embedders.items() if has_states(kept, role, one)]
    publisher = kept.publisher()
    if publisher is not None:
        words = publisher[0]
        end_s = max([duration_s or 0.0, *(word.end_s for word in words)])
        languages = [(0.0, end_s, publisher[1])] if publisher[1] else []
    tongues = [Tongue(start_s, language) for start_s, _, language in languages]
    segments = segment(words, duration_s, _changes(kept, heard, sound_embedders), tongues)
    texts, readings = embed_texts(segments, text_embedder), read_texts(segments, reader)
    kept.save_vectors("text", model_of(text_embedder), texts)
    kept.save_readings(model_of(reader), readings)
    vectors: dict[str, FieldRows] = {FIELDS["text"]: texts, FIELDS["reader"]: readings}
    vectors |= {
        FIELDS[role]: embed_sounds(kept, role, segments, sound_embedders[role]) for role in heard
    }
    kept.save_segments(segments)
    return Assembled(
        segments,
        vectors,
        duration_s,
        main_language(languages),
        "audio" if publisher is None else "publisher",
        publisher is not None and publisher[2],
    )


def _heard(kept: EpisodeArtefacts) -> tuple[float | None, list[Word], list[LanguageSpan]]:
    """Duration, words and languages of all pieces, if there was audio."""
    plan = kept.plan()
    if plan is None:
        return None, [], []
    words: list[Word] = []
    languages: list[LanguageSpan] = []
    for piece in plan.pieces:
        piece_words, piece_languages = kept.piece_words(piece.number)
        words += piece_words
        languages += piece_languages
    return plan.duration_s, words, languages


def _changes(
    kept: EpisodeArtefacts, heard: Sequence[str], embedders: Mapping[str, AudioEmbedder]
) -> Floats | None:
    """The states that tell where the sound changes: the first engine's that hears all sound."""
    plan = kept.plan()
    able = [role for role in heard if not embedders[role].hears_speech_alone]
    return _states_by_second(kept, able[0], plan) if plan and able else None


def has_states(kept: EpisodeArtefacts, role: str, embedder: AudioEmbedder) -> bool:
    """Whether the whole episode has this very engine's states."""
    return kept.states_models(role) == {model_of(embedder)}


def is_of_others(kept: EpisodeArtefacts, role: str, embedder: AudioEmbedder) -> bool:
    """Whether a role's states are not all this engine's; to have none at all is no such case."""
    return kept.states_models(role) not in ({model_of(embedder)}, {None})


def embed_sounds(
    kept: EpisodeArtefacts, role: str, segments: Sequence[Segment], embedder: AudioEmbedder
) -> Floats:
    """``(segments, dims)`` from states that the episode has; keeps them too."""
    plan = kept.plan()
    assert plan is not None  # noqa: S101 - without a plan there are no states
    vectors = pool_states(segments, _states_by_second(kept, role, plan), embedder)
    kept.save_vectors(role, model_of(embedder), vectors)
    return vectors


def _states_by_second(kept: EpisodeArtefacts, role: str, plan: Plan) -> Floats:
    """All pieces' states, one row for each second of the episode."""
    windows = [window for piece in plan.pieces for window in piece.windows]
    rows = np.concatenate([kept.piece_states(role, piece.number) for piece in plan.pieces])
    return align_states(windows, rows, plan.duration_s)


def main_language(languages: Sequence[LanguageSpan]) -> str | None:
    """The language heard for longest."""
    seconds: Counter[str] = Counter()
    for start_s, end_s, language in languages:
        seconds[language] += int(1000 * (end_s - start_s))
    return seconds.most_common(1)[0][0] if seconds else None


def pool_states(segments: Sequence[Segment], states: Floats, embedder: AudioEmbedder) -> Floats:
    """``(segments, dims)`` from states by the second."""
    vectors = np.empty((len(segments), embedder.dims), dtype=np.float32)
    for row, one in enumerate(segments):
        vectors[row] = embedder.pool(rows_between(states, one.start_s, one.end_s))
    return vectors
