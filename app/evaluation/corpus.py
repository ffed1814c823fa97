"""Judged segments in indices of their own, written as ingest writes an episode's."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from elasticsearch import Elasticsearch

from app.catalog import Catalog
from app.domain import Episode, EpisodeStatus, Feed, Segment, Word, make_id, segment_id
from app.embedding import embed_texts, read_texts
from app.encoders import registry
from app.evaluation.folder import Passage
from app.evaluation.kept import Kept
from app.search.hybrid import Searcher
from app.search.index import FieldRows, SegmentIndex, chosen_models, make_indices
from app.search.meaning import Meaning
from app.search.schema import FIELDS
from app.settings import Settings

WORD_S = 0.4  # a folder has no times: an even pace of speech stands for them
PAUSE_S = 0.6


@dataclass(frozen=True, slots=True)
class Corpus:
    """A condition that can be searched; ``passages`` names each segment as the folder does."""

    searcher: Searcher
    passages: Mapping[str, str]  # the folder's id by the index's


class Indexer:
    """Writes conditions under prefixes that exist while they are searched."""

    def __init__(self, es: Elasticsearch, settings: Settings) -> None:
        self._es, self._prefix = es, settings.index_prefix
        self._candidates = settings.num_candidates
        self._embedder = Kept(registry.text_embedder(), settings.models_dir.parent / "evaluation")

    @contextmanager
    def indexed(self, passages: Sequence[Passage], *, titles: bool) -> Iterator[Corpus]:
        """The passages in indices that go afterwards; ``titles`` shows the episodes' names.

        Raises IndexMismatch, IndexingError, EncoderError.
        """
        prefix = f"{self._prefix}-evaluate-{uuid.uuid4().hex[:12]}"
        try:
            make_indices(self._es, prefix, chosen_models())
            names = self._write(prefix, passages, titles)
            meaning = Meaning(self._es, prefix, registry.text_embedder(), registry.reader())
            # A search pays for its embedding; the same words asked again at once do not.
            embed = lru_cache(maxsize=1)(meaning.of)
            ask = lru_cache(maxsize=1)(meaning.tokens)
            likeness = registry.text_embedder().likeness
            searcher = Searcher(self._es, prefix, embed, ask, self._candidates, likeness=likeness)
            yield Corpus(searcher, names)
        finally:
            self._remove(prefix)

    def _write(self, prefix: str, passages: Sequence[Passage], titles: bool) -> dict[str, str]:
        catalog, index = Catalog(self._es, prefix), SegmentIndex(self._es, prefix)
        feed = Feed(id=make_id("feed", prefix), url="http://127.0.0.1/evaluation.xml")
        catalog.put_feed(feed)
        names: dict[str, str] = {}
        for name, own in _by_episode(passages):
            segments = as_segments(own)
            episode = Episode(
                id=make_id("episode", feed.id, name),
                feed_id=feed.id,
                guid=name,
                title=name.replace("_", " ") if titles else "",
                duration_s=segments[-1].end_s,
                language=own[0].language,
                status=EpisodeStatus.INDEXED,
            )
            catalog.put_episode(episode, wait=False)
            vectors: dict[str, FieldRows] = {
                FIELDS["text"]: embed_texts(segments, self._embedder),
                FIELDS["reader"]: read_texts(segments, registry.reader()),
            }
            index.write(feed, episode, segments, vectors)
            for segment, passage in zip(segments, own, strict=True):
                names[segment_id(episode.id, segment.start_s)] = passage.id
        self._es.indices.refresh(index=f"{prefix}-*")
        return names

    def _remove(self, prefix: str) -> None:
        made = list(self._es.indices.get(index=f"{prefix}-*", expand_wildcards="all"))
        if made:
            self._es.indices.delete(index=",".join(made))


def _by_episode(passages: Sequence[Passage]) -> list[tuple[str, list[Passage]]]:
    """Episodes in the order of their names; their passages in the folder's."""
    ordered = sorted(passages, key=lambda passage: passage.episode)
    return [(name, list(own)) for name, own in groupby(ordered, key=lambda one: one.episode)]


def as_segments(passages: Sequence[Passage]) -> list[Segment]:
    """The passages as an episode says them, one after the other."""
    segments: list[Segment] = []
    at_s = 0.0
    for passage in passages:
        words = [
            Word(f" {text}", round(at_s + WORD_S * n, 3), round(at_s + WORD_S * (n + 1), 3))
            for n, text in enumerate(passage.text.split())
        ]
        end_s = words[-1].end_s if words else at_s + WORD_S
        segments.append(Segment(at_s, end_s, tuple(words), passage.language))
        at_s = round(end_s + PAUSE_S, 3)
    return segments
