"""The engines that the settings choose, one of each a process."""

from dataclasses import dataclass
from functools import lru_cache

from app.encoders.base import AudioEmbedder, EncoderError, Reader, TextEmbedder, Transcriber
from app.encoders.late_interaction import LateInteraction
from app.encoders.minilm import MiniLm
from app.encoders.speaker import CamPlusPlus
from app.encoders.weights import weights_folder
from app.encoders.whisper import FasterWhisper
from app.encoders.whisper_states import WhisperStates
from app.settings import get_settings

VOICE_OFF = "off"


@dataclass(frozen=True, slots=True)
class Description:
    """An engine without its weights loaded; ``reason`` says why it is not ``present``."""

    name: str
    version: str
    dims: int | None  # None for a transcriber
    present: bool
    reason: str = ""


def transcriber() -> Transcriber:
    """The chosen transcriber. Raises EncoderError where the setting names none."""
    return _transcriber(get_settings().transcriber)


def text_embedder() -> TextEmbedder:
    """The chosen text embedder. Raises EncoderError where the setting names none."""
    return _text_embedder(get_settings().text_embedder)


def audio_embedder() -> AudioEmbedder:
    """The chosen audio embedder. Raises EncoderError where the setting names none."""
    return _audio_embedder(get_settings().audio_embedder)


def reader() -> Reader:
    """The chosen reader. Raises EncoderError where the setting names none."""
    return _reader(get_settings().reader)


def voice_embedder() -> AudioEmbedder | None:
    """The chosen voice embedder, or None where voices are not to be told apart.

    Raises EncoderError where the setting names none that is known.
    """
    name = get_settings().voice_embedder
    return None if name == VOICE_OFF else _voice_embedder(name)


def sound_embedders() -> dict[str, AudioEmbedder]:
    """What an episode's sound is embedded by, by role."""
    voice = voice_embedder()
    return {"audio": audio_embedder()} | ({"voice": voice} if voice else {})


def describe() -> dict[str, Description]:
    """Each role's engine, by what is on disk; loads no weights."""
    engines: dict[str, Transcriber | TextEmbedder | AudioEmbedder | Reader] = {
        "transcriber": transcriber(),
        "text": text_embedder(),
        "reader": reader(),
        **sound_embedders(),
    }
    return {role: _describe(engine) for role, engine in engines.items()}


@lru_cache(maxsize=2)
def _transcriber(name: str) -> Transcriber:
    if _kind(name) != "faster-whisper":
        raise EncoderError(f"EARMARK_TRANSCRIBER is {name!r}; known is faster-whisper:WEIGHTS.")
    return FasterWhisper(name)


@lru_cache(maxsize=2)
def _text_embedder(name: str) -> TextEmbedder:
    if name != "minilm-int8":
        raise EncoderError(f"EARMARK_TEXT_EMBEDDER is {name!r}; known is minilm-int8.")
    return MiniLm(name)


@lru_cache(maxsize=2)
def _audio_embedder(name: str) -> AudioEmbedder:
    if _kind(name) != "whisper":
        raise EncoderError(f"EARMARK_AUDIO_EMBEDDER is {name!r}; known is whisper:WEIGHTS.")
    return WhisperStates(name)


@lru_cache(maxsize=2)
def _reader(name: str) -> Reader:
    if name != "colbert-small":
        raise EncoderError(f"EARMARK_READER is {name!r}; known is colbert-small.")
    return LateInteraction(name)


@lru_cache(maxsize=2)
def _voice_embedder(name: str) -> AudioEmbedder:
    if name != "campplus":
        known = f"campplus and {VOICE_OFF}"
        raise EncoderError(f"EARMARK_VOICE_EMBEDDER is {name!r}; known are {known}.")
    return CamPlusPlus(name)


def _kind(name: str) -> str:
    return name.partition(":")[0]


def _describe(engine: Transcriber | TextEmbedder | AudioEmbedder | Reader) -> Description:
    dims, reason = None, ""
    try:
        dims = getattr(engine, "dims", None)
        weights_folder(engine.name)
    except EncoderError as error:
        reason = str(error)
    return Description(engine.name, engine.version, dims, not reason, reason)
