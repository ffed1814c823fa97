"""Lays an episode out in time: when each sentence, sound and chapter starts and ends."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from scripts.demo.script import Cue, Heading, Item, Sentence

SENTENCE_GAP_S = 0.28  # between sentences of one turn
TURN_GAP_S = 0.55  # between turns, and either side of a sound
LEAD_S = 0.25  # before the first thing
TAIL_S = 0.6  # after the last


@dataclass(frozen=True)
class Placed:
    """An item at its place; a chapter's end is its start until the next is known."""

    start_s: float
    end_s: float
    item: Item


@dataclass(frozen=True)
class Timeline:
    """A whole episode."""

    placed: tuple[Placed, ...]
    duration_s: float

    def of(self, kind: type) -> list[Placed]:
        """The placed items of one kind, in order."""
        return [place for place in self.placed if isinstance(place.item, kind)]


def gap_s(before: Item | None, after: Item) -> float:
    """The silence between two neighbours, in seconds."""
    if before is None:
        return LEAD_S
    if isinstance(before, Sentence) and isinstance(after, Sentence) and before.turn == after.turn:
        return SENTENCE_GAP_S
    return TURN_GAP_S


def lay_out(items: Sequence[Item], sentence_durations_s: Sequence[float]) -> Timeline:
    """Places items one after another; the durations are those of the sentences, in order."""
    durations = iter(sentence_durations_s)
    placed: list[Placed] = []
    clock_s, before, headings = 0.0, None, []
    for item in items:
        if isinstance(item, Heading):
            headings.append(item)
            continue
        start_s = round(clock_s + gap_s(before, item), 3)
        placed += [Placed(start_s if before else 0.0, start_s, heading) for heading in headings]
        headings = []
        length_s = item.duration_s if isinstance(item, Cue) else next(durations)
        clock_s, before = round(start_s + length_s, 3), item
        placed.append(Placed(start_s, clock_s, item))
    return Timeline(tuple(placed), round(clock_s + TAIL_S, 3))


def truth(timeline: Timeline, voices: dict[str, str]) -> dict[str, object]:
    """What is heard when, for tests: sentences with speaker and voice, sounds, chapters."""
    return {
        "duration_s": timeline.duration_s,
        "sentences": [_times(place) | _said(place.item, voices) for place in timeline.of(Sentence)],
        "sounds": [_times(place) | {"sound": place.item.sound} for place in timeline.of(Cue)],
        "chapters": [
            {"start_s": place.start_s, "title": place.item.title} for place in timeline.of(Heading)
        ],
    }


def _times(place: Placed) -> dict[str, float]:
    return {"start_s": place.start_s, "end_s": place.end_s}


def _said(sentence: Sentence, voices: dict[str, str]) -> dict[str, object]:
    return asdict(sentence) | {"voice": voices[sentence.speaker]}
