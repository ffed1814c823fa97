"""The best passages read closely: scores, what they change, and what is said where they lack."""

from typing import cast

import numpy as np
import pytest

from app.encoders.base import Floats, Tokens
from app.search.hybrid import Searcher
from app.search.query import Query
from app.search.reading import closeness, readings_body
from app.search.result import Hit
from tests.app.search.conftest import Library, axis, between, say


def tokens(*numbers: int) -> Tokens:
    """Token vectors along these of four axes."""
    return (127 * np.eye(4)[list(numbers)]).astype(np.int8)


def question(*numbers: int) -> Floats:
    return np.eye(4, dtype=np.float32)[list(numbers)]


def test_each_word_of_the_question_counts_by_its_nearest_in_the_passage() -> None:
    passages = [tokens(0, 1, 2).tobytes(), tokens(2).tobytes()]
    assert closeness(question(0, 2), passages).tolist() == [1.0, 0.5]
    assert closeness(question(0), []).shape == (0,)


def test_only_segments_with_words_are_asked_for() -> None:
    body = readings_body(["b", "a"])
    wanted = [{"terms": {"id": ["a", "b"]}}, {"exists": {"field": "text"}}]
    assert body["query"] == {"bool": {"filter": wanted}}
    assert (body["size"], body["source"]) == (2, False)


def searched(library: Library, q: str, asked: Floats) -> list[Hit]:
    searcher = Searcher(library.es, library.prefix, library.embed, lambda _: asked)
    return cast(list[Hit], searcher.search(Query(q=q)).hits)


def test_what_reads_as_the_answer_comes_first(library: Library) -> None:
    library.add(
        "e1",
        [say("ice here", 0), say("ice there", 10), say("ice anywhere", 20)],
        readings=[tokens(1), tokens(0), tokens(0, 1)],
    )
    hits = searched(library, "ice", question(0, 1))
    assert hits[0].text == "ice anywhere"
    assert hits[0].legs["reading"].score == pytest.approx(1.0)
    assert hits[0].legs["reading"].contribution > hits[1].legs["reading"].contribution
    assert [hit.legs["reading"].rank for hit in hits] == [1, 2, 3]


def test_a_passage_that_only_means_something_near_is_a_hit_where_it_reads_so(
    library: Library,
) -> None:
    library.vectors["frozen water"] = axis(0)
    faint = between(axis(0), axis(1), 0.3)
    library.add(
        "e1",
        [say("Glaciers.", 0), say("Cheese.", 10)],
        text_vectors=np.stack([faint, faint]),
        readings=[tokens(0, 1), tokens(2)],
    )
    assert [hit.text for hit in searched(library, "frozen water", question(0, 1))] == ["Glaciers."]


def test_segments_of_an_earlier_version_are_found_and_named(library: Library) -> None:
    library.add("e1", [say("ice", 0)], readings=[tokens(0)])
    library.add("e2", [say("ice", 0)])
    searcher = Searcher(library.es, library.prefix, library.embed, lambda _: question(0))
    result = searcher.search(Query(q="ice"))
    assert len(result.hits) == 2
    ((part, reason),) = [(one.part, one.reason) for one in result.degraded]
    assert part == "reading"
    assert reason.startswith("1 of the 2 best")
    assert "earmark reindex" in reason


def test_a_reader_that_is_absent_is_named_and_the_legs_answer(library: Library) -> None:
    def absent(_: str) -> Floats:
        raise RuntimeError("The weights of the reader are not installed.")

    library.add("e1", [say("ice")], readings=[tokens(0)])
    result = Searcher(library.es, library.prefix, library.embed, absent).search(Query(q="ice"))
    assert len(result.hits) == 1
    assert [(one.part, one.reason) for one in result.degraded] == [
        ("reading", "The weights of the reader are not installed.")
    ]
