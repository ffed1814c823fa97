"""Other ways to ask the same: a name, a few keywords, a quoted phrase. Pure, deterministic.

Few people type whole questions. What they type instead is taken from the questions and from
what their answers say, so that each class of query has judgements.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from app.evaluation.folder import Passage, Question

Rarity = Callable[[str], float]

KINDS = ("name", "keywords", "phrase")
MOST_KEYWORDS = 3
PHRASE_WORDS = 3

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
# What a search leaves out because it says how something is asked, not what about.
_EMPTY = frozenset(
    _WORD.findall(
        "a about after all also an and any are as at be been before being between by can could "
        "did do does during each for from get give had has have he her his how i if in into is "
        "it its kind known like made make many may more most much name named not of off on one "
        "or other out over part she some such than that the their them then there these they "
        "this those through to type under up used use was we were what when where which while "
        "who whom whose why will with would you your"
    )
)


def derive(
    questions: Sequence[Question], conditions: Mapping[str, Sequence[Passage]]
) -> list[Question]:
    """What can be made of each question, in order; ids name the question and the kind."""
    heard = _Heard(conditions)
    return [
        replace(question, id=f"{question.id}-{kind}", text=text, kind=kind)
        for question in questions
        if question.kind == "question"
        for kind, text in _made(question, heard)
    ]


class _Heard:
    """What each segment says in each condition, and in how many a word occurs."""

    def __init__(self, conditions: Mapping[str, Sequence[Passage]]) -> None:
        self.said: dict[str, list[str]] = {}
        self._counts: Counter[str] = Counter()
        for passage in (one for passages in conditions.values() for one in passages):
            words = words_of(passage.text)
            self.said.setdefault(passage.id, []).append(f" {' '.join(words)} ")
            self._counts.update(set(words))
        self._all = sum(len(texts) for texts in self.said.values())

    def rarity(self, word: str) -> float:
        """High where few segments have the word; 0 for a word without content."""
        empty = word in _EMPTY or len(word) < 3
        return 0.0 if empty else math.log((1 + self._all) / (1 + self._counts[word]))


def words_of(text: str) -> list[str]:
    """The words in lower case."""
    return [found.group().lower() for found in _WORD.finditer(text)]


def _made(question: Question, heard: _Heard) -> Iterator[tuple[str, str]]:
    made = {
        "name": name(question.text),
        "keywords": keywords(question.text, heard.rarity),
        "phrase": phrase(question.text, heard.said[min(question.judged)], heard.rarity),
    }
    yield from ((kind, text) for kind, text in made.items() if text)


def name(question: str) -> str:
    """The capitalised words inside a question, "" without any: "When did Ada Lovelace die?"."""
    _first, *inside = _WORD.findall(question) or [""]
    return " ".join(word for word in inside if word[0].isupper() and word.lower() not in _EMPTY)


def keywords(question: str, rarity: Rarity) -> str:
    """Its two or three rarest words of content, in their order; "" where it has fewer."""
    words = list(dict.fromkeys(words_of(question)))
    content = sorted((word for word in words if rarity(word) > 0), key=rarity, reverse=True)
    kept = content[:MOST_KEYWORDS]
    return " ".join(word for word in words if word in kept) if len(kept) > 1 else ""


def phrase(question: str, texts: Sequence[str], rarity: Rarity) -> str:
    """In quotes, the three words in a row that every text has and that say most of the question.

    "" where no run that they share has a word of the question's content.
    """
    asked = {word: rarity(word) for word in words_of(question)}
    runs = [run for run in _runs(texts[0].split()) if all(f" {run} " in text for text in texts)]

    def worth(run: str) -> float:
        return sum(asked.get(word, 0.0) for word in set(run.split()))

    best = max(runs, key=worth, default="")
    return f'"{best}"' if best and worth(best) > 0 else ""


def _runs(words: Sequence[str]) -> list[str]:
    count = len(words) - PHRASE_WORDS + 1
    return [" ".join(words[at : at + PHRASE_WORDS]) for at in range(count)]
