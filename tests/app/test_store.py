from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from app.store import Store


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """The same contract over a folder and over fsspec's store in memory."""
    yield Store(str(tmp_path) if request.param == "folder" else f"memory://{uuid4().hex}")


def test_what_was_written_is_read(store: Store) -> None:
    store.put_json("feeds/a.json.gz", {"title": "Übung"})
    store.put_array("episodes/b/states.npy", np.arange(3.0))
    assert store.get_json("feeds/a.json.gz") == {"title": "Übung"}
    assert store.get_array("episodes/b/states.npy").tolist() == [0.0, 1.0, 2.0]
    assert store.names("episodes") == ["episodes/b/states.npy"]


def test_a_write_that_fails_leaves_what_was_there(store: Store) -> None:
    store.put_json("a", 1)
    with pytest.raises(RuntimeError), store.write("a") as file:
        file.write(b"half")
        raise RuntimeError
    assert store.get_json("a") == 1
    assert store.names(".unfinished") == []


def test_removing_takes_a_whole_folder_and_asks_for_nothing(store: Store) -> None:
    store.put_json("episodes/b/plan", [])
    store.remove("episodes/b")
    store.remove("episodes/b")
    assert not store.exists("episodes/b/plan")
    with pytest.raises(FileNotFoundError):
        store.open("episodes/b/plan")


def test_what_a_process_that_died_left_is_removed_once_it_is_old(store: Store) -> None:
    store.put_json("clips/a", 1)
    store.put_json("episodes/b/plan", [])
    assert store.remove_old("clips", age_s=60) == []
    assert store.remove_old("clips", age_s=-60) == ["clips/a"]
    assert store.names("") == ["episodes/b/plan"]
