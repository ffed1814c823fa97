"""Classes of queries, and the weights that each has."""

import pytest

from app.search.classes import KINDS, query_class
from app.search.query import Query, QueryError
from app.search.weights import INTENTS, LEGS, defaults, learned
from app.search.words import read


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ('"to be" hamlet', "phrase"),
        ("Ada Lovelace", "name"),
        ("Super Bowl 50", "name"),
        ("tide tables", "keywords"),
        ("snow", "keywords"),
        ("who is ada", "question"),
        ("why do cities sound quieter after snow", "question"),
        ("", "keywords"),
    ],
)
def test_what_is_typed_is_of_a_class(typed: str, kind: str) -> None:
    assert query_class(read(typed)) == kind


def test_every_class_has_weights_that_are_shares() -> None:
    assert set(learned()) == set(KINDS)
    for weights in learned().values():
        assert sum(weights.values()) == pytest.approx(1.0)
        assert set(weights) <= set(LEGS)


def test_an_intent_weighs_its_own_legs_alone() -> None:
    for intent, legs in {
        "sound": {"sound"},
        "recording": {"recording"},
        "voice": {"voice"},
    }.items():
        assert {leg for leg, weight in defaults("question", intent).items() if weight} == legs
    words, meaning = defaults("question", "words"), defaults("question", "meaning")
    assert words["keyword"] + words["sounds_like"] > words["meaning"] + words["reading"]
    assert meaning["meaning"] + meaning["reading"] > meaning["keyword"]
    assert all(weight > 0 for weight in defaults("name").values())


def test_a_request_overrides_one_weight_and_keeps_the_rest() -> None:
    query = Query(q="tide tables", weights={"keyword": 7.0})
    weights = query.weights_for(query.words())
    assert weights == {**defaults("keywords"), "keyword": 7.0}


def test_what_cannot_be_asked_is_named() -> None:
    with pytest.raises(QueryError, match="intent can only be: words, meaning, sound"):
        Query(q="ice", intent="smell")
    with pytest.raises(QueryError, match="There is no leg smell; legs are keyword, sounds_like"):
        Query(q="ice", weights={"smell": 1.0})
    assert set(INTENTS) == {"words", "meaning", "sound", "recording", "voice"}
