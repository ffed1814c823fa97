"""A voice clip: what it says and what it sounds like, as far as its intent asks."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

import numpy as np

from app.artefacts import LanguageSpan
from app.audio.decode import SAMPLE_RATE_HZ, decode_clip
from app.audio.ffmpeg import AudioError
from app.audio.landmarks import clip_landmarks
from app.audio.noise import Noise, denoised, lifted, measure
from app.audio.speech import spans_of
from app.audio.vad import speech_probabilities
from app.audio.voice import voice_vector
from app.domain import Window, Word
from app.encoders import registry
from app.encoders.base import AudioEmbedder, EncoderError, Floats
from app.search.sound import CLIP_ORDER
from app.settings import Settings
from app.store import Store
from app.windows import plan_windows
from workers.assemble import main_language
from workers.listen import shifted

logger = logging.getLogger(__name__)


class ClipNoise(TypedDict):
    """How noisy the clip is (None: nobody speaks in it), and the parts that heard it denoised."""

    snr_db: float | None
    denoised: list[str]


class ClipAnswer(TypedDict):
    """What HEAR_CLIP returns; ``error`` is for the person who sent the clip."""

    heard: dict[str, Any] | None
    audio_vectors: dict[str, list[float]]  # by field
    voice_vector: list[float] | None
    landmarks: dict[str, Any] | None
    noise: ClipNoise | None
    degraded: list[dict[str, str]]
    error: str | None


def _only_samples(sample_rate_hz: int) -> Floats:
    raise EncoderError(f"There are samples at 16 kHz alone, and none at {sample_rate_hz} Hz.")


@dataclass(frozen=True, slots=True)
class Clip:
    """A decoded clip, mono 16 kHz, and what is known of it before anyone listens.

    ``at_rate`` decodes it anew at another rate, in Hz, for an engine that asks for that.
    """

    audio: Floats
    windows: Sequence[Window]
    noise: Noise
    sound_wanted: bool
    states: dict[Window, Floats] = field(default_factory=dict)  # what words left for sound
    at_rate: Callable[[int], Floats] = _only_samples

    def read(self, window: Window) -> Floats:
        """The samples of a window."""
        return _cut(self.audio, window, SAMPLE_RATE_HZ)

    def denoised(self) -> "Clip":
        """The same with less noise, at every rate."""
        at_rate = self.at_rate
        return replace(
            self,
            audio=denoised(self.audio),
            at_rate=lambda rate: denoised(at_rate(rate), rate),
        )


def _cut(samples: Floats, window: Window, sample_rate_hz: int) -> Floats:
    start, end = (round(at_s * sample_rate_hz) for at_s in (window.start_s, window.end_s))
    return samples[start:end]


Part = Callable[[Clip], Mapping[str, Any]]  # the fields of the answer that it fills
Found = tuple[dict[str, Any], list[dict[str, str]]]  # a lane's fields, and what failed in it


def words(clip: Clip) -> dict[str, Any]:
    """What is said. A clip without speech costs nothing, and has nothing invented over it."""
    transcriber = registry.transcriber()
    share = clip.sound_wanted and _sound_embedder()[1].shares_encoder_with(transcriber)
    found: list[Word] = []
    languages: list[LanguageSpan] = []
    language: str | None = None
    for window in (w for w in clip.windows if w.speech):
        heard = transcriber.transcribe(clip.read(window), likely=language, brief=True, states=share)
        if share and heard.states is not None:
            clip.states[window] = heard.states
        if heard.words and heard.language:
            language = heard.language
            languages.append((window.start_s, window.end_s, language))
        found.extend(shifted(heard.words, window.start_s))
    return {"heard": _as_json(found, languages)}


def sound(clip: Clip) -> dict[str, Any]:
    """The vector of how it sounds, speech or not, in the field that is asked for clips."""
    field, embedder = _sound_embedder()
    shared = clip.states if _has_heard(clip, embedder) else {}
    rate = embedder.sample_rate_hz
    samples = clip.audio if rate == SAMPLE_RATE_HZ else clip.at_rate(rate)
    states = [
        shared[window] if window in shared else embedder.states(_cut(samples, window, rate))
        for window in clip.windows
    ]
    return {"audio_vectors": {field: embedder.pool(np.concatenate(states)).tolist()}}


def _sound_embedder() -> tuple[str, AudioEmbedder]:
    """Of the chosen engines the one that a clip's sound is looked for by, with its field."""
    embedders = registry.audio_embedders()
    field = min(embedders, key=CLIP_ORDER.index)
    return field, embedders[field]


def _has_heard(clip: Clip, embedder: AudioEmbedder) -> bool:
    """Whether what the words left is this embedder's."""
    return bool(clip.states) and embedder.shares_encoder_with(registry.transcriber())


def recording(clip: Clip) -> dict[str, Any]:
    """What tells this very recording from any other."""
    return {"landmarks": clip_landmarks(clip.audio)}


def voice(clip: Clip) -> dict[str, Any]:
    """The vector of who speaks; None where nobody does."""
    embedder = registry.voice_embedder()
    if embedder is None:
        raise EncoderError("Voices are not told apart here: EARMARK_VOICE_EMBEDDER is off.")
    return {"voice_vector": voice_vector(clip.audio, embedder)}


# What each intent needs to know of its clip; without one, whatever the guess may need. Lanes
# run at once, the parts of a lane in turn: Whisper takes all the cores for words or for sound,
# and one pass of its encoder serves both.
LANES: Mapping[str | None, Sequence[Sequence[Part]]] = {
    "words": ((words,),),
    "meaning": ((words,),),
    "sound": ((sound,),),
    "recording": ((recording,),),
    "voice": ((voice,),),
    None: ((words, sound), (recording,)),
}


def hear_clip(clip_id: str, intent: str | None, store: Store, settings: Settings) -> ClipAnswer:
    """Decode the clip kept under ``clips/<clip_id>``, and run the parts that ``intent`` needs.

    A part that fails is named in ``degraded`` and costs only itself. Raises ValueError for an
    intent that is none.
    """
    if intent not in LANES:
        raise ValueError(f"{intent!r} is not what a clip can be for.")
    lanes = LANES[intent]
    answer = ClipAnswer(
        heard=None,
        audio_vectors={},
        voice_vector=None,
        landmarks=None,
        noise=None,
        degraded=[],
        error=None,
    )
    try:
        with store.open(f"clips/{clip_id}") as file:
            content = file.read()
        audio = decode_clip(content, settings.clip_max_s)
    except AudioError as error:
        answer["error"] = str(error)
        return answer
    clip = replace(
        listen_to(audio, sound_wanted=any(sound in lane for lane in lanes)),
        at_rate=lambda rate: lifted(decode_clip(content, settings.clip_max_s, rate), rate),
    )
    # The guess keeps to the audio as it came: words and sound share one pass there.
    clear = intent == "sound" and clip.noise.hides_sound
    if clear:
        clip = clip.denoised()
    answer["noise"] = ClipNoise(
        snr_db=clip.noise.snr_db, denoised=[sound.__name__] if clear else []
    )
    for found, degraded in _run_at_once(lanes, clip):
        answer.update(found)  # type: ignore[typeddict-item]  # each part's own fields
        answer["degraded"] += degraded
    return answer


def _run_at_once(lanes: Sequence[Sequence[Part]], clip: Clip) -> list[Found]:
    """Each lane's answer. The first lane, Whisper's, stays in the thread of the caller.

    Called from a new thread each time, the engine takes many times as long.
    """
    first, *others = lanes
    with ThreadPoolExecutor(max(1, len(others))) as threads:
        running = [threads.submit(_run, lane, clip) for lane in others]
        return [_run(first, clip), *(future.result() for future in running)]


def listen_to(audio: Floats, *, sound_wanted: bool = False) -> Clip:
    """Find the speech in mono 16 kHz samples, and the noise; what is too quiet is lifted."""
    audio = lifted(audio)
    probabilities = speech_probabilities([audio])
    duration_s = len(audio) / SAMPLE_RATE_HZ
    pieces = plan_windows(spans_of(probabilities, duration_s), duration_s)
    windows = [window for piece in pieces for window in piece.windows]
    return Clip(audio, windows, measure(audio, probabilities), sound_wanted)


def _run(lane: Sequence[Part], clip: Clip) -> Found:
    """What a lane's parts found, and why some found nothing."""
    found: dict[str, Any] = {}
    degraded: list[dict[str, str]] = []
    for part in lane:
        try:
            found |= part(clip)
        except EncoderError as error:
            degraded.append({"part": part.__name__, "reason": str(error)})
        except Exception as error:
            logger.exception("a clip's %s could not be heard", part.__name__)
            reason = f"Something unforeseen went wrong ({type(error).__name__})."
            degraded.append({"part": part.__name__, "reason": reason})
    return found, degraded


def _as_json(found: Sequence[Word], languages: list[LanguageSpan]) -> dict[str, Any] | None:
    if not found:
        return None
    return {
        "text": "".join(word.text for word in found).strip(),
        "language": main_language(languages),
        "words": [
            {
                "word": word.text.strip(),
                "start_s": round(word.start_s, 2),
                "end_s": round(word.end_s, 2),
                "probability": round(word.probability, 3),
            }
            for word in found
        ],
    }
