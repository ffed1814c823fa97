"""Writing many documents: bulk calls with retry, each item's error named."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from elasticsearch import Elasticsearch, helpers

Action = dict[str, Any]
CHUNK = 200  # documents; with two vectors each is about 10 kB
BLOCK_WAIT_S = 60.0  # a re-index holds writes for its last copy, which takes seconds
_BLOCKED = "cluster_block_exception"


class IndexingError(Exception):
    """Documents that Elasticsearch refused, with its reasons."""


def index_action(index: str, document: dict[str, Any]) -> Action:
    """Put a document in place of any earlier one of its id."""
    return {
        "_op_type": "index",
        "_index": index,
        "_id": document["id"],
        "_source": document,
    }


def delete_action(index: str, document_id: str) -> Action:
    """Remove a document, which may be gone already."""
    return {"_op_type": "delete", "_index": index, "_id": document_id}


def run_bulk(es: Elasticsearch, actions: Iterable[Action], *, through_alias: bool = True) -> int:
    """Carry out the actions and return how many; 429 is retried with growing waits.

    Waits while writes are held by a re-index. ``through_alias`` refuses names that are no
    alias, lest a bulk call make an index of its own. Raises IndexingError with the first
    reasons.
    """
    done, waiting = 0, list(actions)
    give_up = time.monotonic() + BLOCK_WAIT_S
    while waiting:
        count, failures = _attempt(es, waiting, through_alias)
        done += count
        waiting = [action for action, reason in failures if _BLOCKED in reason]
        refused = [reason for _, reason in failures if _BLOCKED not in reason]
        if refused or (waiting and time.monotonic() > give_up):
            raise IndexingError(_message([reason for _, reason in failures]))
        if waiting:
            time.sleep(0.1)
    return done


def _attempt(
    es: Elasticsearch, actions: list[Action], through_alias: bool
) -> tuple[int, list[tuple[Action, str]]]:
    results = helpers.streaming_bulk(
        es,
        (dict(action) for action in actions),
        chunk_size=CHUNK,
        max_retries=6,
        initial_backoff=0.5,
        max_backoff=30,
        raise_on_error=False,
        require_alias=through_alias,
    )
    failures = [
        (action, _reason(item))
        for action, (ok, item) in zip(actions, results, strict=True)
        if not ok and not _already_gone(item)
    ]
    return len(actions) - len(failures), failures


def _already_gone(item: dict[str, Any]) -> bool:
    return bool(item.get("delete", {}).get("status") == 404)


def _reason(item: dict[str, Any]) -> str:
    ((_, outcome),) = item.items()
    error = outcome.get("error", outcome.get("status"))
    if isinstance(error, dict):
        error = f"{error.get('type')}: {error.get('reason')}"
    return f"{outcome.get('_id')}: {error}"


def _message(reasons: list[str]) -> str:
    more = f" (and {len(reasons) - 3} more)" if len(reasons) > 3 else ""
    return f"Elasticsearch refused {len(reasons)} documents: {'; '.join(reasons[:3])}{more}"


def every_hit(
    es: Elasticsearch,
    index: str,
    query: dict[str, Any],
    *,
    source: bool = True,
    fields: Sequence[str] = (),
    page: int = 1000,
) -> Iterator[dict[str, Any]]:
    """Every document that matches, by ``search_after`` on the ids, however many there are."""
    after = None
    while True:
        found = es.search(
            index=index,
            query=query,
            source=source,
            fields=[{"field": name} for name in fields],
            sort=[{"id": "asc"}],
            search_after=after,
            size=page,
            track_total_hits=False,
        )
        hits = found["hits"]["hits"]
        yield from hits
        if len(hits) < page:
            return
        after = hits[-1]["sort"]
