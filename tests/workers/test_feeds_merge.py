from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain import Episode, EpisodeStatus, Feed, TranscriptLink, episode_id
from workers.feed_merge import BLOCKED, NO_AUDIO, NO_TRANSCRIPT, Changes, feed_fields, merge
from workers.feed_types import ParsedEpisode, ParsedFeed

NOW = datetime(2024, 5, 1, tzinfo=UTC)
FEED = Feed(id="f", url="https://a.test/feed", language="en", created_at=NOW, updated_at=NOW)
VTT = TranscriptLink(url="https://a.test/1.vtt", type="text/vtt")
ONE, TWO = episode_id("f", "one"), episode_id("f", "two")


def item(identity: str = "one", **fields: Any) -> ParsedEpisode:
    given = {"audio_url": f"https://a.test/{identity}.mp3", "title": identity} | fields
    return ParsedEpisode(identity=identity, **given)


def known(identity: str = "one", **fields: Any) -> Episode:
    given = {
        "id": episode_id("f", identity),
        "feed_id": "f",
        "guid": identity,
        "title": identity,
        "language": "en",
        "audio_url": f"https://a.test/{identity}.mp3",
        "status": EpisodeStatus.INDEXED,
        "indexed_at": NOW,
        "created_at": NOW,
        "updated_at": NOW,
    } | fields
    return Episode(**given)


def merged(*items: ParsedEpisode, stored: list[Episode] = [], feed: Feed = FEED) -> Changes:  # noqa: B006 - never changed
    document = ParsedFeed(episodes=list(items))
    return merge(feed, document, {episode.id: episode for episode in stored}, NOW)


def test_a_new_item_becomes_a_queued_episode() -> None:
    published = datetime(2024, 4, 1, tzinfo=UTC)
    changes = merged(item(published=published, duration_s=60.0, transcripts=[VTT]))
    assert changes == Changes(
        new=[
            Episode(
                id=ONE,
                feed_id="f",
                guid="one",
                title="one",
                published=published,
                duration_s=60.0,
                language="en",
                audio_url="https://a.test/one.mp3",
                transcripts=[VTT],
                created_at=NOW,
                updated_at=NOW,
            )
        ],
        enqueue=[ONE],
    )


def test_a_second_poll_of_the_same_changes_nothing() -> None:
    first = merged(item(), item("two"))
    assert merged(item(), item("two"), stored=first.new) == Changes()


@pytest.mark.parametrize(
    ("fields", "mode", "reason"),
    [
        ({"audio_url": None, "transcripts": [VTT]}, "prefer", NO_AUDIO),
        ({"audio_url": None}, "ignore", NO_AUDIO),
        ({}, "only", NO_TRANSCRIPT),
        ({"blocked": True}, "prefer", BLOCKED),
    ],
)
def test_what_cannot_be_searched_is_skipped_with_the_reason(
    fields: dict[str, Any], mode: str, reason: str
) -> None:
    feed = FEED.model_copy(update={"transcripts": mode})
    changes = merged(item(**fields), feed=feed)
    assert [(e.status, e.error) for e in changes.new] == [(EpisodeStatus.SKIPPED, reason)]
    assert changes.enqueue == []


def test_transcripts_alone_are_enough_in_only_mode() -> None:
    feed = FEED.model_copy(update={"transcripts": "only"})
    assert merged(item(audio_url=None, transcripts=[VTT]), feed=feed).enqueue == [ONE]


def test_a_skipped_episode_is_taken_up_when_what_was_missing_is_there() -> None:
    skipped = known(status=EpisodeStatus.SKIPPED, error=NO_AUDIO, audio_url=None, indexed_at=None)
    changes = merged(item(), stored=[skipped])
    assert changes == Changes(
        updates={
            ONE: {
                "audio_url": "https://a.test/one.mp3",
                "status": EpisodeStatus.QUEUED,
                "error": None,
            }
        },
        enqueue=[ONE],
    )


def test_only_the_latest_become_episodes_and_known_ones_stay() -> None:
    feed = FEED.model_copy(update={"latest": 1})
    changes = merged(item("two"), item(), item("old"), stored=[known()], feed=feed)
    assert [episode.guid for episode in changes.new] == ["two"]
    assert changes.updates == {}


def test_a_rotated_address_is_looked_at_without_losing_the_transcript() -> None:
    changes = merged(item(audio_url="https://b.test/one.mp3"), stored=[known()])
    assert changes == Changes(updates={ONE: {"audio_url": "https://b.test/one.mp3"}}, enqueue=[ONE])


def test_an_episode_in_progress_is_not_started_twice() -> None:
    busy = known(status=EpisodeStatus.TRANSCRIBING, indexed_at=None)
    changes = merged(item(audio_url="https://b.test/one.mp3"), stored=[busy])
    assert changes == Changes(updates={ONE: {"audio_url": "https://b.test/one.mp3"}})


def test_a_failed_episode_is_tried_again_at_a_new_address_only() -> None:
    failed = known(status=EpisodeStatus.FAILED, error="404", indexed_at=None)
    assert merged(item(), stored=[failed]) == Changes()
    changes = merged(item(audio_url="https://b.test/one.mp3"), stored=[failed])
    assert changes.updates[ONE]["status"] == EpisodeStatus.QUEUED
    assert changes.enqueue == [ONE]


def test_metadata_follows_the_feed_but_what_was_measured_stays() -> None:
    heard = known(duration_s=61.5, language="de")
    changes = merged(item(title="New", duration_s=60.0, language="en"), stored=[heard])
    assert changes == Changes(updates={ONE: {"title": "New"}}, rewrite=[ONE])


def test_a_vanished_episode_is_kept_and_marked_until_it_returns() -> None:
    stored = [known(), known("two")]
    assert merged(item(), stored=stored) == Changes(updates={TWO: {"vanished": True}})
    gone = known("two", vanished=True)
    assert merged(item(), stored=[known(), gone]) == Changes()
    assert merged(item("two"), stored=[gone]) == Changes(updates={TWO: {"vanished": False}})


def test_a_tombstone_stays_whatever_the_feed_says() -> None:
    deleted = known(status=EpisodeStatus.DELETED)
    changed = item(title="New", audio_url="https://b.test/one.mp3")
    assert merged(changed, stored=[deleted]) == Changes()
    assert merged(item("two"), stored=[deleted, known("two")]) == Changes()


def test_the_feed_takes_the_documents_fields_and_keeps_its_guid() -> None:
    feed = FEED.model_copy(update={"podcast_guid": "g", "title": "Old"})
    document = ParsedFeed(title="New", language="de", locked=True)
    assert feed_fields(feed, document) == {"title": "New", "language": "de", "locked": True}
