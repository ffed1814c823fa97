from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from app.search import bulk
from app.search.index import IndexMismatch, ModelMismatch, make_indices, stored_models
from app.search.query import Query
from app.search.result import Hit
from app.search.schema import KINDS, Model, definition, with_models
from tests.app.search.conftest import MODELS, Library, axis, say


def starts(library: Library, q: str) -> list[float]:
    hits = cast(list[Hit], library.searcher.search(Query(q=q)).hits)
    return sorted(hit.start_s for hit in hits)


def test_written_means_that_a_search_finds_it(library: Library) -> None:
    for name in ("alder", "birch", "cedar", "maple", "willow"):
        library.add(name, [say(f"ice {name}")])
        assert starts(library, name) == [0.0]


def test_a_second_ingest_changes_no_count_and_no_id(library: Library) -> None:
    segments = [say("ice one", 0.0), say("ice two", 20.0)]
    library.add("e1", segments)
    before = library.segments.ids("e1")
    library.add("e1", segments)
    assert library.segments.ids("e1") == before
    assert library.es.count(index=library.segments.name)["count"] == 2


def test_reprocessing_replaces_an_episodes_segments_and_no_others(library: Library) -> None:
    library.add("e1", [say("ice one", 0.0), say("ice two", 20.0)])
    library.add("e2", [say("ice three", 5.0)])
    library.add("e1", [say("ice anew", 0.0), say("ice again", 31.0)])
    assert starts(library, "ice") == [0.0, 5.0, 31.0]
    assert starts(library, "anew") == [0.0]


def test_new_segments_are_visible_before_the_old_ones_go(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add("e1", [say("ice", 0.0)])
    seen: list[list[float]] = []
    real = bulk.run_bulk

    def watched(*arguments: object, **named: object) -> int:
        seen.append(starts(library, "ice"))
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(bulk, "run_bulk", watched)
    library.add("e1", [say("ice", 9.0)])
    assert seen == [[0.0], [0.0, 9.0]]
    assert starts(library, "ice") == [9.0]


def test_a_removed_episode_is_found_no_more(library: Library) -> None:
    library.add("e1", [say("ice", 10.0 * number) for number in range(3)])
    library.add("e2", [say("ice", 1.0)])
    assert library.segments.remove("e1") == 3
    assert starts(library, "ice") == [1.0]
    assert library.segments.remove("e1") == 0


def test_what_elasticsearch_refuses_is_told_with_its_reason(library: Library) -> None:
    with pytest.raises(bulk.IndexingError, match=r"2 documents.*dimension"):
        library.add("e1", [say("a", 0), say("b", 5)], text_vectors=np.ones((2, 3), "f4"))


def test_a_row_of_nan_is_a_segment_without_that_vector(library: Library) -> None:
    library.vectors["x"] = axis(0)
    vectors = np.stack([axis(0), np.full(384, np.nan, "f4")])
    library.add("e1", [say("one", 0.0), say("two", 5.0)], text_vectors=vectors)
    assert starts(library, "x") == [0.0]


def test_writes_go_through_the_alias_or_not_at_all(library: Library) -> None:
    action = bulk.index_action(f"{library.prefix}-nothing", {"id": "a"})
    with pytest.raises(bulk.IndexingError, match="alias"):
        bulk.run_bulk(library.es, [action])
    assert not library.es.indices.exists(index=f"{library.prefix}-nothing")


def test_the_index_names_the_models_of_its_vectors(library: Library) -> None:
    assert stored_models(library.es, library.prefix) == MODELS
    make_indices(library.es, library.prefix, MODELS)  # and again: nothing happens


def test_a_vector_field_that_is_new_is_added_and_one_no_longer_chosen_stays(
    new_library: Callable[[], Library],
) -> None:
    library = new_library()
    without = {field: model for field, model in MODELS.items() if field != "voice"}
    library.es.indices.delete(index=f"{library.prefix}-segments-000001")
    make_indices(library.es, library.prefix, without)
    assert stored_models(library.es, library.prefix) == without
    library.add("old", [say("ice")])
    for models in (MODELS, without, MODELS):  # chosen, off, and chosen again
        make_indices(library.es, library.prefix, models)
        assert stored_models(library.es, library.prefix) == MODELS
    library.add("new", [say("ice")], voice_vectors=axis(0, 192)[None])
    with pytest.raises(ModelMismatch, match="another-voice"):
        make_indices(
            library.es, library.prefix, MODELS | {"voice": Model("another-voice", "1", 192)}
        )


def test_an_index_that_an_earlier_version_made_goes_on(new_library: Callable[[], Library]) -> None:
    library = new_library()
    name = f"{library.prefix}-segments-000001"
    before = definition("segments")
    for field in ("sounds_like", "reading", "voice"):
        del before["mappings"]["properties"][field]
    del before["mappings"]["_source"]
    library.es.indices.delete(index=name)
    models = {field: MODELS[field] for field in ("text_vector", "audio_whisper")}
    library.es.indices.create(
        index=name, **with_models(before, models), aliases={f"{library.prefix}-segments": {}}
    )
    make_indices(library.es, library.prefix, MODELS)
    library.add("e1", [say("ice")])
    assert starts(library, "ice") == [0.0]


def test_vectors_of_another_model_are_refused_with_what_to_do(library: Library) -> None:
    other = MODELS | {"text_vector": Model("another-model", "1", 384)}
    with pytest.raises(ModelMismatch, match=r"a-text-model.*another-model.*earmark reindex"):
        make_indices(library.es, library.prefix, other)


def test_an_index_of_another_version_is_refused_with_what_to_do(
    es: Elasticsearch, other_prefix: str
) -> None:
    es.indices.create(
        index=f"{other_prefix}-feeds-000001",
        mappings={"properties": {"title": {"type": "long"}}},
        aliases={f"{other_prefix}-feeds": {}},
    )
    with pytest.raises(IndexMismatch, match="earmark reindex"):
        make_indices(es, other_prefix, MODELS)


@pytest.fixture
def other_prefix(new_library: Callable[[], Library]) -> str:
    library = new_library()
    library.es.indices.delete(index=f"{library.prefix}-feeds-000001")
    return library.prefix


@pytest.mark.parametrize("kind", KINDS)
def test_definitions_are_strict_and_pin_their_vectors(kind: str) -> None:
    mappings = definition(kind)["mappings"]
    assert mappings["dynamic"] == "strict"
    for field in mappings["properties"].values():
        if field["type" if "type" in field else "properties"] == "dense_vector":
            assert field["index_options"]["type"] == "int8_hnsw"
