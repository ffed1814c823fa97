"""A voice clip: what it says and what it sounds like."""

import logging
from typing import Any, TypedDict

from app.artefacts import LanguageSpan
from app.audio.decode import SAMPLE_RATE_HZ, decode_clip
from app.audio.ffmpeg import AudioError
from app.audio.speech import speech_spans
from app.domain import Piece, Word
from app.encoders import registry
from app.encoders.base import Floats
from app.settings import Settings
from app.store import Store
from app.windows import plan_windows
from workers.assemble import main_language
from workers.listen import hear_piece

logger = logging.getLogger(__name__)


class ClipAnswer(TypedDict):
    """What HEAR_CLIP returns; ``error`` is for the person who sent the clip."""

    heard: dict[str, Any] | None
    audio_vector: list[float] | None
    degraded: list[dict[str, str]]
    error: str | None


def hear_clip(clip_id: str, store: Store, settings: Settings) -> ClipAnswer:
    """Decode, transcribe and embed the clip kept under ``clips/<clip_id>``."""
    answer = ClipAnswer(heard=None, audio_vector=None, degraded=[], error=None)
    try:
        with store.open(f"clips/{clip_id}") as file:
            audio = decode_clip(file.read(), settings.clip_max_s)
    except AudioError as error:
        answer["error"] = str(error)
        return answer
    pieces = plan_windows(speech_spans([audio]), len(audio) / SAMPLE_RATE_HZ)
    windows = [window for piece in pieces for window in piece.windows]
    embedder = registry.audio_embedder()

    def read(start_s: float, end_s: float) -> Floats:
        return audio[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]

    heard = hear_piece(Piece(0, windows), read, registry.transcriber(), {"audio": embedder})
    answer["audio_vector"] = embedder.pool(heard.states["audio"]).tolist()
    answer["heard"] = _as_json(heard.words, heard.languages)
    return answer


def _as_json(words: list[Word], languages: list[LanguageSpan]) -> dict[str, Any] | None:
    if not words:
        return None
    return {
        "text": "".join(word.text for word in words).strip(),
        "language": main_language(languages),
        "words": [
            {
                "word": word.text.strip(),
                "start_s": round(word.start_s, 2),
                "end_s": round(word.end_s, 2),
                "probability": round(word.probability, 3),
            }
            for word in words
        ],
    }
