"""The ingest stages as plain functions: fetch, transcribe a piece, finish.

Each stage reads what the one before it kept, keeps artefacts of its own and enqueues the
next. Running one twice changes nothing; ``advance`` finds the next stage from what is kept.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from functools import lru_cache
from typing import Any

from app import queue
from app.artefacts import EpisodeArtefacts, FeedArtefacts, Plan, States
from app.audio.decode import SAMPLE_RATE_HZ, pcm_windows, read_pcm, write_pcm
from app.audio.landmarks import landmarks
from app.audio.peaks import peaks
from app.audio.speech import speech_spans
from app.catalog import Catalog, get_catalog
from app.domain import IN_PROGRESS, Episode, EpisodeStatus, Feed, Progress, Window, utc_now
from app.encoders import registry
from app.encoders.base import model_of
from app.search.index import remove_segments, write_segments
from app.search.recordings import remove_landmarks, write_landmarks
from app.settings import Settings, get_settings
from app.store import Store, get_store
from app.windows import plan_windows
from workers import assemble, progress
from workers.fetch import download
from workers.hotwords import EARLIER_EPISODES, hotwords_of
from workers.listen import hear_piece
from workers.publisher import fetch_chapters, fetch_transcript
from workers.timing import timed

logger = logging.getLogger(__name__)

Enqueue = Callable[..., Any]

# A stage runs for the states that wait for it: a message that comes twice finds another one.
ENTERED_FROM = {
    EpisodeStatus.FETCHING: {EpisodeStatus.QUEUED, EpisodeStatus.FETCHING},
    EpisodeStatus.TRANSCRIBING: {EpisodeStatus.TRANSCRIBING},
    EpisodeStatus.EMBEDDING: {EpisodeStatus.EMBEDDING},
}


class Skip(Exception):  # noqa: N818 - a decision, not an error
    """There is a good reason not to index this episode; the text is for the admin."""


class Pipeline:
    """The stages over one catalog and one store."""

    def __init__(
        self,
        catalog: Catalog,
        store: Store,
        settings: Settings,
        enqueue: Enqueue,
    ) -> None:
        self.catalog = catalog
        self.store = store
        self._settings = settings
        self._enqueue = enqueue

    def artefacts(self, episode_id: str) -> EpisodeArtefacts:
        """The episode's artefacts."""
        return EpisodeArtefacts(self.store, episode_id)

    # The stages

    def fetch(self, episode_id: str) -> None:
        """Get the publisher's words and the audio, decode it, and plan its pieces."""
        episode, feed = self._enter(episode_id, EpisodeStatus.FETCHING)
        if episode is None or feed is None:
            return
        chapters = fetch_chapters(episode)
        self.catalog.update_episode(episode_id, attempts=episode.attempts + 1, chapters=chapters)
        self._keep_publisher_words(episode, feed)
        if feed.transcripts == "only":
            if self.artefacts(episode_id).publisher() is None:
                raise Skip("The feed is set to transcripts only, and this episode has none.")
        else:
            self._fetch_audio(episode, feed)
        self.advance(episode_id)

    def _keep_publisher_words(self, episode: Episode, feed: Feed) -> None:
        self.artefacts(episode.id).remove_publisher()
        if feed.transcripts == "ignore" or not episode.transcripts:
            return
        only = feed.transcripts == "only"
        transcript = fetch_transcript(episode, estimate=only)
        if transcript is None:
            return
        self.artefacts(episode.id).save_publisher(
            transcript.words, transcript.language or episode.language, transcript.estimated
        )

    def _fetch_audio(self, episode: Episode, feed: Feed) -> None:
        """Download, decode and plan, unless these very bytes were heard before."""
        if not episode.audio_url:
            raise Skip("The feed names no audio for this episode.")
        kept = self.artefacts(episode.id)
        transcribe = kept.publisher() is None
        plan = kept.plan()
        is_usable = plan is not None and plan.transcribed == transcribe and kept.is_heard()
        heard = episode.audio_sha256 if is_usable else None
        with timed("download", episode.id):
            got = download(episode.audio_url, self.store, kept.source, unless=heard)
        if got.sha256 == heard:
            return
        kept.drop_heard()  # not before there is something to hear instead
        with timed("decode", episode.id):
            duration_s = self._decode(kept)
        with timed("landmarks", episode.id), kept.open_pcm() as pcm:
            kept.save_landmarks(landmarks(pcm_windows(pcm)))
        with timed("peaks", episode.id), kept.open_pcm() as pcm:
            kept.save_peaks(peaks(pcm_windows(pcm)))
        with timed("speech", episode.id):
            self._plan(kept, duration_s, self._hotwords(episode, feed) if transcribe else None)
        progress.begin(episode.id)
        self.catalog.update_episode(
            episode.id,
            audio_bytes=got.bytes,
            audio_sha256=got.sha256,
            duration_s=duration_s,
            progress=Progress(done_s=0.0, total_s=duration_s),
        )

    def _decode(self, kept: EpisodeArtefacts) -> float:
        """The enclosure's samples into the store, at every rate that is heard; their duration_s."""
        durations_s = {}
        with self.store.as_file(kept.source) as source:
            for rate in _rates():
                with self.store.write(kept.pcm(rate)) as pcm:
                    durations_s[rate] = write_pcm(source, pcm, rate)
        return durations_s[SAMPLE_RATE_HZ]

    def _hotwords(self, episode: Episode, feed: Feed) -> list[str]:
        earlier = self.catalog.episodes(feed.id, EpisodeStatus.INDEXED, EARLIER_EPISODES)
        return hotwords_of(feed, episode, earlier.items)

    def _plan(
        self, kept: EpisodeArtefacts, duration_s: float, hotwords: Sequence[str] | None
    ) -> None:
        """Without a list of hotwords, words are not wanted."""
        with kept.open_pcm() as pcm:
            spans = speech_spans(pcm_windows(pcm))
        pieces = plan_windows(spans, duration_s, self._settings.piece_max_s)
        kept.save_plan(Plan(pieces, duration_s, hotwords is not None, hotwords or ()))

    def transcribe(self, episode_id: str, number: int) -> None:
        """Hear one piece; the last one to end enqueues the finish."""
        episode, _ = self._enter(episode_id, EpisodeStatus.TRANSCRIBING)
        kept = self.artefacts(episode_id)
        plan = kept.plan()
        if episode is None or plan is None or number >= len(plan.pieces):
            return
        if not kept.has_piece(number):
            with timed("hear", episode_id):
                self._hear(episode, kept, plan, number)
        if kept.is_heard():
            self.advance(episode_id)

    def _hear(self, episode: Episode, kept: EpisodeArtefacts, plan: Plan, number: int) -> None:
        piece = plan.pieces[number]
        transcriber, embedders = registry.transcriber(), registry.sound_embedders()
        start_s = piece.windows[0].start_s

        def tell(window: Window) -> None:
            done_s = window.end_s - start_s
            progress.heard(self.catalog, episode.id, number, done_s, plan.duration_s)

        with ExitStack() as stack:
            pcm = {rate: stack.enter_context(kept.open_pcm(rate)) for rate in _rates()}
            heard = hear_piece(
                piece,
                lambda start_s, end_s, rate: read_pcm(pcm[rate], start_s, end_s, rate),
                transcriber if plan.transcribed else None,
                embedders,
                language=episode.language,
                hotwords=plan.hotwords,
                on_window=tell,
            )
        states = {
            role: States(rows, model_of(embedders[role])) for role, rows in heard.states.items()
        }
        kept.save_piece(number, heard.words, heard.languages, states)

    def finish(self, episode_id: str) -> None:
        """Segments, vectors, documents: after this a search finds the episode."""
        episode, feed = self._enter(episode_id, EpisodeStatus.EMBEDDING)
        if episode is None or feed is None:
            return
        kept = self.artefacts(episode_id)
        embedders = registry.sound_embedders()
        if any(assemble.is_of_others(kept, role, one) for role, one in embedders.items()):
            kept.drop_heard()  # another model was chosen meanwhile
            self.advance(episode_id)
            return
        with timed("assemble", episode_id):
            made = assemble.assemble(kept, registry.text_embedder(), registry.reader(), embedders)
        episode = episode.model_copy(
            update={
                "language": made.language or episode.language,
                "duration_s": made.duration_s or episode.duration_s,
            }
        )
        with timed("index", episode_id):
            write_segments(feed, episode, made.segments, made.vectors)
            write_landmarks(episode, kept.landmarks())
        is_wanted = self.catalog.move_episode(
            episode_id,
            EpisodeStatus.INDEXED,
            among=IN_PROGRESS,
            wait=True,
            error=None,
            language=episode.language,
            duration_s=episode.duration_s,
            segments=len(made.segments),
            words_from=made.words_from,
            times_estimated=made.times_estimated,
            indexed_at=utc_now(),
            progress=Progress(done_s=episode.duration_s or 0, total_s=episode.duration_s or 0),
        )
        if not is_wanted:
            self.forget_if_removed(episode_id)
            return
        self._snapshot(episode_id)
        if not self._settings.keep_audio:
            kept.drop_audio()

    # What moves an episode from stage to stage

    def take_in(
        self, feed_id: str, to_fetch: Sequence[str], to_rewrite: Sequence[str] = ()
    ) -> None:
        """Start on a feed's new or changed episodes, and keep snapshots of it and them."""
        feed = self.catalog.get_feed(feed_id)
        if feed is not None:
            FeedArtefacts(self.store, feed_id).save(feed)
        indexed = {EpisodeStatus.INDEXED}
        for episode_id in to_rewrite:
            self._snapshot(episode_id)
            self._send(EpisodeStatus.EMBEDDING, (queue.FINISH, episode_id), among=indexed)
        for episode_id in to_fetch:
            self._snapshot(episode_id)
            among = indexed | {EpisodeStatus.QUEUED}
            self._send(EpisodeStatus.QUEUED, (queue.FETCH, episode_id), among=among)

    def resume(self, episode_id: str) -> None:
        """Enqueue again what an episode in progress waited for when its work was lost."""
        episode = self.catalog.get_episode(episode_id)
        among = ENTERED_FROM[EpisodeStatus.FETCHING]
        if episode is not None and episode.status in among:
            # What is kept may be of audio that was to be replaced.
            self._send(EpisodeStatus.QUEUED, (queue.FETCH, episode_id), among=among)
        else:
            self.advance(episode_id)

    def advance(self, episode_id: str) -> None:
        """Enqueue whatever the artefacts show to be next for an episode in progress."""
        episode = self.catalog.get_episode(episode_id)
        feed = self.catalog.get_feed(episode.feed_id) if episode else None
        if episode is None or feed is None:
            return
        kept = self.artefacts(episode_id)
        words_are_enough = feed.transcripts == "only" and kept.publisher() is not None
        has_audio = episode.audio_sha256 is not None  # else what is kept is to be heard anew
        if words_are_enough or (has_audio and kept.is_heard()):
            self._send(EpisodeStatus.EMBEDDING, (queue.FINISH, episode_id))
        elif has_audio and all(map(kept.has_pcm, _rates())) and (missing := kept.missing_pieces()):
            tasks = [(queue.TRANSCRIBE, episode_id, number) for number in missing]
            self._send(EpisodeStatus.TRANSCRIBING, *tasks)
        else:
            self._send(EpisodeStatus.QUEUED, (queue.FETCH, episode_id))

    def _send(
        self,
        status: EpisodeStatus,
        *tasks: tuple[Any, ...],
        among: Collection[EpisodeStatus] = IN_PROGRESS,
    ) -> None:
        """Show what an episode in one of these states waits for from now on, and enqueue it."""
        if self.catalog.move_episode(tasks[0][1], status, among=among):
            for name, *arguments in tasks:
                self._enqueue(name, *arguments)

    def retry(self, episode_id: str) -> None:
        """Go on where a failed episode stopped; hear an indexed one anew.

        What was made of it stays until its audio has been fetched again.
        """
        if self._go_on(episode_id, EpisodeStatus.FAILED):
            return
        ended = {EpisodeStatus.INDEXED, EpisodeStatus.SKIPPED, EpisodeStatus.PAUSED}
        if self.catalog.move_episode(
            episode_id, EpisodeStatus.QUEUED, among=ended, audio_sha256=None, error=None
        ):
            self._enqueue(queue.FETCH, episode_id)

    def _go_on(self, episode_id: str, stopped: EpisodeStatus) -> bool:
        """Go on with an episode that has stopped in this state; whether it had."""
        among = {stopped}
        if not self.catalog.move_episode(episode_id, EpisodeStatus.QUEUED, among=among, error=None):
            return False
        self.advance(episode_id)
        return True

    def fail(self, episode_id: str, message: str) -> None:
        """Mark the episode as failed, with the reason."""
        self._end(episode_id, EpisodeStatus.FAILED, message)

    def skip(self, episode_id: str, reason: str) -> None:
        """Mark the episode as skipped, with the reason."""
        self._end(episode_id, EpisodeStatus.SKIPPED, reason)

    def note(self, episode_id: str, message: str) -> None:
        """Show a passing trouble on an episode that will be tried again."""
        if self.catalog.get_episode(episode_id) is not None:
            self.catalog.update_episode(episode_id, error=message)

    def _end(self, episode_id: str, status: EpisodeStatus, reason: str) -> None:
        if self.catalog.move_episode(
            episode_id, status, among=IN_PROGRESS, wait=True, error=reason
        ):
            self._snapshot(episode_id)

    def apply_pause(self, feed_id: str) -> None:
        """Bring a feed's episodes in line with its pause."""
        feed = self.catalog.get_feed(feed_id)
        if feed is None:
            return
        FeedArtefacts(self.store, feed_id).save(feed)
        queued, paused = EpisodeStatus.QUEUED, EpisodeStatus.PAUSED
        self.catalog.refresh()  # so that an episode that has just come to wait counts
        if feed.paused:
            for episode in self.catalog.all_episodes(feed_id, [queued]):
                self.catalog.move_episode(episode.id, paused, among={queued})
        else:
            for episode in self.catalog.all_episodes(feed_id, [paused]):
                self._go_on(episode.id, paused)

    def remove_episode(self, episode_id: str) -> None:
        """Remove what an episode left, but for the tombstone."""
        remove_segments(episode_id)
        remove_landmarks(episode_id)
        self.store.remove(f"episodes/{episode_id}")
        self._snapshot(episode_id)

    def forget_if_removed(self, episode_id: str) -> bool:
        """Remove what a stage wrote for an episode that was removed while it ran."""
        episode = self.catalog.get_episode(episode_id)
        if episode is not None and episode.status != EpisodeStatus.DELETED:
            return False
        self.remove_episode(episode_id)
        return True

    def remove_feed(self, feed_id: str) -> None:
        """Remove a feed with all its episodes, unless it was added again meanwhile."""
        if self.catalog.get_feed(feed_id) is not None:
            return
        for episode in self.catalog.all_episodes(feed_id, list(EpisodeStatus)):
            remove_segments(episode.id)
            remove_landmarks(episode.id)
            self.catalog.remove_episode(episode.id)
            self.store.remove(f"episodes/{episode.id}")
        self.store.remove(f"feeds/{feed_id}.json.gz")

    # Details

    def _enter(self, episode_id: str, status: EpisodeStatus) -> tuple[Episode | None, Feed | None]:
        """The episode and its feed if the stage is to run; (None, None) otherwise."""
        episode = self.catalog.get_episode(episode_id)
        feed = self.catalog.get_feed(episode.feed_id) if episode else None
        if episode is None or feed is None:
            return None, None
        state = EpisodeStatus.PAUSED if feed.paused else status
        is_waiting = self.catalog.move_episode(episode_id, state, among=ENTERED_FROM[status])
        return (episode, feed) if is_waiting and not feed.paused else (None, None)

    def _snapshot(self, episode_id: str) -> None:
        episode = self.catalog.get_episode(episode_id)
        if episode is not None:
            self.artefacts(episode_id).save_episode(episode)


def _rates() -> set[int]:
    """The sample rates, in Hz, that episodes are heard at: that of speech is always there."""
    return {SAMPLE_RATE_HZ, *(e.sample_rate_hz for e in registry.sound_embedders().values())}


@lru_cache(maxsize=1)
def get_pipeline() -> Pipeline:
    """The process's pipeline."""
    return Pipeline(get_catalog(), get_store(), get_settings(), queue.enqueue)
