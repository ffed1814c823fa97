import numpy as np
import pytest

from app.evaluation.weights import Gathered, best_weights, learn, ndcg


def questions(count: int) -> Gathered:
    """Of two candidates each, the relevant one is what the second leg prefers."""
    scores = np.tile([[1.0, 0.2], [0.2, 1.0]], (count, 1))
    return Gathered(
        legs=("keyword", "meaning"),
        scores=scores,
        stands=np.ones(2 * count, bool),
        question=np.repeat(np.arange(count), 2),
        relevance=np.tile([0.0, 1.0], count),
        ideal=np.ones(count),
    )


def test_ndcg_follows_the_weights() -> None:
    asked = questions(3)
    assert ndcg(asked, {"keyword": 0.0, "meaning": 1.0}).tolist() == [1, 1, 1]
    second = ndcg(asked, {"keyword": 1.0, "meaning": 0.0})
    assert second.tolist() == pytest.approx([1 / np.log2(3)] * 3)


def test_a_tie_goes_by_id_as_in_the_search() -> None:
    assert ndcg(questions(1), {"keyword": 1.0, "meaning": 1.0})[0] == pytest.approx(1 / np.log2(3))


def test_what_no_leg_stands_for_is_no_hit() -> None:
    asked = questions(1)
    asked.stands[1] = False
    assert ndcg(asked, {"keyword": 0.0, "meaning": 1.0}).tolist() == [0]


def test_the_better_leg_outweighs_the_other() -> None:
    found = best_weights([questions(5)], {"keyword": 1.0, "meaning": 0.5})
    assert found["meaning"] > found["keyword"]


def test_learning_tells_what_it_gained_on_questions_it_had_not_seen() -> None:
    learned = learn([questions(10), questions(10)], {"keyword": 1.0, "meaning": 0.5})
    assert learned.before < learned.cross_validated
    assert (learned.cross_validated, learned.after) == (1, 1)
