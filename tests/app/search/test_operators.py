"""What a person can type, against a real Elasticsearch."""

from typing import Any, cast

import numpy as np
import pytest

from app.search.query import Query
from app.search.result import Hit, Result
from tests.app.search.conftest import Library, axis, say


def search(library: Library, q: str, **arguments: Any) -> Result:
    result = library.searcher.search(Query(q=q, **arguments))
    assert result.degraded == []
    return result


def texts(library: Library, q: str, **arguments: Any) -> list[str]:
    return [hit.text for hit in cast(list[Hit], search(library, q, **arguments).hits)]


def marked(library: Library, q: str) -> list[list[str]]:
    hits = cast(list[Hit], search(library, q).hits)
    return [[hit.text[start:end] for start, end in hit.highlights] for hit in hits]


def test_what_is_excluded_is_found_by_no_leg(library: Library) -> None:
    library.vectors["ice"] = axis(0)
    same = np.stack([axis(0)] * 3)
    sounds = np.stack([axis(0, 512)] * 3)
    library.add(
        "e1",
        [say("Ice and snow."), say("Ice of the deep sea.", 10), say("Ice of the sea, deep.", 20)],
        text_vectors=same,
        audio_vectors=sounds,
    )
    library.add("e2", [say("Ice once more.")], title="The trailer")
    clip = {"audio_whisper": axis(0, 512).tolist()}
    assert len(texts(library, "ice")) == 4
    assert texts(library, "ice -trailer -snow", audio_vectors=clip) == texts(
        library, "ice -trail* -snow", audio_vectors=clip
    )
    assert sorted(texts(library, "ice -trailer -snow")) == [
        "Ice of the deep sea.",
        "Ice of the sea, deep.",
    ]
    assert texts(library, 'ice -"deep sea" -snow -trailer') == ["Ice of the sea, deep."]
    for leg in ("meaning", "sound"):
        weights = {other: 0.0 for other in ("keyword", "meaning", "sound") if other != leg}
        found = texts(library, "ice -snow -trailer", audio_vectors=clip, weights=weights)
        assert len(found) == 2, leg
    assert texts(library, "-snow") == []
    assert marked(library, "snow -deep -trailer") == [["snow"]]


def test_one_of_the_alternatives_is_said(library: Library) -> None:
    library.vectors["melting ice snow"] = axis(0)
    library.add(
        "e1",
        [say("It was snowing."), say("Melting ice.", 10), say("Melting rock.", 20)],
        text_vectors=np.stack([axis(0)] * 3),
    )
    assert texts(library, "melting ice OR snow") == ["Melting ice.", "It was snowing."]
    assert marked(library, "melting ice OR snow") == [["Melting", "ice"], ["snowing"]]
    assert texts(library, '"was snowing" OR "melting rock"') == [
        "Melting rock.",
        "It was snowing.",
    ] or (texts(library, '"was snowing" OR "melting rock"') == ["It was snowing.", "Melting rock."])
    assert marked(library, '"melting rock" OR glacier') == [["Melting rock"]]
    assert texts(library, "the OR rock") == ["Melting rock."]


def test_a_beginning_finds_every_word_that_begins_so(library: Library) -> None:
    library.add(
        "e1",
        [say("Solar panels."), say("The solarium is hot.", 10), say("Sold out.", 20)],
    )
    library.add("e2", [say("A co-operative farm."), say("Cooking.", 10)])
    assert sorted(texts(library, "Solar*")) == ["Solar panels.", "The solarium is hot."]
    assert marked(library, "solarium*") == [["solarium"]]
    assert marked(library, "co-op*") == [["co-operative"]]
    assert texts(library, "solar* hot")[0] == "The solarium is hot."
    assert sorted(texts(library, "sol* -solar*")) == ["Sold out."]


def test_a_show_is_named_by_the_words_of_its_title(library: Library) -> None:
    library.vectors["ice"] = axis(0)
    for name, title in (("a", "The Ice Hour"), ("b", "Science Hour"), ("c", "Daily Science")):
        library.add(
            f"e-{name}",
            [say(f"Ice in {name}.")],
            feed=name,
            show_title=title,
            text_vectors=np.stack([axis(0)]),
        )
    assert sorted(texts(library, "ice show:science")) == ["Ice in b.", "Ice in c."]
    assert texts(library, 'ice show:"hour science"') == ["Ice in b."]
    assert texts(library, "ice show:science", show=("a", "b")) == ["Ice in b."]
    assert sorted(texts(library, "ice show:daily show:ice")) == ["Ice in a.", "Ice in c."]
    assert texts(library, "ice -show:hour") == ["Ice in c."]
    assert texts(library, "ice show:nobody") == []
    assert texts(library, "ice show:science", weights={"keyword": 0.0}, show=("b",)) == [
        "Ice in b."
    ]


def test_a_number_is_found_and_marked_as_it_was_said(library: Library) -> None:
    library.add("e1", [say("Super bowl fifty."), say("In twenty sixteen.", 10), say("Bowls.", 20)])
    assert texts(library, "super bowl 50")[0] == "Super bowl fifty."
    assert marked(library, "2016") == [["twenty sixteen"]]
    assert texts(library, "why is it that 50") == ["Super bowl fifty."]


def test_words_near_each_other_come_first(library: Library) -> None:
    library.add("e1", [say("Red wine, white house."), say("House red, wine white.", 10)])
    assert texts(library, "the white house") == ["Red wine, white house.", "House red, wine white."]


def test_operators_compose(library: Library) -> None:
    for name, title in (("a", "Science"), ("b", "Sports")):
        library.add(
            f"e-{name}",
            [
                say(f"The climate and solarium of {name}."),
                say("The climate of a trailer.", 10),
                say("Nothing of it, but solar.", 20),
            ],
            feed=name,
            show_title=title,
        )
    q = '"climate" sound:applause show:science -trailer solar*'
    result = library.searcher.search(Query(q=q))
    (hit,) = cast(list[Hit], result.hits)
    assert hit.text == "The climate and solarium of a."
    assert [hit.text[start:end] for start, end in hit.highlights] == ["climate", "solarium"]
    ((part, reason),) = [(one.part, one.reason) for one in result.degraded]
    assert part == "sound"
    assert "finds a sound by its name" in reason


def test_a_phrase_that_nobody_says_is_not_required(library: Library) -> None:
    library.vectors["sea ice melts"] = axis(0)
    library.add(
        "e1",
        [say("The ice on the sea melts."), say("Cheese melts.", 10), say("Frozen water.", 20)],
        text_vectors=np.stack([axis(1), axis(2), axis(0)]),
    )
    library.add("e2", [say("The sea ice.", language="de")], language="de")
    assert search(library, '"sea ice" melts').relaxed == []
    assert texts(library, '"sea ice" melts') == ["The sea ice."]
    relaxed = search(library, '"sea ice" melts', language="en")
    assert relaxed.relaxed == ["sea ice"]
    assert [hit.text for hit in cast(list[Hit], relaxed.hits)] == texts(library, "sea ice melts")[
        : len(relaxed.hits)
    ] or len(relaxed.hits) == 3
    assert {hit.text for hit in cast(list[Hit], relaxed.hits)} == {
        "The ice on the sea melts.", "Cheese melts.", "Frozen water.",
    }  # fmt: skip
    assert search(library, '"no such" -"cheese melts"').relaxed == ["no such"]
    assert search(library, "glacier OR iceberg melts").relaxed == ["glacier OR iceberg"]
    assert search(library, '"frozen water" "no such"').relaxed == ["no such"]
    assert texts(library, '"frozen water" "no such" melts') == ["Frozen water."]
    assert search(library, '"no such" OR "nor this"').relaxed == ['"no such" OR "nor this"']


def test_phrases_that_nobody_says_together_find_either(library: Library) -> None:
    library.add(
        "e1",
        [say("The sea ice."), say("Frozen water.", 10), say("Ice of the sea, water.", 20)],
    )
    result = search(library, '"sea ice" "frozen water"')
    assert result.relaxed == ["sea ice", "frozen water"]
    assert {hit.text for hit in cast(list[Hit], result.hits)} == {"The sea ice.", "Frozen water."}
    assert result.total.value == 2
    three = search(library, '"sea ice" "frozen water" "no such"')
    assert three.relaxed == ["no such", "sea ice", "frozen water"]
    assert len(three.hits) == 2


def test_a_quoted_hit_outranks_every_other(library: Library) -> None:
    library.vectors["the sea ice"] = axis(0)
    library.add(
        "e1",
        [say("Ice! The sea, the ice, the sea."), say("Said once: sea ice, in a long passage.", 10)],
        text_vectors=np.stack([axis(0), axis(1)]),
    )
    assert texts(library, 'the "sea ice"') == ["Said once: sea ice, in a long passage."]


def test_pages_of_a_relaxed_search_hold_every_hit_once(library: Library) -> None:
    library.add("e1", [say(f"ice {n}", 10.0 * n) for n in range(5)])
    seen: list[str] = []
    cursor = None
    while True:
        result = search(library, '"no such" ice', size=2, cursor=cursor)
        assert result.relaxed == ["no such"]
        seen += [hit.text for hit in cast(list[Hit], result.hits)]
        cursor = result.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == [f"ice {n}" for n in range(5)]


@pytest.mark.parametrize(
    "q",
    [
        '"' * 2000, '"a" ' * 500, "ice -" + "a -" * 600, "a OR " * 400, "a* " * 600, "aa* " * 600,
        '-"aa bb" ' * 200, "show:ice " * 200, "sound:ice " * 200, "🎉 OR " * 400, '"++" ice',
        '-"++" ice', "🎉* ice", "氷河* ice", "show:?! ice", '"\u0301" ice', "aa*bb*", "OR OR OR",
        "\\* OR \\*", "co-op* OR 氷* OR 5*",
    ],
)  # fmt: skip
def test_operators_of_any_number_break_nothing(library: Library, q: str) -> None:
    library.add("e1", [say("ice")])
    degraded = library.searcher.search(Query(q=q)).degraded
    assert {one.part for one in degraded} <= ({"sound"} if "sound:" in q else set())
