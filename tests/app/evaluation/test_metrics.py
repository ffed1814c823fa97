import numpy as np
import pytest

from app.evaluation.metrics import Place, measure, paired_bootstrap, places


def test_places_are_counted_from_one_and_end_at_ten() -> None:
    ranking = [f"s{number}" for number in range(20)]
    assert places(ranking, {"s0": 1, "s9": 2, "s10": 1}) == [Place(1, 1), Place(10, 2)]


def test_a_relevant_segment_in_third_place() -> None:
    assert measure([Place(3, 1)], {"a": 1}) == {
        "ndcg@10": 0.5,
        "mrr@10": pytest.approx(1 / 3),
        "success@1": 0.0,
        "success@10": 1.0,
    }


def test_the_best_order_of_graded_segments_has_one() -> None:
    judged = {"a": 3.0, "b": 1.0}
    assert measure([Place(1, 3), Place(2, 1)], judged)["ndcg@10"] == pytest.approx(1)
    assert measure([Place(1, 1), Place(2, 3)], judged)["ndcg@10"] < 1


def test_nothing_found_is_zero() -> None:
    assert set(measure([], {"a": 1}).values()) == {0.0}


def test_an_interval_holds_the_difference_and_is_the_same_each_time() -> None:
    rng = np.random.default_rng(1)
    theirs = rng.random(400)
    ours = theirs + rng.normal(0.1, 0.2, 400)
    interval = paired_bootstrap(ours, theirs)
    assert interval.low < 0.1 < interval.high
    assert interval.low < interval.mean < interval.high
    assert interval == paired_bootstrap(ours, theirs)


def test_no_difference_has_no_width() -> None:
    same = np.ones(30)
    assert paired_bootstrap(same, same) == (0, 0, 0)
