"""What values look like to a person."""

from app.domain import Segment, Word
from app.web import present
from app.web.models import Hit


def test_each_turn_is_a_line_of_its_own() -> None:
    said = [(" It", 27.0, "Nadia"), (" cracks!", 27.4, "Nadia"), (" It sings.", 29.0, "Henrik")]
    words = [Word(text, start, start + 0.4, speaker=speaker) for text, start, speaker in said]
    lines = present.lines([Segment(26.8, 31.0, words, "en"), Segment(31.0, 36.0)])
    assert lines == [
        present.Line(26.8, 29.0, "It cracks!", "en", "Nadia"),
        present.Line(29.0, 31.0, "It sings.", "en", "Henrik"),
        present.Line(31.0, 36.0, "", None),
    ]


def hit(text: str, *highlights: tuple[int, int]) -> Hit:
    return Hit.model_construct(text=text, highlights=list(highlights))


def test_a_title_that_matched_is_not_called_words() -> None:
    assert present.reason("keyword", hit("snow falls", (0, 4))) == "same words"
    assert present.reason("keyword", hit("it falls")) == "title or chapter"
    assert present.reason("meaning", hit("it falls")) == "similar meaning"


def test_a_cut_text_never_leaves_its_dots_alone_on_a_line() -> None:
    assert str(present.snippet(hit("snow " * 100, (0, 4)))).endswith("snow\N{NO-BREAK SPACE}…")


def test_what_was_relaxed_is_told_in_one_sentence() -> None:
    assert present.relaxed(["sea ice"]) == (
        "No one says exactly “sea ice”; showing what comes closest."
    )
    assert present.relaxed(["a", "b OR c", "d"]) == (
        "No one says “a”, “b OR c” and “d” together; showing what comes closest."
    )
