"""The best passages read closely: each word of the question is looked for in each of them.

The legs find; reading orders what they found. A passage's score is the mean, over the
question's tokens, of the cosine with the passage's nearest token (late interaction, after
Khattab and Zaharia 2020). The passages' token vectors lie beside them in the index, so that a
question costs one short pass of the encoder and one matrix product.
"""

import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch

from app.encoders.base import Floats
from app.search.clauses import Body
from app.search.fuse import Found, Fused
from app.search.result import Degraded

DEPTH = 80  # of the development questions, 97 to 99 in a hundred have their answer among so many

_FIELDS = ("id", "reading")


@dataclass(frozen=True, slots=True)
class Read:
    """What reading found, as a leg does."""

    found: Sequence[Found]
    took_ms: int
    degraded: Sequence[Degraded]


def read_closely(es: Elasticsearch, index: str, ranked: Sequence[Fused], question: Floats) -> Read:
    """The scores of the best of a ranking; those without words are not read.

    ``question`` is ``(tokens, dims)``. Raises ApiError or TransportError.
    """
    best = {hit.id: hit for hit in ranked[:DEPTH]}
    if not best:
        return Read([], 0, [])
    answer = es.search(
        index=index, filter_path=["took", "hits.hits.fields"], **readings_body(list(best))
    )
    rows = [hit["fields"] for hit in answer.get("hits", {}).get("hits", [])]
    there = {row["id"][0]: row["reading"][0] for row in rows if "reading" in row}
    scores = closeness(question, [binascii.a2b_base64(data) for data in there.values()])
    found = [
        Found(id_, best[id_].episode_id, best[id_].feed_id, float(score))
        for id_, score in zip(there, scores, strict=True)
    ]
    return Read(found, int(answer["took"]), _lacking(len(rows) - len(there), len(rows)))


def readings_body(ids: Sequence[str]) -> Body:
    """The search for the token vectors of the segments that have words."""
    wanted: list[Mapping[str, Any]] = [
        {"terms": {"id": sorted(ids)}},
        {"exists": {"field": "text"}},
    ]
    return {
        "query": {"bool": {"filter": wanted}},
        "size": len(ids),
        "source": False,
        "stored_fields": "_none_",
        "docvalue_fields": list(_FIELDS),
        "track_total_hits": False,
    }


def closeness(question: Floats, passages: Sequence[bytes]) -> Floats:
    """How well each passage answers, ``(passages,)``, -1 to 1.

    Passages are int8 ``(tokens, dims)`` of unit vectors times 127, at least one token each.
    """
    if not passages:
        return np.zeros(0, np.float32)
    dims = question.shape[1]
    tokens = np.frombuffer(b"".join(passages), np.int8).reshape(-1, dims)
    starts = np.cumsum([0, *(len(passage) // dims for passage in passages[:-1])])
    cosines = question @ tokens.astype(np.float32).T / np.float32(127)
    scores: Floats = np.maximum.reduceat(cosines, starts, axis=1).mean(axis=0)
    return scores


def _lacking(without: int, of: int) -> list[Degraded]:
    if not without:
        return []
    reason = (
        f"{without} of the {of} best passages were indexed by an earlier version and could not "
        "be read closely: run `earmark reindex`."
    )
    return [Degraded("reading", reason)]
