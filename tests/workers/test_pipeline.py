"""The stages, one after the other, over real services, a real store and real models.

The audio is synthetic: nobody speaks in it, so the words are the publisher's or there are none.
How well speech is heard is the business of tests/end_to_end.
"""

import io
import wave
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from app import queue
from app.artefacts import EpisodeArtefacts
from app.audio.landmarks import clip_landmarks
from app.catalog import get_catalog
from app.domain import Episode, EpisodeStatus, Feed
from app.encoders import registry
from app.search.client import get_client
from app.search.hybrid import Query, search
from app.search.index import ensure_indices
from app.search.recordings import RecordingIndex, find
from app.settings import Settings, get_settings
from app.store import get_store
from tests.app.audio.test_landmarks import tones
from tests.served import Site, serving
from tests.voices import LOW, babble
from workers import feeds
from workers.fetch import FetchError
from workers.pipeline import Pipeline, Skip
from workers.reindex import Artefacts

pytestmark = pytest.mark.usefixtures("settings")

VTT = b"""WEBVTT

00:00.500 --> 00:04.000
<v Ada>The lighthouse keeper counted forty gannets.

00:04.500 --> 00:09.000
<v Ben>And not a single puffin, which was odd for June.
"""

FEED = """<?xml version="1.0"?><rss version="2.0"
 xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel>
<title>{title}</title><link>https://example.org</link><language>en-GB</language>
<item><title>Birds</title><guid>birds</guid><enclosure url="{audio}" type="audio/wav" length="1"/>
{transcript}</item></channel></rss>"""


def tone(seconds: float, hertz: float = 440.0) -> bytes:
    """A WAV file that hums."""
    at_s = np.arange(int(16_000 * seconds)) / 16_000
    return wav(0.25 * np.sin(2 * np.pi * hertz * at_s))


def wav(audio: Any) -> bytes:
    """Samples in [-1, 1] as a WAV file."""
    samples = (32_767 * np.clip(audio, -1, 1)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(samples.tobytes())
    return file.getvalue()


class Desk:
    """A pipeline whose tasks wait in a queue here, so that a test says when they run."""

    def __init__(self, settings: Settings, site: Site) -> None:
        self.waiting: deque[tuple[Any, ...]] = deque()
        self.site = site
        self.pipeline = Pipeline(
            get_catalog(), get_store(), settings, lambda *task: self.waiting.append(task)
        )

    def run(self) -> list[str]:
        """Run all that waits and what that enqueues; the names of the tasks that ran."""
        stages = {
            queue.FETCH: self.pipeline.fetch,
            queue.TRANSCRIBE: self.pipeline.transcribe,
            queue.FINISH: self.pipeline.finish,
        }
        ran = []
        while self.waiting:
            name, *arguments = self.waiting.popleft()
            ran.append(name)
            try:
                stages[name](*arguments)
            except Skip as reason:
                self.pipeline.skip(arguments[0], str(reason))
            except FetchError as error:
                self.pipeline.fail(arguments[0], str(error))
        return ran

    def add(
        self, name: str, *, transcripts: Any = "prefer", audio: str = "", vtt: bool = False
    ) -> Feed:
        """Serve a feed of one episode and add it."""
        self.publish(name, audio=audio, vtt=vtt)
        added = feeds.add(self.site.url(f"/{name}.xml"), transcripts, None, get_catalog())
        self.pipeline.take_in(added.feed.id, added.episode_ids)
        return added.feed

    def publish(
        self, name: str, *, title: str = "Coast", audio: str = "", vtt: bool = False
    ) -> None:
        link = f'<podcast:transcript url="{self.site.url("/birds.vtt")}" type="text/vtt"/>'
        audio = audio or self.site.url("/birds.wav")
        body = FEED.format(title=title, audio=audio, transcript=link if vtt else "")
        self.site.serve(f"/{name}.xml", body.encode())

    def poll(self, feed: Feed) -> None:
        found = feeds.poll(feed.id, get_catalog())
        self.pipeline.take_in(feed.id, found.to_fetch, found.to_rewrite)

    def episode(self, feed: Feed) -> Any:
        get_catalog().refresh()
        episodes = list(get_catalog().all_episodes(feed.id, list(EpisodeStatus)))
        assert len(episodes) == 1, [(e.id, e.guid, e.status) for e in episodes]
        return episodes[0]

    def requests(self, path: str) -> int:
        return sum(asked.startswith(path) for asked, _ in self.site.requests)


@pytest.fixture(scope="module")
def site(settings: Settings) -> Iterator[Site]:
    with serving() as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARMARK_ALLOW_PRIVATE_NETWORKS", f"127.0.0.1:{served.port}")
        get_settings.cache_clear()
        served.serve("/birds.wav", tone(20), headers={"Content-Type": "audio/wav"})
        served.serve("/birds.vtt", VTT)
        ensure_indices()
        yield served


@pytest.fixture
def desk(site: Site) -> Desk:
    site.requests.clear()
    return Desk(get_settings(), site)


def voices(feed: Feed) -> dict[float, bool]:
    """Whether each segment has a voice, by its start_s."""
    es, index = get_client(), f"{get_settings().index_prefix}-segments"
    found = {}
    for spoken in ([], [{"exists": {"field": "voice"}}]):
        query = {"bool": {"filter": [{"term": {"feed_id": feed.id}}, *spoken]}}
        hits = es.search(index=index, query=query, size=100)["hits"]["hits"]
        found |= {hit["_source"]["start_s"]: bool(spoken) for hit in hits}
    return found


@pytest.fixture
def spoken(site: Site) -> str:
    """The address of eight seconds of a voice and seventeen of a tone."""
    at_s = np.arange(17 * 16_000) / 16_000
    samples = np.concatenate([babble(8, LOW), 0.25 * np.sin(2 * np.pi * 440 * at_s)])
    site.serve("/spoken.wav", wav(samples))
    return site.url("/spoken.wav")


def hits(words: str, feed: Feed) -> Any:
    return search(Query(q=words, show=(feed.id,))).hits


def test_an_episode_without_a_word_is_indexed_all_the_same(desk: Desk) -> None:
    feed = desk.add("hum")
    assert desk.run() == [queue.FETCH, queue.TRANSCRIBE, queue.FINISH]
    episode = desk.episode(feed)
    assert episode.status == EpisodeStatus.INDEXED
    assert episode.duration_s == pytest.approx(20, abs=0.1)
    assert episode.segments >= 2, "20 s of sound in segments of at most 15 s"
    assert episode.progress.done_s == episode.progress.total_s == pytest.approx(20, abs=0.1)


def test_an_episode_too_short_for_a_segment_is_indexed_all_the_same(desk: Desk) -> None:
    desk.site.serve("/blip.wav", tone(0.2))
    feed = desk.add("blip", audio=desk.site.url("/blip.wav"))
    desk.run()
    episode = desk.episode(feed)
    assert (episode.status, episode.segments) == (EpisodeStatus.INDEXED, 0)


def test_the_publishers_words_are_taken_and_the_audio_is_heard(desk: Desk) -> None:
    feed = desk.add("prefer", vtt=True)
    desk.run()
    episode = desk.episode(feed)
    assert (episode.status, episode.words_from) == (EpisodeStatus.INDEXED, "publisher")
    (hit,) = hits('"forty gannets"', feed)
    assert hit.start_s == pytest.approx(0.5, abs=0.01)
    assert desk.requests("/birds.wav") == 1


def test_only_transcripts_fetches_no_audio(desk: Desk) -> None:
    feed = desk.add("only", transcripts="only", vtt=True)
    assert desk.run() == [queue.FETCH, queue.FINISH]
    assert desk.episode(feed).status == EpisodeStatus.INDEXED
    assert desk.requests("/birds.wav") == 0
    assert hits("puffin", feed)


def test_only_transcripts_skips_an_episode_that_has_none(desk: Desk) -> None:
    feed = desk.add("only-none", transcripts="only")
    desk.run()
    episode = desk.episode(feed)
    assert episode.status == EpisodeStatus.SKIPPED
    assert "transcripts only" in episode.error


def test_running_a_stage_twice_changes_nothing(desk: Desk) -> None:
    feed = desk.add("twice", vtt=True)
    desk.run()
    before = [(hit.id, hit.text) for hit in hits("lighthouse", feed)]
    episode = desk.episode(feed)
    for stage in (desk.pipeline.fetch, desk.pipeline.finish):
        stage(episode.id)
    desk.pipeline.transcribe(episode.id, 0)
    assert desk.run() == []
    assert [(hit.id, hit.text) for hit in hits("lighthouse", feed)] == before
    assert desk.episode(feed).attempts == 1


def test_a_rotating_address_with_the_same_bytes_is_not_heard_again(desk: Desk) -> None:
    feed = desk.add("rotating", vtt=True)
    desk.run()
    desk.publish("rotating", audio=desk.site.url("/birds.wav?token=2"), vtt=True)
    desk.poll(feed)
    assert desk.run() == [queue.FETCH, queue.FINISH]
    episode = desk.episode(feed)
    assert episode.status == EpisodeStatus.INDEXED
    assert episode.audio_url.endswith("token=2")


def test_changed_bytes_are_heard_again(desk: Desk) -> None:
    feed = desk.add("changed")
    desk.run()
    desk.site.serve("/longer.wav", tone(25, 330))
    desk.publish("changed", audio=desk.site.url("/longer.wav"))
    desk.poll(feed)
    assert desk.run() == [queue.FETCH, queue.TRANSCRIBE, queue.FINISH]
    assert desk.episode(feed).duration_s == pytest.approx(25, abs=0.1)


def test_a_new_title_is_found_without_fetching_the_audio_again(desk: Desk) -> None:
    feed = desk.add("renamed", vtt=True)
    desk.run()
    fetched = desk.requests("/birds.wav")
    desk.publish("renamed", title="Zanzibar Weekly", vtt=True)
    desk.poll(feed)
    desk.run()
    assert hits("zanzibar", feed)
    assert desk.requests("/birds.wav") == fetched


def test_audio_is_dropped_after_indexing_and_states_are_kept(desk: Desk) -> None:
    feed = desk.add("dropped")
    desk.run()
    names = get_store().names(f"episodes/{desk.episode(feed).id}")
    leaves = {name.rsplit("/", 1)[1] for name in names}
    assert not leaves & {"source", "audio.pcm"}
    assert {"states-0.npy", "words-0.json.gz", "segments.json.gz", "plan.json.gz"} <= leaves


def test_segments_in_which_somebody_speaks_have_a_voice(desk: Desk, spoken: str) -> None:
    feed = desk.add("voices", audio=spoken, vtt=True)
    desk.run()
    by_start = voices(feed)
    assert len(by_start) >= 3
    assert by_start == {start_s: start_s < 9 for start_s in by_start}


def test_an_episode_heard_before_there_were_voices_is_named_and_can_be_heard_anew(
    desk: Desk, spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_VOICE_EMBEDDER", "off")
    get_settings.cache_clear()
    feed = desk.add("voiceless", audio=spoken, vtt=True)
    desk.run()
    monkeypatch.delenv("EARMARK_VOICE_EMBEDDER")
    get_settings.cache_clear()
    fetched = desk.requests("/spoken.wav")
    desk.publish("voiceless", title="Renamed", audio=spoken, vtt=True)
    desk.poll(feed)
    assert desk.run() == [queue.FINISH]
    assert not any(voices(feed).values())
    assert desk.requests("/spoken.wav") == fetched
    assert "1 episodes have no voice vectors by campplus" in lacking(feed, desk.episode(feed))
    desk.pipeline.retry(desk.episode(feed).id)
    assert desk.run() == [queue.FETCH, queue.TRANSCRIBE, queue.FINISH]
    assert any(voices(feed).values())
    assert lacking(feed, desk.episode(feed)) == ""


def heard_without_classes(desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str) -> Feed:
    """A feed whose episode was heard before there was a second audio engine."""
    monkeypatch.setenv("EARMARK_AUDIO_EMBEDDER", "whisper:base")
    get_settings.cache_clear()
    desk.site.serve(f"/{name}.wav", tone(12))
    feed = desk.add(name, audio=desk.site.url(f"/{name}.wav"), vtt=True)
    desk.run()
    get_store().remove(f"episodes/{desk.episode(feed).id}/peaks.npy")
    monkeypatch.delenv("EARMARK_AUDIO_EMBEDDER")
    get_settings.cache_clear()
    return feed


def test_an_engine_that_is_chosen_later_hears_the_audio_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = heard_without_classes(desk, monkeypatch, "later")
    episode = desk.episode(feed)
    told = lacking(feed, episode)
    assert "1 episodes have no audio_classes vectors by yamnet" in told
    assert "`earmark reindex --only audio_classes`" in told
    again = library_source("audio_classes")
    batch = again.segments(feed, episode)
    assert batch is not None
    vectors = np.asarray(batch.vectors["audio_classes"])
    assert vectors.shape == (len(batch.segments), 522)
    assert again.lacking() == ""
    kept = EpisodeArtefacts(get_store(), episode.id)
    assert not kept.has_pcm()
    assert kept.peaks() is not None
    assert lacking(feed, episode) == ""


def test_audio_that_has_changed_is_not_taken_for_what_was_heard(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = heard_without_classes(desk, monkeypatch, "other")
    desk.site.serve("/other.wav", tone(12, 300))
    again = library_source("audio_classes")
    batch = again.segments(feed, desk.episode(feed))
    assert batch is not None
    assert "audio_classes" not in batch.vectors
    assert "its audio has changed since it was heard" in again.lacking()


def test_audio_that_has_changed_is_refused_each_time_where_audio_is_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = heard_without_classes(desk, monkeypatch, "each")
    desk.site.serve("/each.wav", tone(12, 300))
    monkeypatch.setenv("EARMARK_KEEP_AUDIO", "true")
    get_settings.cache_clear()
    for _ in range(2):
        again = library_source("audio_classes")
        batch = again.segments(feed, desk.episode(feed))
        assert batch is not None
        assert "audio_classes" not in batch.vectors
        assert "its audio has changed since it was heard" in again.lacking()


def library_source(only: str | None = None) -> Artefacts:
    """What a re-index reads."""
    return Artefacts(
        get_store(), registry.text_embedder(), registry.reader(), registry.sound_embedders(), only
    )


def lacking(feed: Feed, episode: Episode) -> str:
    """What a re-index of this episode says that it could not rebuild."""
    source = library_source()
    assert source.segments(feed, episode) is not None
    return source.lacking()


def recorded(feed: Feed) -> list[tuple[str, float]]:
    """Where the recording of MELODY's 7th to 10th second is found in this feed."""
    only = [{"term": {"feed_id": feed.id}}]
    clip = clip_landmarks(MELODY[7 * 16_000 : 10 * 16_000])
    matches = find(get_client(), get_settings().index_prefix, clip, only)
    return [(match.episode_id, match.start_s) for match in matches if match.accepted]


MELODY = tones(20.0, seed=11)


def test_the_recording_is_found_until_the_episode_is_removed(desk: Desk) -> None:
    desk.site.serve("/melody.wav", wav(MELODY))
    feed = desk.add("melody", audio=desk.site.url("/melody.wav"), vtt=True)
    desk.run()
    episode = desk.episode(feed)
    assert recorded(feed) == [(episode.id, pytest.approx(7.0, abs=0.05))]
    desk.pipeline.finish(episode.id)
    assert len(recorded(feed)) == 1
    desk.pipeline.remove_episode(episode.id)
    assert recorded(feed) == []
    index = RecordingIndex(get_client(), get_settings().index_prefix)
    assert index.ids(episode.id) == []


def test_the_waveform_is_kept_and_made_anew_only_from_kept_audio(desk: Desk) -> None:
    at_s = np.arange(20 * 16_000) / 16_000
    louder = np.where(at_s < 10, 0.1, 0.8) * np.sin(2 * np.pi * 440 * at_s)
    desk.site.serve("/louder.wav", wav(louder))
    feed = desk.add("louder", audio=desk.site.url("/louder.wav"), vtt=True)
    desk.run()
    episode = desk.episode(feed)
    kept = EpisodeArtefacts(get_store(), episode.id)
    peaks = kept.peaks()
    assert peaks is not None
    assert peaks[:500].max() < 100
    assert peaks[500:].min() > 250
    get_store().remove(f"episodes/{episode.id}/peaks.npy")
    assert lacking(feed, episode) == ""
    assert kept.peaks() is None
    with get_store().write(kept.pcm()) as pcm:
        pcm.write((32_767 * louder).astype("<i2").tobytes())
    assert lacking(feed, episode) == ""
    again = kept.peaks()
    assert again is not None
    assert again.tolist() == peaks.tolist()


def test_audio_that_changed_is_found_by_the_new_recording_alone(desk: Desk) -> None:
    desk.site.serve("/first.wav", wav(MELODY))
    feed = desk.add("replaced", audio=desk.site.url("/first.wav"))
    desk.run()
    assert recorded(feed)
    desk.site.serve("/second.wav", wav(tones(15.0, seed=12)))
    desk.publish("replaced", audio=desk.site.url("/second.wav"))
    desk.poll(feed)
    desk.run()
    assert recorded(feed) == []


def test_words_alone_have_no_recording_and_none_is_missed(desk: Desk) -> None:
    feed = desk.add("wordless", transcripts="only", vtt=True)
    desk.run()
    source = library_source()
    assert source.landmarks(desk.episode(feed)) is None
    assert source.lacking() == ""


def test_a_rebuild_says_how_many_episodes_have_no_landmarks(desk: Desk) -> None:
    feed = desk.add("older", vtt=True)
    desk.run()
    episode = desk.episode(feed)
    kept = EpisodeArtefacts(get_store(), episode.id)
    source = library_source()
    assert source.landmarks(episode) is not None
    for name in get_store().names(f"episodes/{episode.id}"):
        if "landmarks" in name:
            get_store().remove(name)
    assert kept.landmarks() is None
    assert source.landmarks(episode) is None
    assert source.lacking() == (
        "1 episodes have no landmarks: their audio is not kept. "
        "Process them again to have them found by a recording of them."
    )
    with get_store().write(kept.pcm()) as pcm:
        pcm.write((32_767 * MELODY).astype("<i2").tobytes())
    made = library_source().landmarks(episode)
    assert made is not None
    assert len(made) > 100
    again = kept.landmarks()
    assert again is not None
    assert again.times.tolist() == made.times.tolist()


def test_an_episode_that_is_processed_again_is_told_the_names_of_today(desk: Desk) -> None:
    feed = desk.add("names")
    desk.run()
    episode = desk.episode(feed)
    kept = EpisodeArtefacts(get_store(), episode.id)
    plan = kept.plan()
    assert plan is not None
    assert list(plan.hotwords) == ["Birds", "Coast"]
    get_catalog().update_feed(feed.id, wait=True, hotwords=["Eisbaden"])
    desk.pipeline.retry(episode.id)
    assert queue.TRANSCRIBE in desk.run()
    plan = kept.plan()
    assert plan is not None
    assert list(plan.hotwords) == ["Eisbaden", "Birds", "Coast"]


def test_a_missing_enclosure_fails_with_a_reason_and_retry_goes_on(desk: Desk) -> None:
    feed = desk.add("gone", audio=desk.site.url("/soon.wav"))
    desk.run()
    episode = desk.episode(feed)
    assert episode.status == EpisodeStatus.FAILED
    assert "404" in episode.error
    desk.site.serve("/soon.wav", tone(4))
    desk.pipeline.retry(episode.id)
    desk.run()
    episode = desk.episode(feed)
    assert (episode.status, episode.error) == (EpisodeStatus.INDEXED, None)


def test_an_episode_heard_anew_loses_nothing_where_its_audio_is_gone(desk: Desk) -> None:
    desk.site.serve("/anew.wav", tone(3))
    feed = desk.add("anew", audio=desk.site.url("/anew.wav"), vtt=True)
    desk.run()
    episode = desk.episode(feed)
    kept = get_store().names(f"episodes/{episode.id}")
    del desk.site.routes["/anew.wav"]
    desk.pipeline.retry(episode.id)
    desk.run()
    assert desk.episode(feed).status == EpisodeStatus.FAILED
    assert hits("lighthouse", feed)
    assert set(kept) <= set(get_store().names(f"episodes/{episode.id}"))
    desk.site.serve("/anew.wav", tone(4))
    desk.pipeline.retry(episode.id)
    desk.run()
    assert desk.episode(feed).status == EpisodeStatus.INDEXED


def test_a_paused_feed_waits_and_goes_on(desk: Desk) -> None:
    feed = desk.add("paused", vtt=True)
    get_catalog().update_feed(feed.id, paused=True, wait=True)
    get_catalog().refresh()
    desk.pipeline.apply_pause(feed.id)
    desk.run()
    assert desk.episode(feed).status == EpisodeStatus.PAUSED
    get_catalog().update_feed(feed.id, paused=False, wait=True)
    desk.pipeline.apply_pause(feed.id)
    desk.run()
    assert desk.episode(feed).status == EpisodeStatus.INDEXED


def test_a_deleted_episode_stays_deleted(desk: Desk) -> None:
    feed = desk.add("deleted", vtt=True)
    desk.run()
    episode = desk.episode(feed)
    get_catalog().update_episode(episode.id, status=EpisodeStatus.DELETED, wait=True)
    desk.pipeline.remove_episode(episode.id)
    assert hits("lighthouse", feed) == []
    desk.poll(feed)
    desk.run()
    assert desk.episode(feed).status == EpisodeStatus.DELETED
    assert get_store().names(f"episodes/{episode.id}") == [f"episodes/{episode.id}/episode.json.gz"]


def test_an_episode_deleted_while_it_is_indexed_leaves_nothing(desk: Desk) -> None:
    feed = desk.add("withdrawn", vtt=True)
    episode = desk.episode(feed)
    desk.pipeline.fetch(episode.id)
    desk.pipeline.transcribe(episode.id, 0)
    get_catalog().update_episode(episode.id, status=EpisodeStatus.DELETED, wait=True)
    desk.pipeline.remove_episode(episode.id)
    desk.run()
    assert hits("lighthouse", feed) == []
    assert desk.episode(feed).status == EpisodeStatus.DELETED


def test_an_episode_deleted_while_it_is_fetched_stays_deleted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = desk.add("revoked")
    episode = desk.episode(feed)

    def plan_and_delete(self: Pipeline, *args: Any, **more: Any) -> None:
        planned(self, *args, **more)
        get_catalog().update_episode(episode.id, status=EpisodeStatus.DELETED, wait=True)

    planned = Pipeline._plan
    monkeypatch.setattr(Pipeline, "_plan", plan_and_delete)
    desk.run()
    desk.pipeline.resume(episode.id)  # as the sweep does where a worker died
    assert desk.run() == []
    assert desk.episode(feed).status == EpisodeStatus.DELETED


def test_a_message_that_comes_late_undoes_nothing(desk: Desk) -> None:
    feed = desk.add("doubled", vtt=True)
    episode = desk.episode(feed)
    desk.pipeline.fetch(episode.id)
    desk.pipeline.fetch(episode.id)
    desk.pipeline.finish(episode.id)
    assert desk.episode(feed).status == EpisodeStatus.TRANSCRIBING
    assert desk.requests("/birds.wav") == 1


def test_a_fetch_that_was_lost_is_done_again_though_older_words_are_kept(desk: Desk) -> None:
    feed = desk.add("lost")
    desk.run()
    desk.site.serve("/other.wav", tone(5))
    desk.publish("lost", audio=desk.site.url("/other.wav"))
    desk.poll(feed)
    desk.waiting.clear()
    desk.pipeline.resume(desk.episode(feed).id)
    desk.run()
    assert desk.episode(feed).duration_s == pytest.approx(5, abs=0.1)


def test_hearing_anew_that_failed_is_tried_again(desk: Desk) -> None:
    desk.site.serve("/renewed.wav", tone(3))
    feed = desk.add("renewed", audio=desk.site.url("/renewed.wav"))
    desk.run()
    del desk.site.routes["/renewed.wav"]
    desk.pipeline.retry(desk.episode(feed).id)
    desk.run()
    desk.site.serve("/renewed.wav", tone(6))
    desk.pipeline.retry(desk.episode(feed).id)
    desk.run()
    episode = desk.episode(feed)
    assert episode.status == EpisodeStatus.INDEXED
    assert episode.duration_s == pytest.approx(6, abs=0.1)


def test_a_removed_feed_leaves_nothing(desk: Desk) -> None:
    feed = desk.add("removed", vtt=True)
    desk.run()
    episode = desk.episode(feed)
    get_catalog().remove_feed(feed.id)
    desk.pipeline.remove_feed(feed.id)
    get_catalog().refresh()
    assert get_catalog().get_episode(episode.id) is None
    assert get_store().names(f"episodes/{episode.id}") == []
    assert get_store().names(f"feeds/{feed.id}.json.gz") == []


def test_what_a_stage_writes_after_a_removal_goes_too(desk: Desk) -> None:
    feed = desk.add("late", vtt=True)
    episode = desk.episode(feed)
    assert not desk.pipeline.forget_if_removed(episode.id)
    get_catalog().update_episode(episode.id, status=EpisodeStatus.DELETED, wait=True)
    desk.pipeline.remove_episode(episode.id)
    get_store().put_json(f"episodes/{episode.id}/plan.json.gz", {})
    assert desk.pipeline.forget_if_removed(episode.id)
    assert get_store().names(f"episodes/{episode.id}") == [f"episodes/{episode.id}/episode.json.gz"]


def test_a_feed_added_again_before_its_removal_ran_stays(desk: Desk) -> None:
    feed = desk.add("again", vtt=True)
    desk.run()
    get_catalog().remove_feed(feed.id)
    desk.add("again", vtt=True)
    desk.pipeline.remove_feed(feed.id)
    desk.run()
    assert get_catalog().get_feed(feed.id) is not None
    assert desk.episode(feed).status == EpisodeStatus.INDEXED
    assert hits("lighthouse", feed)
