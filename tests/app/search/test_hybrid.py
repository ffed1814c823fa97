from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import numpy as np
import pytest

from app.domain import EpisodeStatus, Segment, Word
from app.encoders.base import Likeness
from app.search.cursors import CursorError
from app.search.hybrid import Searcher, SearchUnavailable
from app.search.index import ModelMismatch
from app.search.query import Query, QueryError
from app.search.result import Group, Hit
from tests.app.search.conftest import Library, axis, between, say

WORDS_ALONE = {"sounds_like": 0.0, "meaning": 0.0}


def texts(library: Library, q: str, **arguments: Any) -> list[str]:
    result = library.searcher.search(Query(q=q, **arguments))
    assert result.degraded == []
    return [hit.text for hit in cast(list[Hit], result.hits)]


def only(library: Library, q: str, **arguments: Any) -> Hit:
    (hit,) = library.searcher.search(Query(q=q, **arguments)).hits
    return cast(Hit, hit)


def marked(hit: Hit) -> list[str]:
    return [hit.text[start:end] for start, end in hit.highlights]


def test_a_hit_says_everything_that_the_contract_promises(library: Library) -> None:
    library.add(
        "e1",
        [say("Welcome back to the show.", 0.0), say("The glaciers were melting fast.", 30.0)],
        title="Deep ice",
        show_title="The Ice Show",
        duration_s=95.5,
        audio_url="http://127.0.0.1/e1.mp3",
    )
    result = library.searcher.search(Query(q="glacier melts")).as_json()
    (hit,) = result.pop("hits")
    legs = hit.pop("legs")
    segment_id = hit.pop("id")
    assert len(segment_id) == 16
    assert hit == {
        "start_s": 30.0,
        "end_s": 32.4,
        "at_s": 30.5,
        "text": "The glaciers were melting fast.",
        "highlights": [(4, 12), (18, 25)],
        "score": pytest.approx(
            legs["keyword"]["contribution"] + legs["sounds_like"]["contribution"]
        ),
        "sounds": [],
        "episode": {
            "id": "e1",
            "title": "Deep ice",
            "published": "2024-05-01T00:00:00Z",
            "duration_s": 95.5,
            "audio_url": "http://127.0.0.1/e1.mp3",
        },
        "feed": {"id": "show", "title": "The Ice Show"},
        "url": "/episodes/e1?t=30.5&text=glaciers+were+melting+fast.",
    }
    assert legs.keys() == {"keyword", "sounds_like"}
    for leg in legs.values():
        assert leg.pop("score") > 0
        weight = leg["weight"]
        assert leg == {"normalised": 1.0, "weight": weight, "contribution": weight, "rank": 1}
    assert result.pop("took_ms") >= result.pop("es_took_ms") >= 0
    assert result == {
        "next_cursor": None,
        "total": {"value": 1, "relation": "eq"},
        "relaxed": [],
        "degraded": [],
        "intent": None,
        "sound": None,
    }


def test_meaning_finds_what_no_word_does_and_both_add_up(library: Library) -> None:
    near = between(axis(0), axis(1), 0.8)
    library.vectors["car"] = cast(Any, axis(0))
    library.add(
        "e1",
        [say("An automobile passed.", 0), say("My car is red.", 10), say("Nothing of that.", 20)],
        text_vectors=np.stack([near, axis(0), axis(2)]),
    )
    result = library.searcher.search(Query(q="car"))
    first, second = cast(list[Hit], result.hits)
    assert first.text == "My car is red."
    assert first.legs.keys() == {"keyword", "meaning"}
    assert second.text == "An automobile passed."
    assert second.legs.keys() == {"meaning"}
    assert second.legs["meaning"].score == pytest.approx(0.8, abs=0.02)
    assert (second.highlights, second.at_s) == ([], 0.0)
    assert result.total.value == 2


def test_a_search_for_what_is_not_there_says_so(library: Library) -> None:
    library.add(
        "e1",
        [say("The glaciers were melting.")],
        text_vectors=np.stack([between(axis(383), axis(0), 0.1)]),
        audio_vectors=np.stack([axis(0, 512)]),
        title="The ice of the world",
    )
    result = library.searcher.search(Query(q="the espresso machine of the office"))
    assert (result.hits, result.total.value, result.total.relation) == ([], 0, "eq")
    silent = library.searcher.search(
        Query(is_clip=True, audio_vectors={"audio_whisper": axis(1, 512).tolist()})
    )
    assert (silent.hits, silent.total.value) == ([], 0)


def test_a_clip_finds_the_segment_that_sounds_like_it(library: Library) -> None:
    library.add("e1", [Segment(0, 5), Segment(5, 10)], audio_vectors=np.eye(2, 512, dtype="f4"))
    hit = only(library, "", is_clip=True, audio_vectors={"audio_whisper": axis(1, 512).tolist()})
    assert (hit.start_s, hit.at_s, hit.text, hit.highlights) == (5.0, 5.0, "", [])
    assert hit.legs["sound"].normalised == pytest.approx(1.0, abs=0.02)


def test_titles_people_and_chapters_find_and_lift(library: Library) -> None:
    library.add("e1", [say("Hello and welcome.")], people=["Ada Lovelace"])
    library.add("e2", [say("We talk about engines.")], people=["Ada Lovelace"])
    library.add("e3", [say("We talk about engines.")])
    assert texts(library, "ada lovelace") == ["Hello and welcome.", "We talk about engines."] or (
        texts(library, "ada lovelace") == ["We talk about engines.", "Hello and welcome."]
    )
    hits = cast(list[Hit], library.searcher.search(Query(q="lovelace engines")).hits)
    assert [hit.episode.id for hit in hits] == ["e2", "e3"]


def test_words_are_stemmed_in_the_language_of_the_segment(library: Library) -> None:
    library.add("e1", [say("Die Häuser an den Gletscherspalten.", language="de")], language="de")
    library.add("e2", [say("Les chevaux couraient.", language="fr")], language="fr")
    hit = only(library, "gletscherspalte")
    assert marked(hit) == ["Gletscherspalten"]
    assert marked(only(library, "haus", language="de")) == ["Häuser"]
    assert texts(library, "cheval") == ["Les chevaux couraient."]
    assert texts(library, "cheval", language="de") == []


def test_words_of_a_language_without_an_analyzer_are_found_as_they_are(library: Library) -> None:
    library.add("e1", [say("Lodowce topnieją szybko.", language="pl")])
    assert texts(library, "topnieją wolno") == ["Lodowce topnieją szybko."]


def test_japanese_is_found_without_spaces(library: Library) -> None:
    words = [Word(text, number, number + 1) for number, text in enumerate("氷河が溶けている")]
    library.add("e1", [Segment(0.0, 8.0, words, "ja")])
    hit = only(library, "溶け")
    assert (marked(hit), hit.at_s) == (["溶け"], 3.0)


def test_stop_words_alone_are_found_as_typed(library: Library) -> None:
    library.add("e1", [say("To be or not to be, he said."), say("This is it.", 60)])
    hit = only(library, "to be or not to be")
    assert marked(hit)[0] == "To"
    assert hit.at_s == 0.0


def test_highlights_are_code_points_beside_emoji_and_combining_characters(
    library: Library,
) -> None:
    library.add("e1", [say("👩🏽‍🚀 🎧 Cafe\u0301 society: naïve glaciers 🧊 melt.", 10.0)])
    hit = only(library, "café glacier")
    assert hit.text == "👩🏽‍🚀 🎧 Café society: naïve glaciers 🧊 melt."
    assert marked(hit) == ["Café", "glaciers"]
    assert hit.at_s == 11.0


def test_phrases_in_quotes_are_required_of_every_leg_and_played(library: Library) -> None:
    library.vectors["sea ice melts"] = cast(Any, axis(0))
    library.add(
        "e1",
        [say("Ice on the sea melts.", 0), say("The ice melts. Now the sea ice melts.", 10)],
        text_vectors=np.stack([axis(0), axis(0)]),
    )
    assert len(texts(library, "sea ice melts")) == 2
    hit = only(library, '"sea ice" melts')
    assert marked(hit) == ["melts", "sea ice", "melts"]
    assert hit.at_s == 12.5


def test_filters_by_time_include_since_and_exclude_until(library: Library) -> None:
    noon = datetime(2024, 3, 1, 12, tzinfo=UTC)
    for name, published in (("e1", noon - timedelta(hours=1)), ("e2", noon), ("e3", None)):
        library.add(name, [say(f"ice of {name}")], published=published)
    assert texts(library, "ice", since=noon) == ["ice of e2"]
    assert texts(library, "ice", until=noon) == ["ice of e1"]
    assert len(texts(library, "ice")) == 3


def test_filters_hold_within_every_leg(library: Library) -> None:
    vector, sound = np.stack([axis(383)]), np.stack([axis(0, 512)])
    for name, feed, language, duration_s in (
        ("e1", "a", "en", 60.0), ("e2", "b", "en", 120.0), ("e3", "c", "de", 180.0),
    ):  # fmt: skip
        segment = say(f"ice {name}", language=language)
        library.add(
            name,
            [segment],
            feed=feed,
            duration_s=duration_s,
            text_vectors=vector,
            audio_vectors=sound,
        )

    def found(**filters: Any) -> list[str]:
        query = Query(
            q="ice", is_clip=True, audio_vectors={"audio_whisper": axis(0, 512).tolist()}, **filters
        )
        hits = cast(list[Hit], library.searcher.search(query).hits)
        assert all({"keyword", "meaning", "sound"} <= hit.legs.keys() for hit in hits)
        return sorted(hit.episode.id for hit in hits)

    assert found() == ["e1", "e2", "e3"]
    assert found(show=("a", "c")) == ["e1", "e3"]
    assert found(show=("nobody",)) == []
    assert found(language="de") == ["e3"]
    assert found(min_duration_s=120) == ["e2", "e3"]
    assert found(max_duration_s=120) == ["e1", "e2"]


def test_pages_hold_every_hit_once_and_in_one_order(library: Library) -> None:
    library.add("e1", [say("ice " + "and snow " * (n % 3) + f"n{n}", 10.0 * n) for n in range(27)])
    whole = cast(list[Hit], library.searcher.search(Query(q="ice", size=100)).hits)
    seen: list[str] = []
    query, pages = Query(q="ice", size=10), 0
    while True:
        result = library.searcher.search(query)
        seen += [hit.id for hit in cast(list[Hit], result.hits)]
        pages += 1
        if result.next_cursor is None:
            break
        query = replace(query, cursor=result.next_cursor)
    assert (pages, seen) == (3, [hit.id for hit in whole])
    assert len(set(seen)) == 27


def test_a_cursor_of_another_search_is_refused(library: Library) -> None:
    library.add("e1", [say("ice", 10.0 * n) for n in range(3)])
    cursor = library.searcher.search(Query(q="ice", size=1)).next_cursor
    for other in (cursor, "nonsense", "bm9uc2Vuc2U", ""):
        with pytest.raises(CursorError):
            library.searcher.search(Query(q="snow", cursor=other))


def test_where_more_is_found_than_can_be_paged_the_last_page_says_so(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.search.keyword.KEYWORD_DEPTH", 5)
    library.add("e1", [say("ice", 10.0 * n) for n in range(8)])
    result = library.searcher.search(Query(q="ice", size=5, weights=WORDS_ALONE))
    assert (result.total.value, result.total.relation) == (8, "gte")
    assert (len(result.hits), result.next_cursor) == (5, None)
    assert [one.part for one in result.degraded] == ["paging"]


def test_what_lies_below_the_depth_is_counted_once(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.search.keyword.KEYWORD_DEPTH", 5)
    library.vectors["ice"] = axis(0)
    vectors = np.stack([axis(0)] * 8)
    library.add("e1", [say("ice", 10.0 * n) for n in range(8)], text_vectors=vectors)
    result = library.searcher.search(Query(q="ice", size=100))
    assert (len(result.hits), result.total.value, result.total.relation) == (8, 8, "gte")


def test_grouped_by_episode_each_comes_once_with_its_best_moments(library: Library) -> None:
    library.add("e1", [say(f"ice number {n}", 10.0 * n) for n in range(7)])
    library.add("e2", [say("ice ice ice"), say("snow", 20)])
    library.add("e3", [say("ice and much else was spoken of at length")])
    result = library.searcher.search(Query(q="ice", size=2, group="episode"))
    first, second = cast(list[Group], result.hits)
    assert (first.episode.id, first.moments, len(first.hits)) == ("e2", 1, 1)
    assert (second.episode.id, second.moments, len(second.hits)) == ("e1", 7, 5)
    assert first.score == first.hits[0].score >= second.score
    rest = library.searcher.search(
        Query(q="ice", size=2, group="episode", cursor=result.next_cursor)
    )
    assert [group.episode.id for group in cast(list[Group], rest.hits)] == ["e3"]
    assert rest.next_cursor is None


def test_a_weight_of_nought_skips_its_leg(library: Library) -> None:
    library.vectors["ice"] = cast(Any, axis(0))
    library.add("e1", [say("ice")], text_vectors=np.stack([axis(0)]))
    assert only(library, "ice", weights=WORDS_ALONE).legs.keys() == {"keyword"}
    hit = only(library, "ice", weights={"keyword": 0.0, "sounds_like": 0.0, "meaning": 0.5})
    assert hit.legs.keys() == {"meaning"}
    assert hit.score == pytest.approx(0.5, abs=0.02)
    with pytest.raises(QueryError, match="weight"):
        library.searcher.search(Query(q="ice", weights={**WORDS_ALONE, "keyword": 0.0}))


def test_what_a_cosine_is_worth_is_the_models(library: Library) -> None:
    near = np.stack([between(axis(0), axis(1), cosine) for cosine in (0.87, 0.78, 0.72)])
    library.add("e1", [say("a", 0), say("b", 10), say("c", 20)], text_vectors=near)
    library.vectors["ice"] = axis(0)
    own = Likeness(unlike=0.7, alike=0.9)
    searcher = Searcher(library.es, library.prefix, library.embed, likeness=own)
    by_meaning = cast(list[Hit], searcher.search(Query(q="ice")).hits)
    assert [hit.text for hit in by_meaning] == ["a", "b"]
    assert by_meaning[0].legs["meaning"].score == pytest.approx(0.85, abs=0.03)
    assert len(library.searcher.search(Query(q="ice")).hits) == 3  # to MiniLM all are near


def test_a_clip_is_not_compared_with_another_engines_vectors(library: Library) -> None:
    library.add("e1", [say("ice")], voice_vectors=axis(0, 192)[None])

    def check(field: str) -> None:
        raise ModelMismatch(f"{field} is another's")

    searcher = Searcher(library.es, library.prefix, library.embed, check=check)
    vectors = {"audio_whisper": axis(0, 512).tolist()}
    query = Query(is_clip=True, intent="sound", audio_vectors=vectors)
    assert [(one.part, one.reason) for one in searcher.search(query).degraded] == [
        ("sound", "audio_whisper is another's")
    ]
    asked = Query(q="ice", is_clip=True, voice_vector=axis(0, 192).tolist())
    result = searcher.search(asked)
    assert [(one.part, one.reason) for one in result.degraded] == [("voice", "voice is another's")]
    assert [hit.text for hit in cast(list[Hit], result.hits)] == ["ice"]


def test_a_failed_leg_is_named_and_the_others_answer(library: Library) -> None:
    library.add("e1", [say("ice")])
    wrong_size = Searcher(library.es, library.prefix, lambda text: [1.0, 0.0])
    result = wrong_size.search(Query(q="ice"))
    assert [hit.legs.keys() for hit in cast(list[Hit], result.hits)] == [{"keyword", "sounds_like"}]
    ((part, reason),) = [(one.part, one.reason) for one in result.degraded]
    assert part == "meaning"
    assert "dimensions" in reason


def test_a_model_that_is_absent_is_named_and_words_are_found(library: Library) -> None:
    def absent(text: str) -> list[float]:
        raise RuntimeError("The weights of MiniLM are not installed.")

    library.add("e1", [say("ice")])
    searcher = Searcher(library.es, library.prefix, absent)
    result = searcher.search(Query(q="ice"))
    assert len(result.hits) == 1
    assert [(one.part, one.reason) for one in result.degraded] == [
        ("meaning", "The weights of MiniLM are not installed.")
    ]
    with pytest.raises(SearchUnavailable, match="not installed"):
        searcher.search(Query(q="ice", weights={"keyword": 0.0, "sounds_like": 0.0}))


def test_an_index_that_is_not_there_is_told_as_unavailable(library: Library) -> None:
    with pytest.raises(SearchUnavailable):
        Searcher(library.es, "nowhere", library.embed).search(Query(q="ice"))


def test_a_deleted_episode_is_not_shown_from_the_moment_on(library: Library) -> None:
    library.add("e1", [say("ice")])
    library.catalog.update_episode("e1", status=EpisodeStatus.DELETED, wait=True)
    assert texts(library, "ice") == []


@pytest.mark.parametrize(
    "q",
    [
        "word " * 3000, "a" * 100_000, "氷" * 10_000, "the of and", "?!…", '"', 'ice "', '""""',
        '"?!" ice', "ice\x00\x1f", "\ud800 ice", "AND OR NOT ( ) [ ] { } ~ ^ * \\ /", "🎉",
        "\u0301", "ice:*", "<script>alert(1)</script>", "-" * 500,
    ],
)  # fmt: skip
def test_nothing_that_can_be_typed_breaks_a_search(one_library: Library, q: str) -> None:
    result = one_library.searcher.search(Query(q=q))
    assert result.degraded == []
    assert result.total.value == len(result.hits)


@pytest.fixture
def one_library(library: Library) -> Library:
    library.add("e1", [say("ice is nice 🎉")])
    return library
