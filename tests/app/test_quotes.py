"""A link to a moment finds its words again."""

import pytest

from app import quotes
from app.domain import Word

SAID = (
    "welcome to the show today we talk about snow and why a city is quiet after it has fallen "
    "and now a word from our sponsor who sells boots and now back to snow and why a city is quiet"
)


def words(text: str, after_s: float = 0.0) -> list[Word]:
    """A word a second."""
    return [Word(f" {word}", after_s + n, after_s + n + 0.8) for n, word in enumerate(text.split())]


def test_a_link_carries_the_first_words_of_what_follows() -> None:
    link = quotes.link("e1", 30.5, " Why a city, after snow, is so very quiet")
    assert link == "/episodes/e1?t=30.5&text=Why+a+city%2C+after+snow%2C+is"
    assert quotes.link("e1", 10_800.25) == "/episodes/e1?t=10800.25"
    assert quotes.link("e1", 0) == "/episodes/e1?t=0"


def test_words_that_were_shifted_are_found_at_their_new_time() -> None:
    assert quotes.find("Talk about snow", words(SAID, 100), 6.0) == 106.0


def test_words_that_were_heard_otherwise_are_found_by_the_rest() -> None:
    assert quotes.find("Today, we taught about snow, and", words(SAID, 40), 4.0) == 44.0


def test_of_two_places_the_nearer_counts() -> None:
    assert quotes.find("and why a city is quiet", words(SAID), 9.0) == 9.0
    assert quotes.find("and why a city is quiet", words(SAID), 35.0) == 34.0


def test_a_language_without_spaces_is_found_too() -> None:
    said = [Word("雪が", 50.0, 51.0), Word("降ると", 51.0, 52.0), Word("町は", 52.0, 53.0)]
    assert quotes.find("雪が降ると町", said, 10.0) == 50.0


@pytest.mark.parametrize(
    ("quote", "near_s"),
    [
        ("nobody ever said these words", 5.0),
        ("", 5.0),
        ("talk about snow", 5.0 + quotes.AROUND_S * 2),
    ],
)
def test_what_nobody_says_there_is_not_found(quote: str, near_s: float) -> None:
    assert quotes.find(quote, words(SAID), near_s) is None
