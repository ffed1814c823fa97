"""The embedder of sound by name: music, laughter, rain, a dog, out of AudioSet's classes.

The network is Google's YAMNet: MobileNet (Howard et al., arXiv:1704.04861) trained on AudioSet,
a score for each of 521 classes every 0.48 s. Text finds sound by way of the classes' names: a
bridge over names, and no joint space.
"""

from collections.abc import Callable
from functools import cached_property, lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Any

import numpy as np

from app.encoders.audioset import class_vector, words_of_classes, words_of_no_class
from app.encoders.base import EncoderError, Floats, TextEmbedder, Transcriber, model_of
from app.encoders.check import SAMPLE_RATE_HZ, check_window
from app.encoders.fbank import FFT, SIZE, STEP, mel_triangles
from app.encoders.onnx import open_session
from app.encoders.weights import weights_folder, weights_version

CLASSES = 521

# In likeness. A text whose nearest class is less near, or by so much less near than a word of no
# class, names no sound: so 95 of 100 topics are told apart (by E5, to which they are nearer, 88),
# and 99 of 100 descriptions of sounds are kept.
NEAR = 0.55
LESS_NEAR = {"e5-small": -0.03}
USUALLY_LESS_NEAR = 0.05
SPREAD = 0.1  # of the softmax
MOST_CLASSES = 5

# YAMNet's own front: 64 bands, even on the mel scale, of frames of 25 ms every 10 ms.
_BANDS, _LOWEST_HZ, _HIGHEST_HZ = 64, 125.0, 7500.0
_FLOOR = np.float32(1e-3)
_PATCH_FRAMES, _HOP_FRAMES = 96, 48  # of what the network looks at at once: 0.96 s every 0.48 s
_PATCH = 15_600  # samples that a patch's frames lie in
_SUREST = 60.0  # of a logit; silence goes to 600, above what exp can hold


class SoundClasses:
    """How sure YAMNet is of each class over a stretch."""

    dims = CLASSES + 1
    hears_speech_alone = False
    sample_rate_hz = SAMPLE_RATE_HZ

    def __init__(self, name: str, embedder: Callable[[], TextEmbedder]) -> None:
        self.name = name
        self.version = f"{weights_version(name)}-1"  # the last part: of how they are used
        self._embedder = embedder  # the one that is chosen when text is asked for

    def shares_encoder_with(self, transcriber: Transcriber) -> bool:
        """Never: no transcriber tells a dog from a door."""
        del transcriber
        return False

    def states(self, window: Floats) -> Floats:
        """One row a second, ``(ceil(seconds), 521)``, of at most 30 s of audio.

        A row has each class's highest score, 0 to 1, among the patches whose middle lies in
        that second. Raises EncoderError on a wrong shape or dtype, on NaN, or above 30 s.
        """
        check_window(window)
        asked = self._session
        logits = [asked.run(None, {"audio": one[None, None]})[0][0] for one in _patches(window)]
        scores = 1 / (1 + np.exp(-np.clip(np.stack(logits), -_SUREST, _SUREST)))
        middles = (np.arange(len(scores)) + 1) * _HOP_FRAMES * STEP
        seconds = -(-len(window) // SAMPLE_RATE_HZ)
        second = np.minimum(middles // SAMPLE_RATE_HZ, seconds - 1)
        rows = [scores[second == number] for number in range(seconds)]
        return np.stack([own.max(axis=0) if len(own) else scores[-1] for own in rows])

    def pool(self, states: Floats) -> Floats:
        """The unit vector, ``(522,)``, of rows: of each class the root of its mean score.

        The root keeps what is heard for a moment from being lost in the rest.
        """
        if states.ndim != 2 or not len(states) or states.shape[1] != CLASSES:
            raise EncoderError(f"States must be (seconds, {CLASSES}), not {states.shape}.")
        return class_vector(np.sqrt(states.astype(np.float32).mean(axis=0)))

    def ask(self, text: str) -> Floats | None:
        """The unit vector, ``(522,)``, of the classes that the text names.

        None where it is near none of them. Raises EncoderError where the text embedder does.
        """
        owners, vectors = self._words
        embedder = self._embedder()
        near = np.full(CLASSES + 1, -np.inf, np.float32)
        np.maximum.at(near, owners, embedder.likeness.of(vectors @ embedder.ask(text)))
        best = np.argsort(-near[:CLASSES], kind="stable")[:MOST_CLASSES]
        less_near = LESS_NEAR.get(embedder.name, USUALLY_LESS_NEAR)
        if near[best[0]] < max(NEAR, near[CLASSES] - less_near):
            return None
        wanted = np.zeros(self.dims, np.float32)
        wanted[best] = np.exp((near[best] - near[best[0]]) / SPREAD)
        unit: Floats = wanted / np.linalg.norm(wanted)
        return unit

    @cached_property
    def _words(self) -> tuple[Any, Floats]:
        """Of all words the number of their class (CLASSES: none), and their unit vectors."""
        said = all_words()
        embedder = self._embedder()
        vectors = _kept_vectors(embedder, len(said))
        if vectors is None:
            vectors = np.stack([embedder.ask(word) for word, _ in said])
        return np.array([owner for _, owner in said]), vectors

    @cached_property
    def _session(self) -> Any:
        folder = weights_folder(self.name)
        return open_session(folder / "model.onnx", folder)


def all_words() -> list[tuple[str, int]]:
    """Each way to say a class with the class's number, then those of no class with CLASSES."""
    said = enumerate(words_of_classes().values())
    of_classes = [(word, number) for number, words in said for word in words]
    return of_classes + [(word, CLASSES) for word in words_of_no_class()]


def kept_words(embedder: str) -> str:
    """The name of the file of an embedder's vectors of all words."""
    return f"audioset-{embedder}.npz"


def _kept_vectors(embedder: TextEmbedder, count: int) -> Floats | None:
    """What scripts/build_sound_words.py kept, if it was made by this model; None otherwise.

    To embed that many words takes seconds, for which nobody who searches should wait.
    """
    file = files("app.encoders") / "stats" / kept_words(embedder.name.replace("/", "-"))
    if not file.is_file():
        return None
    with np.load(BytesIO(file.read_bytes())) as stored:
        if str(stored["model"]) != model_of(embedder) or len(stored["vectors"]) != count:
            return None
        rows = stored["vectors"].astype(np.float32)
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _patches(window: Floats) -> Floats:
    """What the network looks at, ``(patches, 96, 64)``; the end is filled up with silence."""
    hop = _HOP_FRAMES * STEP
    count = 1 + max(0, -(-(len(window) - _PATCH) // hop))
    samples = np.pad(window, (0, max(0, _PATCH + (count - 1) * hop - len(window))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, SIZE)[::STEP]
    spectrum = np.abs(np.fft.rfft(frames * _hann(), FFT)).astype(np.float32)
    logs: Floats = np.log(spectrum @ mel_triangles(_BANDS, _LOWEST_HZ, _HIGHEST_HZ) + _FLOOR)
    return np.stack(
        [logs[at : at + _PATCH_FRAMES] for at in range(0, count * _HOP_FRAMES, _HOP_FRAMES)]
    )


@lru_cache(maxsize=1)
def _hann() -> Floats:
    hann: Floats = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(SIZE) / SIZE)).astype(np.float32)
    return hann
