import random
from itertools import pairwise

import numpy as np
import pytest

from app.domain import Word
from app.segments import GAP_S, MAX_S, MAX_SILENT_S, Tongue, segment


def talk(seed: int) -> tuple[list[Word], float]:
    """A random episode: words of odd lengths, pauses, sentences, long silences."""
    rng = random.Random(seed)
    words, at_s = [], rng.choice([0.0, 0.5, 7.0, 40.0])
    for number in range(rng.choice([0, 1, 2, 60, 400])):
        length_s = rng.choice([0.0, 0.1, 0.3, 0.6, 2.0])
        mark = rng.choices(["", ",", ".", "?"], [20, 3, 2, 1])[0]
        words.append(Word(f" w{number}{mark}", round(at_s, 2), round(at_s + length_s, 2)))
        at_s += length_s + rng.choices([0.0, 0.2, 0.8, 3.0, 3.5, 31.0], [30, 6, 4, 1, 1, 0.3])[0]
    return words, at_s + rng.choice([0.0, 2.0, 50.0])


@pytest.mark.parametrize("seed", range(60))
def test_every_word_is_in_exactly_one_segment_and_times_are_its_own(seed):
    words, duration_s = talk(seed)
    parts = [part for part in segment(words, duration_s) if part.words]
    assert [word for part in parts for word in part.words] == words
    for part in parts:
        assert part.start_s == part.words[0].start_s
        assert part.end_s == max(word.end_s for word in part.words)


@pytest.mark.parametrize("seed", range(60))
def test_segments_are_short_enough_and_span_no_long_gap(seed):
    words, duration_s = talk(seed)
    for part in segment(words, duration_s):
        limit_s = MAX_S if part.words else MAX_SILENT_S
        assert part.end_s - part.start_s <= limit_s + 1e-6
        for before, after in zip(part.words, part.words[1:], strict=False):
            assert after.start_s - before.end_s <= GAP_S + 1e-6


@pytest.mark.parametrize("seed", range(60))
def test_words_and_wordless_segments_cover_the_episode_without_overlap(seed):
    words, duration_s = talk(seed)
    at_s = 0.0
    for part in segment(words, duration_s):
        assert part.start_s >= at_s - 1e-6
        assert part.start_s - at_s <= GAP_S + 1e-6
        at_s = max(at_s, part.end_s)
    assert duration_s - at_s <= GAP_S + 1e-6


@pytest.mark.parametrize("seed", range(60))
def test_long_talk_is_cut_at_the_aimed_length(seed):
    words, _ = talk(seed)
    parts = segment(words, None)
    for part, following in pairwise(parts):
        if following.start_s - part.end_s <= GAP_S:
            assert part.end_s - part.start_s >= 15


def steady(texts: list[str], step_s: float = 0.5) -> list[Word]:
    return [Word(f" {t}", i * step_s, (i + 1) * step_s - 0.1) for i, t in enumerate(texts)]


def test_a_segment_ends_with_a_sentence_rather_than_in_a_pause():
    texts = ["Word"] * 120
    texts[50] = "end."
    words = steady(texts)
    words = words[:70] + [Word(w.text, w.start_s + 2, w.end_s + 2) for w in words[70:]]
    assert segment(words, None)[0].text.endswith(" end.")


def test_a_segment_ends_in_a_pause_where_no_sentence_ends():
    words = steady(["Word"] * 120)
    words = words[:60] + [Word(w.text, w.start_s + 1, w.end_s + 1) for w in words[60:]]
    assert len(segment(words, None)[0].words) == 60


def test_a_segment_ends_in_the_widest_gap_where_nobody_pauses():
    words = steady(["Word"] * 120)
    words = words[:63] + [Word(w.text, w.start_s + 0.1, w.end_s + 0.1) for w in words[63:]]
    assert len(segment(words, None)[0].words) == 63


def test_abbreviations_and_numbers_end_no_segment():
    texts = ["Word"] * 120
    texts[45], texts[50], texts[55], texts[60] = "Dr.", "3.5", "U.S.", "end."
    assert segment(steady(texts), None)[0].text.endswith(" end.")


def test_chinese_sentences_end_segments():
    words = [Word("字", i * 0.4, i * 0.4 + 0.4) for i in range(150)]
    words[70] = Word("字。", 28.0, 28.4)
    first = segment(words, None)[0]
    assert first.text.endswith("。")
    assert " " not in first.text


def test_short_speech_stays_short():
    words = [Word(" Hello.", 1.0, 1.4), Word(" Goodbye.", 60.0, 60.5)]
    assert [part.text for part in segment(words, None)] == ["Hello.", "Goodbye."]


def test_a_transcript_without_audio_makes_no_wordless_segments():
    words = [Word(" Hello.", 100.0, 100.4)]
    assert len(segment(words, None)) == 1
    assert len(segment(words, 200.0)) > 2


def test_audio_without_a_word_is_cut_into_wordless_segments():
    parts = segment([], 40.0)
    assert [part.text for part in parts] == ["", "", ""]
    assert (parts[0].start_s, parts[-1].end_s) == (0.0, 40.0)
    assert segment([], 2.0) == []


def test_wordless_stretches_are_cut_where_the_sound_changes():
    rng = np.random.default_rng(0)
    sounds = rng.normal(size=(3, 64))
    rows = np.repeat(sounds, [8, 11, 10], axis=0) + rng.normal(scale=0.1, size=(29, 64))
    parts = segment([], 29.0, rows.astype(np.float16))
    assert [(part.start_s, part.end_s) for part in parts] == [(0, 8), (8, 19), (19, 29)]


def test_an_even_sound_is_not_cut_below_the_limit():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=64) + rng.normal(scale=0.1, size=(60, 64))
    words = [Word(" word", 14.0 + i / 2, 14.4 + i / 2) for i in range(92)]
    assert segment(words, 60.0, rows)[0].end_s == 14.0


def test_each_segment_has_its_own_language():
    words = steady(["Word"] * 40)
    parts = segment(words, None, tongues=[Tongue(0.0, "en"), Tongue(10.0, "de")])
    assert [(part.language, len(part.words)) for part in parts] == [("en", 20), ("de", 20)]


def test_overlapping_speakers_lose_no_word():
    words = [Word(" long", 0.0, 9.0), Word(" short", 1.0, 1.5), Word(" later", 9.5, 10.0)]
    parts = segment(words, 10.0)
    assert [part.text for part in parts] == ["long short later"]
    assert parts[0].end_s == 10.0
