from typing import Any

from app.search import clauses, keyword
from app.search.languages import FORMS
from app.search.query import Query
from app.search.words import read

IDS = {
    "_source": False,
    "stored_fields": "_none_",
    "docvalue_fields": ["id", "episode_id", "feed_id"],
}
TITLES = ["episode_title", "feed_title", "people", "chapters"]


def body(q: str, **arguments: Any) -> dict[str, Any]:
    found = keyword.keyword(read(q), Query(q=q, language="en", **arguments))
    assert found.items() >= {"size": 400, **IDS}.items()
    return found["query"]["bool"]  # type: ignore[no-any-return]


def lifting(text: str) -> list[dict[str, Any]]:
    return [
        {"match": {"text": {"query": text, "boost": keyword.EXACT_BOOST}}},
        {"multi_match": {"query": text, "fields": TITLES, "boost": keyword.TITLES_BOOST}},
    ]


def stemmed(text: str) -> dict[str, Any]:
    return {"multi_match": {"query": text, "fields": ["stemmed.en"]}}


def anyhow(text: str) -> list[dict[str, Any]]:
    in_titles = {"query": text, "fields": TITLES, "type": "cross_fields", "operator": "and"}
    return [
        {"match": {"text": {"query": text, "operator": "and"}}},
        {"multi_match": in_titles},
    ]


def near(*pairs: str) -> dict[str, Any]:
    slop = clauses.NEAR_WORDS
    wanted = [{"match_phrase": {"text": {"query": pair, "slop": slop}}} for pair in pairs]
    lifted = {
        "rescore_query": {"bool": {"should": wanted}},
        "rescore_query_weight": keyword.NEAR_BOOST,
    }
    return {"window_size": keyword.NEAR_DEPTH, "query": lifted}


def test_words_near_each_other_lift_the_best() -> None:
    found = keyword.keyword(read("super bowl 50"), Query(q="super bowl 50"))
    assert found["rescore"] == near("super bowl", "bowl fifty")
    assert "rescore" not in keyword.keyword(read("ice"), Query(q="ice"))


def test_a_number_is_looked_for_in_words() -> None:
    ways = ["nineteen oh five", "one thousand nine hundred and five"]
    ways.append("one thousand nine hundred five")
    some = body("ice 1905")["must"][0]["bool"]["should"]
    assert some == [
        stemmed("ice 1905"),
        {"dis_max": {"queries": [{"match_phrase": {"text": way}} for way in ways]}},
        *anyhow("ice 1905"),
    ]


def test_the_words_that_ask_are_not_looked_for_in_english() -> None:
    some = body("Why is the ice melting?")["must"][0]["bool"]["should"]
    assert some == [
        {"match": {"stemmed.en": "the ice melting?"}},
        *anyhow("Why is the ice melting?"),
    ]
    every = clauses.stemmed("Why is the ice melting?", None)["dis_max"]["queries"]
    assert every[0] == {"match": {"stemmed.en": "the ice melting?"}}
    assert every[1]["multi_match"]["query"] == "Why is the ice melting?"
    assert "stemmed.en" not in every[1]["multi_match"]["fields"]
    german = clauses.stemmed("was is the ice", "de")
    assert german == {"multi_match": {"query": "was is the ice", "fields": ["stemmed.de"]}}


def test_words_alone_ask_for_any_of_them() -> None:
    some = [stemmed("melting ice"), *anyhow("melting ice")]
    assert body("melting ice", show=("b", "a")) == {
        "filter": [{"terms": {"feed_id": ["a", "b"]}}, {"term": {"language": "en"}}],
        "must": [{"bool": {"should": some, "minimum_should_match": 1}}],
        "should": lifting("melting ice"),
    }


def test_what_is_quoted_is_required_and_the_other_words_score() -> None:
    assert body('melting "sea ice"') == {
        "filter": [{"term": {"language": "en"}}],
        "must": [{"match_phrase": {"text": "sea ice"}}],
        "should": [stemmed("melting"), *lifting("melting sea ice")],
    }


def test_one_of_the_alternatives_is_required() -> None:
    word = {"query": "ice", "fields": ["stemmed.en", "text"], "type": "phrase"}
    one = [
        {"multi_match": word},
        {"match_phrase": {"text": "deep snow"}},
        {"prefix": {"text": {"value": "glac", "boost": clauses.PREFIX_BOOST}}},
    ]
    assert body('ice OR "deep snow" OR Glac*') == {
        "filter": [{"term": {"language": "en"}}],
        "must": [{"bool": {"should": one, "minimum_should_match": 1}}],
        "should": lifting("ice deep snow Glac"),
    }


def test_a_beginning_is_one_of_the_words() -> None:
    begun = {"prefix": {"text": {"value": "glac", "boost": clauses.PREFIX_BOOST}}}
    some = [stemmed("melting"), begun, *anyhow("melting glac")]
    assert body("melting glac*") == {
        "filter": [{"term": {"language": "en"}}],
        "must": [{"bool": {"should": some, "minimum_should_match": 1}}],
        "should": lifting("melting glac"),
    }


def test_what_is_excluded_and_the_show_narrow_every_leg() -> None:
    words = read('ice -snow -"deep sea" -trail* -show:daily show:science show:"two words"')
    everywhere = ["text", *TITLES]
    assert clauses.narrowed(words) == [
        {
            "bool": {
                "should": [
                    {"match": {"feed_title": {"query": "science", "operator": "and"}}},
                    {"match": {"feed_title": {"query": "two words", "operator": "and"}}},
                ],
                "minimum_should_match": 1,
            }
        },
        {
            "bool": {
                "must_not": [
                    {"multi_match": {"query": "snow", "fields": everywhere, "type": "phrase"}},
                    {"multi_match": {"query": "deep sea", "fields": everywhere, "type": "phrase"}},
                    {
                        "multi_match": {
                            "query": "trail",
                            "fields": everywhere,
                            "type": "phrase_prefix",
                        }
                    },
                    {"match": {"feed_title": {"query": "daily", "operator": "and"}}},
                ]
            }
        },
    ]
    assert keyword.keyword(words, Query(q="ice"))["query"]["bool"]["filter"] == (
        clauses.narrowed(words)
    )


def test_without_a_language_the_words_are_looked_for_in_every_language() -> None:
    fields = clauses.stemmed("ice", None)["multi_match"]["fields"]
    assert len(fields) == len(FORMS)
    assert {"stemmed.en", "stemmed.de", "stemmed.other"} <= set(fields)


def test_a_beginning_of_several_tokens_is_the_end_of_a_phrase() -> None:
    ends = {"query": "co-op", "max_expansions": clauses.MOST_EXPANSIONS}
    assert clauses.begun("co-op") == {"match_phrase_prefix": {"text": ends}}
    assert "match_phrase_prefix" in clauses.begun("氷河")
