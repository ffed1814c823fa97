from datetime import UTC, datetime

import pytest

from app.encoders.base import Likeness
from app.search import legs
from app.search.query import Query, QueryError
from app.search.sound import of_clip
from app.search.words import read

IDS = {
    "_source": False,
    "stored_fields": "_none_",
    "docvalue_fields": ["id", "episode_id", "feed_id"],
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


def test_the_floor_of_meaning_is_the_models() -> None:
    query = Query(q="ice")
    likeness = Likeness(unlike=0.7, alike=0.9)
    body = legs.meaning([0.6, 0.8], read(query.q), query, likeness=likeness)
    assert body["knn"]["similarity"] == pytest.approx(0.74)


def test_sound_leg() -> None:
    query = Query(
        is_clip=True,
        audio_vectors={"audio_whisper": [1.0]},
        since=datetime(2024, 1, 1, tzinfo=UTC),
        until=datetime(2024, 2, 1, tzinfo=UTC),
    )
    wanted = of_clip({"audio_whisper": [1.0]})
    body = legs.sound(wanted, read(query.q), query)
    assert body["knn"] == {
        "field": "audio_whisper",
        "query_vector": [1.0],
        "k": 200,
        "num_candidates": 400,
        "similarity": 0.4,
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
