import random
import string

import pytest

from app.search.words import MOST_LETTERS, MOST_WORDS, Term, Words, read


def word(text: str) -> Term:
    return Term(text, "word")


def phrase(text: str) -> Term:
    return Term(text, "phrase")


def prefix(text: str) -> Term:
    return Term(text, "prefix")


def plain(text: str) -> Words:
    return Words(text, text)


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        (
            'melting "sea ice" near “the pole”',
            Words("melting sea ice near the pole", "melting near", ("sea ice", "the pole")),
        ),
        ('say"hello"', Words("say hello", "say", ("hello",))),
        ("ice -snow", Words("ice", "ice", excluded=(word("snow"),))),
        ('ice -"deep sea"', Words("ice", "ice", excluded=(phrase("deep sea"),))),
        ("ice -trail* -co-op", Words("ice", "ice", excluded=(prefix("trail"), word("co-op")))),
        ("ice -show:daily", Words("ice", "ice", excluded=(Term("daily", "show"),))),
        (
            'melting ice OR snow OR "deep sea" OR glac* fast',
            Words(
                "melting ice snow deep sea glac fast",
                "melting fast",
                alternatives=((word("ice"), word("snow"), phrase("deep sea"), prefix("glac")),),
            ),
        ),
        (
            "a OR b c OR d",
            Words(
                "a b c d",
                "",
                alternatives=((word("a"), word("b")), (word("c"), word("d"))),
            ),
        ),
        ("(ice OR snow)", Words("(ice snow)", "", alternatives=((word("ice"), word("snow")),))),
        ("solar* wind", Words("solar wind", "wind", prefixes=("solar",))),
        ("(co-op*, wind", Words("co-op wind", "wind", prefixes=("co-op",))),
        ("ice show:science", Words("ice", "ice", shows=("science",))),
        ("ice Show:“The Ice”", Words("ice", "ice", shows=("The Ice",))),
        ("sound:applause", Words("", "", sounds=("applause",))),
        ("sound:applause, ice", Words("ice", "ice", sounds=("applause",))),
        ("sound:rain OR sound:wind", Words("", "", sounds=("rain", "wind"))),
        ("show:a OR ice", Words("ice", "ice", shows=("a",))),
        (
            '"climate" sound:applause show:science -trailer solar*',
            Words(
                text="climate solar",
                loose="",
                phrases=("climate",),
                excluded=(word("trailer"),),
                prefixes=("solar",),
                sounds=("applause",),
                shows=("science",),
            ),
        ),
        ('sound:"rain on a roof"', Words("", "", sounds=("rain on a roof",))),
    ],
)
def test_what_is_typed_is_read(q: str, expected: Words) -> None:
    assert read(q) == expected


@pytest.mark.parametrize(
    "q",
    [
        "co-op", "a - b", "a -- b", "--help", "C++", "10:30", "foo:bar", "https://example.org/a-b?c=d",
        "a or b", "OR", "a OR", "OR b", "a OR OR b", "f**k", "a*", "* ice *", "**bold**", "show:",
        "show: ice", "sound: ice", "no-show:ice", "ice!", "-?!", "x=-1",
    ],
)  # fmt: skip
def test_what_only_looks_like_an_operator_is_words(q: str) -> None:
    words = read(f"ice {q} ice")
    if "OR" in q.split():
        words = read(q)
        assert words == plain(q)
    else:
        assert words == plain(f"ice {q} ice")


def test_a_quote_that_never_ends_is_no_phrase() -> None:
    assert read('say "hello') == plain("say hello")
    assert read('show:"two words') == plain("show: two words")


@pytest.mark.parametrize("q", ["", "?!", '""', '" - "', "\x00", "\ud800", "  \n", '-"" show:""'])
def test_nothing_but_punctuation_is_no_words(q: str) -> None:
    assert not read(q)


def test_words_are_composed_as_texts_are() -> None:
    assert read("cafe\u0301\x00 au\ud83d lait").text == "café au lait"
    assert read("-cafe\u0301 show:cafe\u0301") == Words(
        "", "", excluded=(word("café"),), shows=("café",)
    )


def test_a_query_of_any_length_has_a_bounded_number_of_words() -> None:
    assert len(read("word " * 5000).text.split()) == MOST_WORDS
    assert len(read("氷" * 5000).text) == MOST_WORDS
    assert len(read("🎉" * 5000).text) == MOST_WORDS
    assert len(read("a" * 50_000).text) == MOST_LETTERS
    assert len(read("-word " * 5000).excluded) == MOST_WORDS
    assert len(read("word OR " * 5000).alternatives[0]) <= MOST_WORDS
    assert len(read('"a" ' * 5000).phrases) == MOST_WORDS


def test_what_is_no_longer_required_is_looked_for_like_other_words() -> None:
    words = read('ice "deep sea" snow OR glac*')
    deep, other = words.required
    assert (deep, other) == ((phrase("deep sea"),), (word("snow"), prefix("glac")))
    assert words.requiring([other]).loose == "ice deep sea"
    assert words.requiring([other]).required == (other,)
    none = words.requiring([])
    assert (none.loose, none.prefixes, none.required) == ("ice deep sea snow", ("glac",), ())
    either = words.requiring([(*deep, *other)])
    assert (either.loose, either.required) == ("ice", ((*deep, *other),))


def test_whatever_is_typed_is_read_within_the_limits() -> None:
    pieces = [
        '"', "“", "-", "OR", " ", " ", "show:", "sound:", "*", ":", "(", ")", "ice", "氷", "🎉",
        "\u0301", "\ud800", "\x00", "\\", "é", "10:30", "' OR 1=1", *string.punctuation,
    ]  # fmt: skip
    chance = random.Random(4)
    for _ in range(3000):
        q = "".join(chance.choices(pieces, k=chance.randrange(60)))
        words = read(q)
        terms = [term for group in (*words.required, words.excluded) for term in group]
        every = [*words.prefixes, *words.sounds, *words.shows, *(term.text for term in terms)]
        assert all(text and text == text.strip() for text in every), q
        assert len(every) <= MOST_WORDS, q
        assert all(text in words.text for group in words.required for text in [group[0].text]), q
