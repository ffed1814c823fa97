"""Rebuilding every index from the artefacts."""

import logging
from collections.abc import Iterator, Mapping, Sequence

import redis

from app.artefacts import EpisodeArtefacts, saved_episode_ids, saved_feeds
from app.audio.decode import pcm_windows
from app.audio.landmarks import Landmarks, landmarks
from app.audio.peaks import peaks
from app.domain import Episode, Feed, Segment
from app.embedding import embed_texts, read_texts
from app.encoders.base import AudioEmbedder, Floats, Reader, TextEmbedder, model_of
from app.encoders.registry import reader, sound_embedders, text_embedder
from app.search.index import FieldRows
from app.search.reindex import Batch, reindex
from app.search.schema import FIELDS
from app.store import Store
from workers.assemble import embed_sounds, has_states
from workers.hear_again import Unheard, hear_again
from workers.lease import Busy, lease

MOST_REASONS = 5  # that are told

logger = logging.getLogger(__name__)


def run_reindex(
    job_id: str, store: Store, connection: redis.Redis, only: str | None = None
) -> None:
    """Rebuild, and tell of it in the Redis hash of the job.

    ``only`` is the field of a sound embedder: episodes that it has not heard are heard again.

    Raises Busy where this job is being done already.
    """
    key = f"earmark:job:{job_id}"

    def tell(**fields: str | int) -> None:
        for name, value in fields.items():
            connection.hset(key, name, value)

    sounds = sound_embedders()
    if only is not None and only not in sounds:
        tell(state="failed", error=f"No engine that the settings choose fills the field {only}.")
        return
    source = Artefacts(store, text_embedder(), reader(), sounds, only)
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

    def __init__(
        self,
        store: Store,
        text: TextEmbedder,
        reader_: Reader,
        sounds: Mapping[str, AudioEmbedder],
        only: str | None = None,
    ) -> None:
        self._store = store
        self._text = text
        self._reader = reader_
        self._sounds = sounds  # by role
        self._only = only  # the role whose engine hears what it has not heard
        self._reasons: list[str] = []  # why it could not
        # By role: episodes that were heard, but not by its model.
        self._unheard: dict[str, set[str]] = {role: set() for role in sounds}
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
        _draw(kept)
        found = kept.segments()
        if found is None:
            return None
        text = kept.vectors("text", model_of(self._text))
        if text is None:
            text = embed_texts(found, self._text)
            kept.save_vectors("text", model_of(self._text), text)
        readings = kept.readings(model_of(self._reader))
        if readings is None:
            readings = read_texts(found, self._reader)
            kept.save_readings(model_of(self._reader), readings)
        vectors: dict[str, FieldRows] = {FIELDS["text"]: text, FIELDS["reader"]: readings}
        for role in self._sounds:
            rows = self._sound_vectors(kept, episode, role, found)
            if rows is not None:
                vectors[FIELDS[role]] = rows
        return Batch(list(found), vectors)

    def _sound_vectors(
        self, kept: EpisodeArtefacts, episode: Episode, role: str, segments: Sequence[Segment]
    ) -> Floats | None:
        embedder = self._sounds[role]
        vectors = kept.vectors(role, model_of(embedder))
        if vectors is not None or kept.plan() is None:
            return vectors
        if role == self._only and not has_states(kept, role, embedder):
            self._hear_again(kept, episode, role)
        if not has_states(kept, role, embedder):
            self._unheard[role].add(episode.id)
            return None
        return embed_sounds(kept, role, segments, embedder)

    def _hear_again(self, kept: EpisodeArtefacts, episode: Episode, role: str) -> None:
        try:
            hear_again(kept, episode, role, self._sounds[role])
        except Unheard as error:
            self._reasons.append(f"{episode.title or episode.id}: {str(error).rstrip('.')}.")

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
        again = [
            role for role, episodes in self._unheard.items() if episodes and role != self._only
        ]
        offers = [f"`earmark reindex --only {role}` has them heard again." for role in again]
        lacks = [
            (
                episodes,
                f"{role} vectors by {self._sounds[role].name}",
                "by voice" if role == "voice" else "by sound",
            )
            for role, episodes in self._unheard.items()
        ]
        lacks.append((self._unmarked, "landmarks", "by a recording of them"))
        told = [
            f"{len(episodes)} episodes have no {what}: their audio is not kept. "
            f"Process them again to have them found {how}."
            for episodes, what, how in lacks
            if episodes
        ]
        return " ".join([*told, *offers, *self._reasons[:MOST_REASONS]])


def _draw(kept: EpisodeArtefacts) -> None:
    """Make the waveform of an episode that has none, where its audio is still kept."""
    if kept.peaks() is None and kept.has_pcm():
        with kept.open_pcm() as pcm:
            kept.save_peaks(peaks(pcm_windows(pcm)))
