"""What an address can say of a moment."""

import pytest

from app.domain import Segment, Word
from app.web.moment import Moment, found_again, read


@pytest.mark.parametrize(
    ("t", "moment"),
    [
        ("", Moment()),
        ("90", Moment(90)),
        ("90.5s", Moment(90.5)),
        ("1m30s", Moment(90)),
        ("1h2m3s", Moment(3723)),
        ("2h", Moment(7200)),
        ("1:30", Moment(90)),
        ("1:02:03.5", Moment(3723.5)),
        ("90,120", Moment(90, 120)),
        ("1m30s,2m", Moment(90, 120)),
        (",20", Moment(0, 20)),
        ("npt:10,20", Moment(10, 20)),
    ],
)
def test_every_way_to_write_a_time(t: str, moment: Moment) -> None:
    assert read(t) == moment


@pytest.mark.parametrize("t", ["soon", "-5", "90,", "120,90", "90,90", "1:2:3:4", "90;", "½", "s"])
def test_what_is_no_time(t: str) -> None:
    with pytest.raises(ValueError, match=r"time|before"):
        read(t)


@pytest.mark.parametrize(
    ("moment", "fragment"),
    [(Moment(), ""), (Moment(90.5), "#t=90.5"), (Moment(0, 20), "#t=0,20")],
)
def test_a_browsers_own_player_is_told_the_same(moment: Moment, fragment: str) -> None:
    assert moment.fragment == fragment


def test_a_stretch_moves_whole_with_its_words() -> None:
    said = [Word(" the", 300.0, 300.5), Word(" fog", 300.5, 301.0), Word(" horn", 301.0, 302.0)]
    segments = [Segment(300.0, 302.0, said, "en"), Segment(302.0, 310.0)]
    assert found_again(Moment(270, 275), "the fog horn", segments) == Moment(300, 305, 30)
    assert found_again(Moment(301.5), "the fog horn", segments) == Moment(301.5)
    assert found_again(Moment(270), "no such thing", segments) == Moment(270)
    assert found_again(Moment(270), "", segments) == Moment(270)
