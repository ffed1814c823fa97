"""A re-index while people search."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.end_to_end.conftest import Api, wait_until


def test_no_search_fails_while_the_indices_are_rebuilt(api: Api, demo: Path) -> None:
    over = threading.Event()

    def keep_searching() -> list[int]:
        counts = []
        while not over.is_set():
            counts.append(len(api.search("Maillard")))
        return counts

    with ThreadPoolExecutor(1) as pool:
        searching = pool.submit(keep_searching)
        before = [hit["id"] for hit in api.search("Maillard")]
        job = api.call("POST", "/reindex", expect=202)["id"]

        def ended() -> dict[str, str] | None:
            state = api.call("GET", f"/reindex/{job}")
            return state if state["state"] in {"done", "failed"} else None

        assert wait_until(ended)["state"] == "done"
        after = [hit["id"] for hit in api.search("Maillard")]
        over.set()
        counts = searching.result()  # raises what a search that failed raised
    assert len(counts) > 5
    assert min(counts) > 0
    assert sorted(after) == sorted(before)
