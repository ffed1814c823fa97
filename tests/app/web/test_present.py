"""What values look like to a person."""

from app.domain import Segment, Word
from app.search.weights import INTENTS, LEGS
from app.web import present
from app.web.models import ClipOut, Degraded, Hit, IntentOut, NoiseOut


def test_each_turn_is_a_line_of_its_own() -> None:
    said = [(" It", 27.0, "Nadia"), (" cracks!", 27.4, "Nadia"), (" It sings.", 29.0, "Henrik")]
    words = [Word(text, start, start + 0.4, speaker=speaker) for text, start, speaker in said]
    lines = present.lines([Segment(26.8, 31.0, words, "en"), Segment(31.0, 36.0)])
    assert lines == [
        present.Line(26.8, 29.0, "It cracks!", "en", "Nadia"),
        present.Line(29.0, 31.0, "It sings.", "en", "Henrik"),
        present.Line(31.0, 36.0, "", None),
    ]


def hit(text: str, *highlights: tuple[int, int]) -> Hit:
    return Hit.model_construct(text=text, highlights=list(highlights))


def test_a_title_that_matched_is_not_called_words() -> None:
    assert present.reason("keyword", hit("snow falls", (0, 4))) == "same words"
    assert present.reason("keyword", hit("it falls")) == "title or chapter"
    assert present.reason("meaning", hit("it falls")) == "similar meaning"


def test_what_only_sounds_alike_is_told_from_the_same_words() -> None:
    alike, both = found_by("sounds_like"), found_by("keyword", "sounds_like")
    assert present.reason("sounds_like", alike) == "sounds alike, not the same words"
    assert present.reason("sounds_like", both) == "sounds alike"


def test_every_leg_and_intent_has_a_name_for_a_listener() -> None:
    assert set(present.LEGS) == set(LEGS)
    assert list(present.INTENTS) == list(INTENTS)


def found_by(*legs: str, at_s: float = 0.0) -> Hit:
    """A hit that these ways found."""
    return Hit.model_construct(text="it falls", highlights=[(0, 2)], legs=set(legs), at_s=at_s)


def test_a_recording_is_placed_to_the_tenth_of_a_second() -> None:
    assert present.place(found_by("recording", at_s=59.96)) == "1:00.0"
    assert present.place(found_by("keyword", at_s=59.96)) == "0:59"


def clip(intent: str, snr_db: float | None) -> ClipOut:
    noise = NoiseOut(snr_db=snr_db, denoised=[])
    return ClipOut.model_construct(
        intent=IntentOut(asked=intent, used=intent, reason=""), noise=noise, degraded=[], heard=None
    )


def test_noise_is_told_where_it_costs_something() -> None:
    assert present.noisy(clip("words", 4.2)) == (
        "The recording is noisy (4 dB): words may be misheard."
    )
    assert present.noisy(clip("voice", 4.2)) == "The recording is noisy (4 dB)."
    assert present.noisy(clip("recording", 4.2)) is None
    assert present.noisy(clip("words", 25.0)) is None
    assert present.noisy(clip("words", None)) is None


def test_nothing_found_is_said_by_intent() -> None:
    assert present.nothing(clip("recording", 20.0)) == "This recording is not in the library"
    assert present.nothing(clip("voice", 20.0)) == "No passage has this voice"
    assert present.nothing(clip("voice", None)) == "Nobody speaks in the recording"
    assert present.nothing(clip("meaning", 20.0)) == "No words were heard in the recording"


def test_what_could_not_do_its_share_is_named_as_a_listener_knows_it() -> None:
    voice = Degraded(part="voice", reason="No weights are here.")
    assert present.notice(voice) == "Search by voice was not available. No weights are here."
    paging = Degraded(part="paging", reason="Only the best 200 can be paged through.")
    assert present.notice(paging) == "Only the best 200 can be paged through."


def test_a_cut_text_never_leaves_its_dots_alone_on_a_line() -> None:
    assert str(present.snippet(hit("snow " * 100, (0, 4)))).endswith("snow\N{NO-BREAK SPACE}…")


def test_what_was_relaxed_is_told_in_one_sentence() -> None:
    assert present.relaxed(["sea ice"], closest=True) == (
        "No one says exactly “sea ice”; showing what comes closest."
    )
    assert present.relaxed(["a", "b OR c", "d"], closest=False) == (
        "No one says “a”, “b OR c” and “d” together."
    )
