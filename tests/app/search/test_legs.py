from datetime import UTC, datetime

import pytest

from app.search import legs
from app.search.languages import FORMS
from app.search.query import Query, QueryError
from app.search.words import read

IDS = {
    "_source": False,
    "stored_fields": "_none_",
    "docvalue_fields": ["id", "episode_id", "feed_id"],
}
TITLES = ["episode_title", "feed_title", "people", "chapters"]


def test_keyword_leg() -> None:
    q = 'melting "sea ice"'
    query = Query(q=q, language="en", show=("b", "a"))
    assert legs.keyword(read(q), query) == {
        "query": {
            "bool": {
                "filter": [{"terms": {"feed_id": ["a", "b"]}}, {"term": {"language": "en"}}],
                "must": [
                    {
                        "bool": {
                            "should": [
                                {
                                    "multi_match": {
                                        "query": "melting sea ice",
                                        "fields": ["stemmed.en"],
                                    }
                                },
                                {
                                    "match": {
                                        "text": {"query": "melting sea ice", "operator": "and"}
                                    }
                                },
                                {
                                    "multi_match": {
                                        "query": "melting sea ice",
                                        "fields": TITLES,
                                        "type": "cross_fields",
                                        "operator": "and",
                                    }
                                },
                            ],
                            "minimum_should_match": 1,
                        }
                    },
                    {"match_phrase": {"text": "sea ice"}},
                ],
                "should": [
                    {"match": {"text": {"query": "melting sea ice", "boost": legs.EXACT_BOOST}}},
                    {
                        "multi_match": {
                            "query": "melting sea ice",
                            "fields": TITLES,
                            "boost": legs.TITLES_BOOST,
                        }
                    },
                ],
            }
        },
        "size": 1000,
        **IDS,
    }


def test_meaning_leg_filters_inside_the_neighbour_search() -> None:
    query = Query(q='"sea ice"', min_duration_s=60, max_duration_s=90.5)
    assert legs.meaning([0.6, 0.8], read(query.q), query) == {
        "knn": {
            "field": "text_vector",
            "query_vector": [0.6, 0.8],
            "k": 200,
            "num_candidates": 400,
            "similarity": legs.MEANING_FLOOR,
            "filter": [
                {"range": {"episode_duration_s": {"gte": 60, "lte": 90.5}}},
                {"match_phrase": {"text": "sea ice"}},
            ],
        },
        "size": 200,
        **IDS,
    }


def test_sound_leg() -> None:
    query = Query(
        audio_vector=[1.0],
        since=datetime(2024, 1, 1, tzinfo=UTC),
        until=datetime(2024, 2, 1, tzinfo=UTC),
    )
    body = legs.sound([1.0], query)
    assert body["knn"] == {
        "field": "audio_whisper",
        "query_vector": [1.0],
        "k": 200,
        "num_candidates": 400,
        "similarity": legs.SOUND_FLOOR,
        "filter": [
            {
                "range": {
                    "published": {
                        "gte": "2024-01-01T00:00:00+00:00",
                        "lt": "2024-02-01T00:00:00+00:00",
                    }
                }
            }
        ],
    }


def test_without_a_language_the_words_are_looked_for_in_every_language() -> None:
    fields = legs.stemmed("ice", None)["multi_match"]["fields"]
    assert len(fields) == len(FORMS)
    assert {"stemmed.en", "stemmed.de", "stemmed.other"} <= set(fields)


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ({"q": " "}, "q"),
        ({"q": "a", "size": 101}, "size"),
        ({"q": "a", "size": 0}, "size"),
        ({"q": "a", "group": "feed"}, "group"),
        ({"q": "a", "weights": {"keyword": -1.0}}, "w_keyword"),
        ({"q": "a", "weights": {"meaning": float("nan")}}, "w_meaning"),
        ({"q": "a", "weights": {"smell": 1.0}}, "w_smell"),
    ],
)
def test_what_cannot_be_asked_names_its_parameter(
    arguments: dict[str, object], parameter: str
) -> None:
    with pytest.raises(QueryError) as caught:
        Query(**arguments)  # type: ignore[arg-type]
    assert caught.value.parameter == parameter
