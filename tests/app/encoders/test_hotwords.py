"""Which names are looked for in what was heard, and what of the second hearing is taken."""

from app.domain import Word
from app.encoders.hotwords import MOST_TOKENS, hint_of, likely_names, with_names

NAMES = ["Eisbaden", "Siobhan Kowalczyk", "Kubernetes"]


def heard(text, start_s=0.0):
    return [Word(f" {word}", start_s + n, start_s + n + 0.8) for n, word in enumerate(text.split())]


def text_of(words):
    return "".join(word.text for word in words).strip()


def encode(text):
    """A token for two letters, so that no name is known as a whole."""
    return [0] * (len(text) // 2)


def test_a_name_is_looked_for_where_words_sound_like_it():
    assert "Eisbaden" in likely_names(NAMES, heard("we call it ice baden here"), encode)
    assert likely_names(NAMES, heard("nobody said anything of the kind"), encode) == []


def test_a_name_that_was_written_right_is_not_looked_for():
    assert "Eisbaden" not in likely_names(NAMES, heard("we call it Eisbaden here"), encode)


def test_no_more_names_are_told_than_there_is_room_for():
    many = [f"Eisbaden{'x' * 40}{number}" for number in range(100)]
    found = likely_names([*NAMES, *many], heard("ice baden"), encode)
    assert sum(len(encode(f" {name},")) for name in found) <= MOST_TOKENS


def test_what_would_steer_the_decoder_is_no_name():
    assert likely_names(["<|Eisbaden|>"], heard("ice baden"), encode) == []


def test_names_end_with_a_full_stop():
    assert hint_of(["Eisbaden", "Wim Hof"]) == "Eisbaden, Wim Hof."


def test_the_name_alone_is_taken_from_the_second_hearing():
    plain = heard("and we call it ice baden, here in town.")
    told = heard("We Call it Eisbaden here.")
    words = with_names(plain, told, ["Eisbaden"])
    assert text_of(words) == "and we call it Eisbaden, here in town."
    starts_s = [word.start_s for word in words]
    assert starts_s == sorted(starts_s)
    assert words[4].start_s >= plain[4].start_s
    assert words[4].end_s <= plain[5].end_s


def test_a_second_hearing_that_invents_or_fails_changes_nothing():
    plain = heard("a lake of four degrees")
    assert with_names(plain, heard("a lake of Kubernetes"), ["Kubernetes"]) == plain
    assert with_names(plain, [], ["Kubernetes"]) == plain
