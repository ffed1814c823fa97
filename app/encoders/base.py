"""The seams between Earmark and its models.

Audio is mono float32 at 16 kHz unless an engine says otherwise, shape ``(samples,)``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain import Word

Floats = NDArray[np.float32]
GET_TORCH = "in Earmark's checkout: pip install '.[torch]'"
Tokens = NDArray[np.int8]  # a unit vector a row, times 127


class EncoderError(Exception):
    """A model that is missing or broken, or input it cannot take; says what to do."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a transcriber made of one window.

    ``states`` is the encoder's output pooled to one row a second, ``(ceil(seconds), dims)``,
    or None where the engine does not give it. Word times count from the window's start.
    """

    words: Sequence[Word]
    language: str | None
    language_probability: float
    states: Floats | None


class Transcriber(Protocol):
    """Speech to words."""

    name: str  # engine and weights, as the setting names them
    version: str

    def transcribe(
        self,
        window: Floats,
        *,
        language: str | None = None,
        likely: str | None = None,
        brief: bool = False,
        states: bool = True,
        hotwords: Sequence[str] = (),
    ) -> Heard:
        """The words of at most 30 s of audio; detects the language where none is given.

        ``likely`` is the language to assume where detection is unsure, as it is over a
        few seconds: what was heard before, or what the feed claims. ``brief`` says that
        somebody waits: an engine that has a faster way, as good for a short window, takes
        it. Without ``states`` none are asked for, which may be faster still. ``hotwords`` are
        names that may be said, spelled as they should be written; the first ones count most
        where the engine has no room for all.

        Raises EncoderError on a wrong shape or dtype, on NaN, or above 30 s.
        """


class Likeness(NamedTuple):
    """What a text embedder's cosines mean: models differ in how near they put what is unlike.

    A likeness is 0 where texts have nothing to do with each other, as ``unlike``, and 1 where
    the model finds them ``alike``; what a likeness is worth then holds for every model.
    """

    unlike: float = 0.0
    alike: float = 1.0

    def of(self, cosine: Any) -> Any:
        """The likeness of a cosine, or of an array of them."""
        return (cosine - self.unlike) / (self.alike - self.unlike)

    def cosine(self, likeness: float) -> float:
        """The cosine that has this likeness."""
        return self.unlike + likeness * (self.alike - self.unlike)


class TextEmbedder(Protocol):
    """Text to unit vectors."""

    name: str
    version: str

    @property
    def likeness(self) -> Likeness:
        """What the cosines of its vectors mean."""

    @property
    def dims(self) -> int:
        """The length of its vectors."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """Unit vectors of passages, ``(len(texts), dims)``."""

    def ask(self, question: str) -> Floats:
        """The unit vector of a question, ``(dims,)``, to be compared with passages."""


class Reader(Protocol):
    """Text to one unit vector a token, for questions to be compared with word by word."""

    name: str
    version: str
    dims: int

    def read(self, texts: Sequence[str]) -> list[Tokens]:
        """Of each passage its tokens' unit vectors times 127, ``(tokens, dims)``."""

    def ask(self, question: str) -> Floats:
        """The unit vectors of a question's tokens, ``(tokens, dims)``."""


class AudioEmbedder(Protocol):
    """Sound to unit vectors, by way of states that are kept."""

    name: str
    version: str

    @property
    def sample_rate_hz(self) -> int:
        """Of the audio that ``states`` takes."""

    @property
    def dims(self) -> int:
        """The length of its vectors."""

    @property
    def hears_speech_alone(self) -> bool:
        """Whether sound without speech means nothing to it, so that its rows are NaN there."""

    def shares_encoder_with(self, transcriber: Transcriber) -> bool:
        """Whether the transcriber's states are this embedder's own."""

    def states(self, window: Floats) -> Floats:
        """One row a second, of a width of the engine's own, of at most 30 s of audio."""

    def pool(self, states: Floats) -> Floats:
        """The unit vector, ``(dims,)``, of a stretch's rows (at least one); NaN if they all are."""


class SoundFinder(Protocol):
    """An audio embedder that finds sound by what it is called."""

    def ask(self, text: str) -> Floats | None:
        """The unit vector, ``(dims,)``, that finds in its field what the text names.

        None where nothing that the engine knows is near it.
        """


def model_of(engine: TextEmbedder | AudioEmbedder | Reader) -> str:
    """What kept vectors and states are marked with: they never meet those of another model."""
    return f"{engine.name}@{engine.version}"
