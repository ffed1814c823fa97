"""Terms of how words sound: what was misheard shares them, what is something else does not."""

from typing import cast

import pytest

from app.search.query import Query
from app.search.result import Hit
from app.search.sounds_like import MOST_TERMS, of_query, of_text
from tests.app.search.conftest import Library, say


def test_terms_are_letters_within_words_and_sounds_across_them() -> None:
    assert of_text("Cold ices!").split() == [
        "_cold", "cold_", "_ices", "ices_", "+KLTA", "+LTAS", "+TASS",
    ]  # fmt: skip
    assert of_text("the 50").split()[:4] == ["_fift", "fifty", "ifty_", "+FFT"]
    assert of_text("Cafés, ЛЁД").split() == ["_cafe", "cafes", "afes_", "_лед_", "+KFS"]
    assert of_text("?!") == ""


def test_a_query_has_each_term_once_and_a_bounded_number() -> None:
    every, sounds = of_query("Who says the cube the cube control?")
    assert every.split().count("_cube") == 1
    assert set(sounds.split()) < set(every.split())
    assert all(term.startswith("+") for term in sounds.split())
    many, _ = of_query(" ".join(f"word{n}s" for n in range(1000)))
    assert len(many.split()) == MOST_TERMS


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        ("kubectl", "then I ran cube cuttle on the cluster"),
        ("Eisbaden", "we went ice baden in the lake"),
        ("Tchaikovsky", "the concert of chai koff ski began"),
        ("Philip Wesley", "our guest is filip wessly from Leeds"),
    ],
)
def test_a_name_is_found_though_it_was_misheard(library: Library, asked: str, heard: str) -> None:
    library.add("e1", [say(heard), say("A talk about cheese and its making.", 60)])
    (hit,) = cast(list[Hit], library.searcher.search(Query(q=asked)).hits)
    assert hit.text == heard
    assert "sounds_like" in hit.legs
    assert "keyword" not in hit.legs


def test_what_is_required_is_required_of_sounds_too(library: Library) -> None:
    library.add("e1", [say("ice baden in winter"), say("ice baden in summer", 60)])
    hits = cast(list[Hit], library.searcher.search(Query(q='Eisbaden "in winter"')).hits)
    assert [hit.text for hit in hits] == ["ice baden in winter"]
    hits = cast(list[Hit], library.searcher.search(Query(q="Eisbaden -winter")).hits)
    assert [hit.text for hit in hits] == ["ice baden in summer"]
