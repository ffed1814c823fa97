"""The legs' default weights: learned for each class of typed query, set for each use of a clip."""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

Weights = Mapping[str, float]

LEGS = ("keyword", "sounds_like", "meaning", "reading", "sound", "recording", "voice")

# Beside the words of a clip. How it sounds says less than what is said; the very same recording
# says all.
_OTHERS: Weights = {"sound": 0.4, "recording": 3.0, "voice": 0.4}

# What a clip is for. Words that were meant are heard; their meaning only breaks ties.
INTENTS: Mapping[str, Weights] = {
    "words": {"keyword": 1.0, "sounds_like": 1.0, "meaning": 0.2, "reading": 0.6},
    "meaning": {},  # as a typed query of its class
    "sound": {"sound": 1.0},
    "recording": {"recording": 1.0},
    "voice": {"voice": 1.0},
}


@lru_cache(maxsize=1)
def learned() -> Mapping[str, Weights]:
    """By class of query, what scripts/learn_weights.py found; each class sums to 1."""
    text = resources.files("app.search").joinpath("weights.json").read_text("utf-8")
    classes = json.loads(text)["classes"]
    return {kind: _shares(found["weights"]) for kind, found in classes.items()}


def _shares(weights: Weights) -> Weights:
    total = sum(weights.values())
    return {leg: weight / total for leg, weight in weights.items()}


def defaults(kind: str, intent: str | None = None) -> Weights:
    """Every leg's weight for a class of query and, where a clip is asked, what it is for."""
    weights = dict.fromkeys(LEGS, 0.0)
    if intent is None:
        return {**weights, **_OTHERS, **learned()[kind]}
    if intent == "meaning":
        return {**weights, **learned()[kind]}
    return {**weights, **_shares(INTENTS[intent])}
