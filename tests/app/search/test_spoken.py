import pytest

from app.search.spoken import numbers, pairs, without_asking


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("50", ["fifty"]),
        ("2016", ["twenty sixteen", "two thousand and sixteen", "two thousand sixteen"]),
        ("1990s", ["nineteen nineties"]),
        ("50s", ["fifties"]),
        ("21st", ["twenty first"]),
        ("1.2", ["one point two"]),
        ("1,234", ["one thousand two hundred and thirty four",
                   "one thousand two hundred thirty four"]),
        ("007", ["seven"]),
    ],
)  # fmt: skip
def test_numbers_are_said_in_words(typed: str, said: list[str]) -> None:
    assert numbers(f"in {typed}, once") == [said]


@pytest.mark.parametrize("text", ["x86", "5g", "", "fifty", "1" * 30, "²", "٣x", "1_000"])
def test_what_is_no_number_stays(text: str) -> None:
    assert numbers(text) == []


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("Why is the ice melting?", "the ice melting?"),
        ("What’s the cost of 1,234 albums?", "the cost of 1,234 albums?"),
        ("Doctor Who", "Doctor Who"),
        ("who is who is who", "who is who is who"),
        ("", ""),
    ],
)
def test_what_asks_is_left_out(question: str, rest: str) -> None:
    assert without_asking(question) == rest


def test_neighbours_are_paired_as_they_are_said() -> None:
    assert pairs("Super Bowl 50?") == ["Super Bowl", "Bowl fifty"]
    assert pairs("co-op members’ ice") == ["co-op members", "members ice"]
    assert pairs("ice") == []
