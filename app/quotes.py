"""Links to a moment carry its first words, so that the moment is found again.

A publisher who puts other advertisements into an episode shifts all that follows, and a
transcript that is made anew has other times and may have other words.
"""

import re
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlencode

from app.domain import Word

WORDS = 6  # of a quote: enough to be alone within a quarter of an hour
AROUND_S = 900.0  # how far advertisements may have shifted a moment
SAME_S = 2.0  # a moment that is so near has not moved

_ENOUGH = 0.6  # of the quote's words, in their order: the rest may be heard otherwise
_MOST_CHARS = 120  # where a language has no spaces, the rest of a line is one word


def link(episode_id: str, at_s: float, following: str = "") -> str:
    """The address of a moment; ``following`` is what is said from there on."""
    quote = " ".join(following.split()[:WORDS])[:_MOST_CHARS]
    query = {"t": f"{round(at_s, 3):.10g}"} | ({"text": quote} if quote else {})
    return f"/episodes/{episode_id}?{urlencode(query)}"


def find(quote: str, words: Sequence[Word], near_s: float) -> float | None:
    """When the quoted words are said, as near to a second as can be; None where nobody says them.

    ``words`` are in the order of time.
    """
    said = [
        (token, word.start_s)
        for word in words
        if abs(word.start_s - near_s) <= AROUND_S
        for token in _tokens(word.text)
    ]
    wanted = _tokens(quote)
    places: dict[str, list[int]] = {token: [] for token in wanted}
    for place, (token, _) in enumerate(said):
        if token in places:
            places[token].append(place)
    # Each word of the quote speaks for the place at which a quote with it would begin.
    votes = Counter(
        place - offset for offset, token in enumerate(wanted) for place in places[token]
    )
    enough = [place for place, n in votes.items() if n >= _ENOUGH * len(wanted) and place >= 0]
    if not enough:
        return None

    def merit(place: int) -> tuple[bool, int, float]:
        away_s = abs(said[place][1] - near_s)
        return away_s <= SAME_S, votes[place], -away_s

    return said[max(enough, key=merit)][1]


def _tokens(text: str) -> list[str]:
    """Words without their punctuation; each letter alone where a language has no spaces."""
    return re.findall(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_]+", text.casefold().replace("’", "'"))
