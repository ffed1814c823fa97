"""``EARMARK_INDEX_OPTIONS``: what it accepts, and what each choice does in Elasticsearch."""

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
import pytest
from pydantic import ValidationError

from app.search.index import make_indices, other_options
from app.search.index_options import told
from app.search.query import Query
from app.search.reindex import Batch, Rebuild
from app.search.result import Hit
from app.settings import Settings, get_settings
from tests.app.search.conftest import MODELS, Library, say
from tests.app.search.test_reindex import Artefacts

Choose = Callable[[dict[str, Any]], None]
ANSWERS = 11
BBQ = {"type": "bbq_hnsw", "m": 24, "rescore_vector": {"oversample": 2}}


@pytest.fixture
def choose(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Choose]:
    """Sets the options for the rest of a test."""

    def set_them(options: dict[str, Any]) -> None:
        monkeypatch.setenv("EARMARK_INDEX_OPTIONS", json.dumps(options))
        get_settings.cache_clear()

    yield set_them
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("bbq_hnsw", "no JSON: Expecting value"),
        ('["text_vector"]', "valid dictionary"),
        ('{"text": {"type": "flat"}}', "the vector fields are .*text_vector"),
        ('{"voice": {"type": "bbq_disk"}}', "voice.type\n.*'bbq_hnsw'"),
        ('{"voice": {"m": 16}}', "voice.type\n.*required"),
        ('{"voice": {"type": "hnsw", "ef": 100}}', "voice.ef\n.*not permitted"),
        ('{"voice": {"type": "hnsw", "m": 1}}', "greater than or equal to 2"),
        ('{"voice": {"type": "flat", "m": 16}}', "flat has none"),
        ('{"voice": {"type": "hnsw", "rescore_vector": {"oversample": 2}}}', "no use"),
        ('{"voice": {"type": "bbq_hnsw", "rescore_vector": {"oversample": 0.5}}}', "0, or 1 to"),
        ('{"voice": {"type": "bbq_hnsw", "rescore_vector": {"oversample": 11}}}', "equal to 10"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_its_place(
    value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_INDEX_OPTIONS", value)
    with pytest.raises(ValidationError, match=f"EARMARK_INDEX_OPTIONS(?s:.*){reason}"):
        Settings()


def test_fewer_candidates_than_a_search_looks_deep_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EARMARK_NUM_CANDIDATES", "199")
    with pytest.raises(ValidationError, match="EARMARK_NUM_CANDIDATES"):
        Settings()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"type": "flat"}, "flat"),
        ({"type": "int8_flat"}, "int8_flat"),
        ({"type": "int4_flat"}, "int4_flat"),
        ({"type": "bbq_flat"}, "bbq_flat (oversample 3)"),
        ({"type": "hnsw"}, "hnsw (m 16, ef_construction 100)"),
        ({"type": "int8_hnsw", "m": 8}, "int8_hnsw (m 8, ef_construction 100)"),
        (
            {"type": "int4_hnsw", "ef_construction": 50, "rescore_vector": {"oversample": 1.5}},
            "int4_hnsw (m 16, ef_construction 50, oversample 1.5)",
        ),
        (BBQ, "bbq_hnsw (m 24, ef_construction 100, oversample 2)"),
        (
            {"type": "bbq_hnsw", "rescore_vector": {"oversample": 0}},
            "bbq_hnsw (m 16, ef_construction 100)",
        ),
    ],
)
def test_each_type_is_built_as_chosen_and_finds_the_nearest(
    choose: Choose, new_library: Callable[[], Library], options: dict[str, Any], expected: str
) -> None:
    choose({"text_vector": options})
    library = new_library()
    assert stored(library)["text_vector"] == expected
    assert stored(library)["voice"] == "int8_hnsw (m 16, ef_construction 100)"
    assert other_options(library.es, library.prefix) is None

    random = np.random.default_rng(0)
    asked, *others = np.linalg.qr(random.standard_normal((384, ANSWERS + 1)))[0].T
    cosines = np.linspace(0.95, 0.45, ANSWERS)
    near = [c * asked + np.sqrt(1 - c**2) * one for c, one in zip(cosines, others, strict=True)]
    far = random.standard_normal((60, 384))
    far /= np.linalg.norm(far, axis=1, keepdims=True)
    rows = np.concatenate([near, far]).astype(np.float32)
    library.add("e1", [say("ice", float(n)) for n in range(len(rows))], text_vectors=rows)
    library.vectors["x"] = asked
    hits = cast(list[Hit], library.searcher.search(Query(q="x", size=50)).hits)
    assert [hit.start_s for hit in hits] == list(range(ANSWERS))
    found = [hit.legs["meaning"].score for hit in hits]
    assert found == pytest.approx(cosines, abs=0.08)  # bits, not scored again, tell it roughly


def stored(library: Library) -> dict[str, str]:
    """How each vector field is indexed, as Elasticsearch tells it."""
    (index,) = library.es.indices.get_mapping(index=f"{library.prefix}-segments").body.values()
    fields = index["mappings"]["properties"].items()
    return {
        name: told(field["index_options"])
        for name, field in fields
        if field.get("type") == "dense_vector"
    }


def test_an_index_built_otherwise_goes_on_and_is_named_until_a_reindex(
    choose: Choose, library: Library
) -> None:
    artefacts = Artefacts(library)
    artefacts.add("e1", "ice")
    before = stored(library)
    choose({"text_vector": BBQ})
    make_indices(library.es, library.prefix, MODELS)  # as the workers do at their start
    assert stored(library) == before
    assert len(library.searcher.search(Query(q="ice")).hits) == 1
    reason = other_options(library.es, library.prefix)
    assert reason == (
        "text_vector is indexed as int8_hnsw (m 16, ef_construction 100), the settings say "
        "bbq_hnsw (m 24, ef_construction 100, oversample 2): run `earmark reindex` to change it."
    )
    artefacts.batches["e1"] = Batch(artefacts.batches["e1"].segments, {})
    Rebuild(library.es, library.prefix, MODELS, artefacts).run(lambda done, total: None)
    assert stored(library)["text_vector"] == "bbq_hnsw (m 24, ef_construction 100, oversample 2)"
    assert other_options(library.es, library.prefix) is None
    assert len(library.searcher.search(Query(q="ice")).hits) == 1
