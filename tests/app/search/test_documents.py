import base64
import struct

import numpy as np

from app.domain import Chapter, Episode, Feed, Segment, Word, segment_id
from app.search.documents import encode_vector, join_words, segment_document

FEED = Feed(id="f", url="http://127.0.0.1/f.xml", title="The Ice Show")


def test_a_vector_is_sent_as_big_endian_float32() -> None:
    sent = base64.b64decode(encode_vector(np.array([0.5, -2.0], np.float32)))
    assert struct.unpack(">2f", sent) == (0.5, -2.0)


def test_offsets_count_code_points_of_the_composed_text() -> None:
    words = [Word(" Cafe\u0301", 0, 1), Word(" 🎧", 1, 2), Word(" ok.", 2, 3)]
    assert join_words(words) == ("Café 🎧 ok.", [0, 5, 7])


def test_words_without_spaces_join_as_their_language_writes_them() -> None:
    assert join_words([Word("氷", 0, 1), Word("河", 1, 2)]) == ("氷河", [0, 1])


def test_a_spoken_segment_is_one_document_with_all_that_finds_it() -> None:
    episode = Episode(
        id="e",
        feed_id="f",
        guid="g",
        title="Deep ice",
        people=["Ada Lovelace"],
        duration_s=90.0,
        chapters=[
            Chapter(start_s=0, title="Hello"),
            Chapter(start_s=10, title="Cores"),
            Chapter(start_s=30, title="Bye"),
        ],
    )
    segment = Segment(
        12.0, 14.0, [Word(" Ice", 12.0, 12.5, 0.8), Word(" melts.", 13.0, 14.0)], "en"
    )
    assert segment_document(FEED, episode, segment, {}) == {
        "id": segment_id("e", 12.0),
        "feed_id": "f",
        "episode_id": "e",
        "start_s": 12.0,
        "end_s": 14.0,
        "language": "en",
        "episode_duration_s": 90.0,
        "feed_title": "The Ice Show",
        "episode_title": "Deep ice",
        "people": ["Ada Lovelace"],
        "chapters": ["Cores"],
        "text": "Ice melts.",
        "stemmed": {"en": "Ice melts."},
        "sounds_like": "_ice_ _melt melts elts_ +ASML +SMLT +MLTS",
        "words": {
            "offset": [0, 4],
            "start_s": [12.0, 13.0],
            "end_s": [12.5, 14.0],
            "probability": [0.8, 1.0],
        },
    }


def test_a_segment_without_words_has_its_sound_alone() -> None:
    episode = Episode(id="e", feed_id="f", guid="g")
    document = segment_document(
        FEED, episode, Segment(0.0, 5.0), {"audio_whisper": np.ones(2, np.float32)}
    )
    assert document.keys() == {
        "id", "feed_id", "episode_id", "start_s", "end_s", "feed_title", "audio_whisper",
    }  # fmt: skip


def test_a_language_without_an_analyzer_has_a_form_too() -> None:
    episode = Episode(id="e", feed_id="f", guid="g")
    segment = Segment(0.0, 5.0, [Word("dzień dobry", 0, 1)], "pl")
    assert segment_document(FEED, episode, segment, {})["stemmed"] == {"other": "dzień dobry"}
