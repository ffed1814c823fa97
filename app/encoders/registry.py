"""The engines that the settings choose, one of each a process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.encoders.base import AudioEmbedder, EncoderError, Reader, TextEmbedder, Transcriber
from app.encoders.clap import Clap
from app.encoders.e5 import E5
from app.encoders.exported import card_of
from app.encoders.late_interaction import LateInteraction
from app.encoders.minilm import MiniLm
from app.encoders.openai_whisper import OpenAiWhisper
from app.encoders.sentences import SentenceTransformer
from app.encoders.sound_classes import SoundClasses
from app.encoders.speaker import CamPlusPlus
from app.encoders.wav2vec2 import Wav2Vec2
from app.encoders.weights import weights_folder
from app.encoders.whisper import FasterWhisper
from app.encoders.whisper_states import WhisperStates
from app.settings import get_settings

VOICE_OFF = "off"
EXPORTED = {"clap", "wav2vec2", "sentence-transformers"}  # served from a folder of export's

_TRANSCRIBERS: Mapping[str, Callable[[str], Transcriber]] = {
    "faster-whisper": FasterWhisper,
    "openai-whisper": OpenAiWhisper,
}
_TEXT: Mapping[str, Callable[[str], TextEmbedder]] = {
    "minilm-int8": MiniLm,
    "e5-small": E5,
    "sentence-transformers": SentenceTransformer,
}

# By the kind that EARMARK_AUDIO_EMBEDDER names: the field of the vectors, and the engine.
_AUDIO: Mapping[str, tuple[str, Callable[[str], AudioEmbedder]]] = {
    "whisper": ("audio_whisper", WhisperStates),
    "yamnet": ("audio_classes", lambda name: SoundClasses(name, text_embedder)),
    "clap": ("audio_clap", Clap),
    "wav2vec2": ("audio_wav2vec2", Wav2Vec2),
}
_KNOWN_AUDIO = "yamnet, whisper:WEIGHTS, clap:/FOLDER and wav2vec2:/FOLDER."


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
    return transcriber_named(get_settings().transcriber)


def text_embedder() -> TextEmbedder:
    """The chosen text embedder. Raises EncoderError where the setting names none."""
    return _text_embedder(get_settings().text_embedder)


def audio_embedders() -> dict[str, AudioEmbedder]:
    """The chosen audio embedders, by the field of their vectors, in the setting's order.

    Raises EncoderError where the setting names none, one that is not known, or two of a kind.
    """
    found: dict[str, AudioEmbedder] = {}
    for name in get_settings().audio_embedders:
        field, embedder = _audio_embedder(name)
        if field in found:
            raise EncoderError(
                f"EARMARK_AUDIO_EMBEDDER names {found[field].name} and {name}, whose vectors would "
                f"lie in one field ({field}); choose one of them."
            )
        found[field] = embedder
    if not found:
        raise EncoderError("EARMARK_AUDIO_EMBEDDER names no engine; known are " + _KNOWN_AUDIO)
    return found


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
    """All that an episode's sound is embedded by, by field, which is the role too."""
    voice = voice_embedder()
    return audio_embedders() | ({"voice": voice} if voice else {})


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
def transcriber_named(name: str) -> Transcriber:
    """The transcriber of a setting such as ``openai-whisper:base``. Raises EncoderError."""
    if _kind(name) not in _TRANSCRIBERS:
        known = ", ".join(f"{kind}:WEIGHTS" for kind in _TRANSCRIBERS)
        raise EncoderError(f"EARMARK_TRANSCRIBER is {name!r}; known are {known}.")
    return _TRANSCRIBERS[_kind(name)](name)


@lru_cache(maxsize=2)
def _text_embedder(name: str) -> TextEmbedder:
    if _kind(name) not in _TEXT:
        known = "minilm-int8, e5-small and sentence-transformers:/FOLDER"
        raise EncoderError(f"EARMARK_TEXT_EMBEDDER is {name!r}; known are {known}.")
    return _TEXT[_kind(name)](name)


@lru_cache(maxsize=8)
def _audio_embedder(name: str) -> tuple[str, AudioEmbedder]:
    """An audio embedder with the field that its vectors lie in."""
    if _kind(name) not in _AUDIO:
        raise EncoderError(f"EARMARK_AUDIO_EMBEDDER is {name!r}; known are {_KNOWN_AUDIO}")
    field, make = _AUDIO[_kind(name)]
    return field, make(name)


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
        _check(engine)
    except EncoderError as error:
        reason = str(error)
    return Description(engine.name, engine.version, dims, not reason, reason)


def _check(engine: Transcriber | TextEmbedder | AudioEmbedder | Reader) -> None:
    """Raise EncoderError where an engine lacks what it needs; loads none of it."""
    if isinstance(engine, OpenAiWhisper):
        engine.check()
    elif _kind(engine.name) in EXPORTED:
        card_of(engine.name)
    else:
        weights_folder(engine.name)
