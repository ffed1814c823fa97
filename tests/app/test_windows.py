import random

import numpy as np
import pytest

from app.domain import Span, Window
from app.windows import MAX_WINDOW_S, align_states, plan_windows, rows_between


def talk(seed: int) -> tuple[list[Span], float]:
    rng = random.Random(seed)
    spans, at_s = [], rng.choice([0.0, 1.0, 5.0, 100.0])
    for _ in range(rng.choice([0, 1, 5, 300])):
        length_s = rng.choice([0.2, 1.0, 4.0, 12.0, 27.9])
        spans.append(Span(round(at_s, 3), round(at_s + length_s, 3)))
        at_s = round(at_s + length_s + rng.choice([0.0, 0.1, 0.7, 2.9, 3.1, 12.0, 95.0]), 3)
    return spans, round(at_s + rng.choice([0.0, 0.5, 61.3]), 3)


@pytest.mark.parametrize("seed", range(80))
def test_windows_cover_the_episode_without_a_gap(seed):
    spans, duration_s = talk(seed)
    windows = [w for piece in plan_windows(spans, duration_s) for w in piece.windows]
    edges = [0.0, *(w.end_s for w in windows)]
    assert [w.start_s for w in windows] == edges[:-1]
    assert edges[-1] == pytest.approx(duration_s)
    assert all(0 < w.end_s - w.start_s <= MAX_WINDOW_S + 1e-3 for w in windows)


@pytest.mark.parametrize("seed", range(80))
def test_every_span_lies_whole_in_one_window_that_is_transcribed(seed):
    spans, duration_s = talk(seed)
    windows = [w for piece in plan_windows(spans, duration_s) for w in piece.windows if w.speech]
    for span in spans:
        assert any(w.start_s <= span.start_s and span.end_s <= w.end_s for w in windows)


@pytest.mark.parametrize("seed", range(80))
@pytest.mark.parametrize("piece_max_s", [60.0, 600.0])
def test_pieces_are_numbered_and_short_enough(seed, piece_max_s):
    spans, duration_s = talk(seed)
    pieces = plan_windows(spans, duration_s, piece_max_s)
    assert [piece.number for piece in pieces] == list(range(len(pieces)))
    for piece in pieces:
        assert piece.windows[-1].end_s - piece.windows[0].start_s <= piece_max_s + 1e-3


def test_neighbours_share_a_window_and_music_is_not_transcribed():
    spans = [Span(1, 5), Span(6, 10), Span(40, 45)]
    (piece,) = plan_windows(spans, 60.0)
    assert list(piece.windows) == [
        Window(0.0, 10, True),
        Window(10, 40, False),
        Window(40, 45, True),
        Window(45, 60.0, False),
    ]


def test_a_full_window_ends_in_the_longest_late_pause():
    spans = [Span(0, 10), Span(10.2, 19), Span(20.5, 26), Span(26.1, 29), Span(29.2, 40)]
    first = plan_windows(spans, 40.0)[0].windows[0]
    assert first.end_s == pytest.approx(19.75)


def test_a_long_episode_is_shared_out_evenly():
    spans = [Span(at_s, at_s + 9.5) for at_s in range(0, 1200, 10)]
    pieces = plan_windows(spans, 1200.0)
    lengths = [p.windows[-1].end_s - p.windows[0].start_s for p in pieces]
    assert len(pieces) == 3
    assert max(lengths) - min(lengths) <= 60


def test_states_of_windows_come_out_by_the_second():
    windows = [Window(0.0, 2.5, True), Window(2.5, 4.2, False)]
    rows = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]], np.float32)
    states = align_states(windows, rows, 4.2)
    np.testing.assert_allclose(states.ravel(), [0, 1, 2.5, 3.35714, 4], atol=0.2)
    assert states.shape == (5, 1)
    with pytest.raises(ValueError, match="rows of states"):
        align_states(windows, rows[:-1], 4.2)


def test_rows_without_a_value_take_no_part():
    windows = [Window(0, 1.5, True), Window(1.5, 4.0, False)]
    rows = np.array([1, 2, np.nan, np.nan, np.nan], np.float32)[:, None]
    states = align_states(windows, rows, 4.0).ravel().tolist()
    assert states[:2] == [1, 2]
    assert np.isnan(states[2:]).all()


def test_even_the_shortest_stretch_has_a_row():
    states = np.arange(10, dtype=np.float32)[:, None]
    assert rows_between(states, 2.1, 2.3).ravel().tolist() == [2]
    assert rows_between(states, 9.9, 10.0).ravel().tolist() == [9]
    assert rows_between(states, 2.6, 5.4).ravel().tolist() == [3, 4]
    assert rows_between(states, 0.0, 10.0).ravel().tolist() == list(range(10))
