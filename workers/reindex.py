"""Rebuilding every index from the artefacts."""

import logging
from collections.abc import Iterator

import redis

from app.artefacts import EpisodeArtefacts, saved_episode_ids, saved_feeds
from app.audio.decode import pcm_windows
from app.audio.landmarks import Landmarks, landmarks
from app.domain import Episode, Feed
from app.encoders.base import AudioEmbedder, Floats, TextEmbedder, model_of
from app.encoders.registry import audio_embedder, text_embedder
from app.search.reindex import Batch, reindex
from app.store import Store
from workers.assemble import embed_texts, pool_states, states_by_second
from workers.lease import Busy, lease

logger = logging.getLogger(__name__)


def run_reindex(job_id: str, store: Store, connection: redis.Redis) -> None:
    """Rebuild, and tell of it in the Redis hash of the job.

    Raises Busy where this job is being done already.
    """
    key = f"earmark:job:{job_id}"

    def tell(**fields: str | int) -> None:
        for name, value in fields.items():
            connection.hset(key, name, value)

    source = Artefacts(store, text_embedder(), audio_embedder())
    try:
        with lease("reindex", ""):
            reindex(source, lambda done, total: tell(state="running", done=done, total=total))
    except Busy:
        if connection.hget(key, "state") == "running":
            raise  # this very job
        tell(state="failed", error="Another re-index is running; wait for its end.")
    except Exception as error:
        tell(state="failed", error=str(error))
        raise
    else:
        tell(state="done", error=source.lacking())


class Artefacts:
    """What the store holds, as the source of a re-index."""

    def __init__(self, store: Store, text: TextEmbedder, audio: AudioEmbedder) -> None:
        self._store = store
        self._text = text
        self._audio = audio
        self._silent: set[str] = set()  # episodes whose states are another model's
        self._unmarked: set[str] = set()  # episodes with audio that have no landmarks

    def feeds(self) -> Iterator[Feed]:
        """Every feed's snapshot."""
        return iter(saved_feeds(self._store))

    def episodes(self) -> Iterator[Episode]:
        """Every episode's snapshot."""
        for episode_id in saved_episode_ids(self._store):
            yield EpisodeArtefacts(self._store, episode_id).episode()

    def segments(self, feed: Feed, episode: Episode) -> Batch | None:
        """An episode's segments with vectors by the chosen models, made anew where need be."""
        kept = EpisodeArtefacts(self._store, episode.id)
        found = kept.segments()
        if found is None:
            return None
        text = kept.vectors("text", model_of(self._text))
        if text is None:
            text = embed_texts(found, self._text)
            kept.save_vectors("text", model_of(self._text), text)
        return Batch(list(found), text, self._audio_vectors(kept, episode))

    def _audio_vectors(self, kept: EpisodeArtefacts, episode: Episode) -> Floats | None:
        vectors = kept.vectors("audio", model_of(self._audio))
        plan = kept.plan()
        if vectors is not None or plan is None:
            return vectors
        if kept.states_model() != model_of(self._audio):
            self._silent.add(episode.id)
            return None
        vectors = pool_states(kept.segments() or [], states_by_second(kept, plan), self._audio)
        kept.save_vectors("audio", model_of(self._audio), vectors)
        return vectors

    def landmarks(self, episode: Episode) -> Landmarks | None:
        """An episode's landmarks, made anew where its audio is still kept."""
        kept = EpisodeArtefacts(self._store, episode.id)
        found = kept.landmarks()
        if found is None and kept.has_pcm():
            with kept.open_pcm() as pcm:
                found = landmarks(pcm_windows(pcm))
            kept.save_landmarks(found)
        if found is None and kept.plan() is not None:
            self._unmarked.add(episode.id)
        return found

    def lacking(self) -> str:
        """What could not be rebuilt, for the admin; empty where all was."""
        lacks = [
            (self._silent, f"audio vectors by {self._audio.name}", "by sound"),
            (self._unmarked, "landmarks", "by a recording of them"),
        ]
        return " ".join(
            f"{len(episodes)} episodes have no {what}: their audio is not kept. "
            f"Process them again to have them found {how}."
            for episodes, what, how in lacks
            if episodes
        )
