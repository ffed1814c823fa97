import pytest

from app.evaluation.fusions import rrf, single, variants

FOUND = {
    "keyword": {"a": 10.0, "b": 9.0, "c": 1.0},
    "meaning": {"c": 0.9, "b": 0.8, "d": 0.1},
}
EQUAL = {"keyword": 1.0, "meaning": 1.0}


def test_a_leg_alone_goes_by_score_then_id() -> None:
    assert single({"b": 1.0, "a": 1.0, "c": 2.0}) == ["c", "a", "b"]


def test_rrf_sees_ranks_alone() -> None:
    # c: 1/63 + 1/61; b: 1/62 + 1/62; a: 1/61; d: 1/63
    assert rrf(FOUND) == ["c", "b", "a", "d"]


@pytest.mark.parametrize("name", ["min-max", "theoretical min-max", "z-score"])
def test_what_both_legs_found_wins(name: str) -> None:
    assert variants(FOUND, EQUAL)[name][0] == "b"


def test_the_lowest_found_is_nothing_to_min_max_only() -> None:
    ranked = variants({"keyword": {"a": 10.0, "b": 9.0}, "meaning": {"c": 0.5}}, EQUAL)
    assert ranked["min-max"] == ["a", "c", "b"]
    found = {"keyword": {"a": 10.0, "b": 9.0}, "meaning": {"b": 0.5, "c": 0.6}}
    assert variants(found, EQUAL)["theoretical min-max"][0] == "b"


def test_weights_decide() -> None:
    assert variants(FOUND, {"keyword": 1.0, "meaning": 0.0})["min-max"][0] == "a"


def test_a_leg_without_answers_changes_nothing() -> None:
    ranked = variants({"keyword": {"a": 2.0, "b": 1.0}, "meaning": {}}, EQUAL)
    assert {name: ids[0] for name, ids in ranked.items()} == dict.fromkeys(ranked, "a")
