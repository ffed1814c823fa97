from app.search.fuse import Found, LegScore, Scale, fuse

SCALES = {"keyword": Scale(), "meaning": Scale(0.25, 1.0)}


def found(name: str, score: float) -> Found:
    return Found(name, "episode", "feed", score)


def test_scores_are_weighted_sums_and_every_leg_is_kept() -> None:
    hits = fuse(
        {
            "keyword": [found("a", 8.0), found("b", 4.0)],
            "meaning": [found("b", 0.625), found("c", 0.25)],
        },
        {"keyword": 1.0, "meaning": 2.0},
        SCALES,
    )
    assert [(hit.id, hit.score) for hit in hits] == [("b", 1.5), ("a", 1.0), ("c", 0.0)]
    assert hits[0].legs == {
        "keyword": LegScore(score=4.0, normalised=0.5, weight=1.0, contribution=0.5, rank=2),
        "meaning": LegScore(score=0.625, normalised=0.5, weight=2.0, contribution=1.0, rank=1),
    }


def test_ties_go_by_id_in_ranks_and_in_the_result() -> None:
    hits = fuse({"keyword": [found("b", 2.0), found("a", 2.0)]}, {"keyword": 1.0}, SCALES)
    assert [(hit.id, hit.legs["keyword"].rank) for hit in hits] == [("a", 1), ("b", 2)]


def test_a_leg_that_found_nothing_changes_nothing() -> None:
    alone = fuse({"keyword": [found("a", 2.0)]}, {"keyword": 1.0}, SCALES)
    beside = fuse(
        {"keyword": [found("a", 2.0)], "meaning": []}, {"keyword": 1.0, "meaning": 1.0}, SCALES
    )
    assert alone == beside


def test_rounding_below_the_floor_or_above_the_top_stays_within_0_and_1() -> None:
    hits = fuse({"meaning": [found("a", 1.0001), found("b", 0.2499)]}, {"meaning": 1.0}, SCALES)
    assert [hit.score for hit in hits] == [1.0, 0.0]


def test_scores_of_nought_are_no_division_by_nought() -> None:
    assert fuse({"keyword": [found("a", 0.0)]}, {"keyword": 1.0}, SCALES)[0].score == 1.0


def test_a_far_neighbour_lifts_what_has_the_words_and_is_no_hit_alone() -> None:
    hits = fuse(
        {"keyword": [found("a", 8.0)], "meaning": [found("b", 0.3), found("a", 0.3)]},
        {"keyword": 1.0, "meaning": 1.0},
        {"keyword": Scale(), "meaning": Scale(0.0, 1.0, alone=0.4)},
    )
    assert [(hit.id, hit.score) for hit in hits] == [("a", 1.3)]
