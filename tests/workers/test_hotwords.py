from app.domain import Episode, Feed
from workers.hotwords import MOST, hotwords_of, names_in


def episode(**fields):
    return Episode(id="e", feed_id="f", guid="g", **fields)


FEED = Feed(id="f", url="https://example.org/feed", title="Cold Mornings", hotwords=["Tjörnin"])


def test_the_feeds_own_list_comes_first_and_each_name_once():
    this = episode(
        title="The lake",
        people=["Marit Bjørnsdóttir"],
        description="This time with Marit Bjørnsdóttir, who calls it Eisbaden.",
        language="en",
    )
    earlier = [episode(people=["Marit Bjørnsdóttir", "Ngozi Adeyemi"])]
    assert hotwords_of(FEED, this, earlier) == [
        "Tjörnin", "Marit Bjørnsdóttir", "Eisbaden", "The lake", "Cold Mornings", "Ngozi Adeyemi",
    ]  # fmt: skip


def test_there_is_an_end_to_them():
    people = [f"Guest {number}" for number in range(100)]
    assert len(hotwords_of(FEED, episode(people=people), [])) == MOST


def test_a_comma_parts_no_name():
    assert hotwords_of(Feed(id="f", url="u"), episode(title="Bread, salt"), []) == ["Bread salt"]


def test_names_are_what_has_capital_letters_within_a_sentence():
    text = (
        "Today we talk with Siobhan Kowalczyk about Kubernetes. The team moved in 2019. "
        "Listen to Élodie Durand's record, or see https://example.org/A-Page Now"
    )
    assert list(names_in(text, "en")) == ["Siobhan Kowalczyk", "Kubernetes", "Élodie Durand"]


def test_one_capital_letter_makes_no_name_in_german():
    text = "Wir reden mit Marit Schulz über das Eisbaden im Winter."
    assert list(names_in(text, "de")) == ["Marit Schulz"]
