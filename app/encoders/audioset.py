"""AudioSet's classes of sound that YAMNet tells, 521, and other words for them. Loads no model.

A vector of classes has a component for each, and a last one that is always FAINT before the
whole is made one long: it says how loud the classes are against it, so that what is hardly
heard is near nothing.
"""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from app.encoders.base import Floats

FAINT = 0.2
HEARD = 0.3  # the score from which a class is said to be heard
MOST_HEARD = 6
CALLED = 0.25  # of the nearest class's part in a name, from which another's is worth telling

# Where a passage plays and what it is made of is no event that anybody looks for.
_NOT_TOLD = frozenset({
    "Speech", "Narration, monologue",
    "Speech synthesizer", "Conversation", "Mantra", "Musical instrument", "Animal",
    "Silence", "Sound effect", "Inside, small room", "Inside, large room or hall",
    "Inside, public space", "Outside, urban or manmade", "Outside, rural or natural",
    "Environmental noise", "Field recording",
})  # fmt: skip


@lru_cache(maxsize=1)
def words_of_classes() -> dict[str, tuple[str, ...]]:
    """Each class in the order of the components: its name, the name's parts, and other words."""
    classes = _read()["classes"]
    return {name: (name, *_parts(name), *others) for name, others in classes.items()}


@lru_cache(maxsize=1)
def words_of_no_class() -> tuple[str, ...]:
    """What people talk about and cannot be heard: what is nearer to it names no sound."""
    return tuple(_read()["no sound"])


def _read() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        (files("app.encoders") / "audioset.json").read_text("utf-8")
    )
    return content


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The classes in the order of the components."""
    return tuple(words_of_classes())


def _parts(name: str) -> list[str]:
    """ "Baby cry, infant cry" says one thing in two ways."""
    parts = name.split(", ")
    return parts if len(parts) > 1 and "(" not in name else []


def class_vector(scores: Floats) -> Floats:
    """The unit vector, ``(522,)``, of the classes' scores, each 0 to 1, ``(521,)``."""
    vector = np.append(scores, np.float32(FAINT)).astype(np.float32)
    unit: Floats = vector / np.linalg.norm(vector)
    return unit


def scores_in(vector: Floats) -> Floats:
    """The scores that ``class_vector`` made a vector of."""
    scores: Floats = vector[:-1] * np.float32(FAINT) / vector[-1]
    return scores


def called(vector: Floats) -> list[str]:
    """The names of the classes that ``SoundClasses.ask`` made a vector of, the nearest first."""
    nearest = np.argsort(-vector[:-1], kind="stable")[:MOST_HEARD]
    return [names()[i] for i in nearest if vector[i] >= CALLED * vector[nearest[0]]]


def heard_in(vector: Floats) -> list[str]:
    """What is heard by a class vector, the surest first, without speech and where it plays."""
    scores = scores_in(vector)
    loudest = np.argsort(-scores, kind="stable")
    told = [names()[i] for i in loudest if scores[i] >= HEARD and names()[i] not in _NOT_TOLD]
    return told[:MOST_HEARD]
