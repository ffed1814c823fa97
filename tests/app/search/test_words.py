import pytest

from app.search.words import MOST_LETTERS, MOST_WORDS, Words, read


def test_phrases_are_what_stands_in_quotes_of_any_kind() -> None:
    assert read('melting "sea ice" near “the pole”') == Words(
        text="melting sea ice near the pole", loose="melting near", phrases=("sea ice", "the pole")
    )


def test_a_quote_that_never_ends_is_no_phrase() -> None:
    assert read('say "hello') == Words("say hello", "say hello", ())


@pytest.mark.parametrize("q", ["", "?!", '""', '" - "', "\x00", "\ud800", "  \n"])
def test_nothing_but_punctuation_is_no_words(q: str) -> None:
    assert not read(q)


def test_words_are_composed_as_texts_are() -> None:
    assert read("cafe\u0301\x00 au\ud83d lait").text == "café au lait"


def test_a_query_of_any_length_has_a_bounded_number_of_words() -> None:
    assert len(read("word " * 5000).text.split()) == MOST_WORDS
    assert len(read("氷" * 5000).text) == MOST_WORDS
    assert len(read("a" * 50_000).text) == MOST_LETTERS
