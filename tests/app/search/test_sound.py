"""What is heard, found by its name, by a clip, and beside words, in a real Elasticsearch."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from app.domain import Segment
from app.encoders.audioset import class_vector, names
from app.encoders.base import Floats
from app.encoders.minilm import MiniLm
from app.encoders.sound_classes import SoundClasses
from app.search.hybrid import Searcher
from app.search.index import make_indices
from app.search.query import Query
from app.search.result import Hit, Result
from app.search.sound import SoundsByName
from tests.app.search.conftest import MODELS, Library, axis, say


def hears(**scores: float) -> Floats:
    """The vector of what is heard with these scores; underscores are spaces."""
    every = np.full(len(names()), 0.002, np.float32)
    for name, score in scores.items():
        every[names().index(name.replace("_", " "))] = score
    return class_vector(every)


SPEECH = hears(Speech=0.9)
APPLAUSE = hears(Applause=0.8, Clapping=0.4, Crowd=0.2)
MUSIC = hears(Music=0.9, Piano=0.5)
RAIN = hears(Rain_on_surface=0.5, Rain=0.5, Raindrop=0.3)


@pytest.fixture(scope="module")
def engine() -> SoundClasses:
    embedder = MiniLm("minilm-int8")
    return SoundClasses("yamnet", lambda: embedder)


@pytest.fixture
def search(library: Library, engine: SoundClasses) -> Callable[..., Result]:
    """Two talks, each with what is heard after it; and one without its sound."""
    library.add(
        "talk",
        [say("the climate is changing fast", 0.0), Segment(10.0, 20.0), say("goodbye", 200.0)],
        class_vectors=np.stack([SPEECH, APPLAUSE, MUSIC]),
        audio_vectors=np.stack([axis(0, 512)] * 3),
        show_title="Science",
    )
    library.add(
        "walk",
        [say("the climate is mild here", 0.0), Segment(90.0, 100.0), Segment(100.0, 110.0)],
        class_vectors=np.stack([SPEECH, RAIN, APPLAUSE]),
        audio_vectors=np.stack([axis(1, 512)] * 3),
        feed="other",
        show_title="Outside",
    )
    by_name = SoundsByName(library.es, library.prefix, {"audio_classes": engine})
    searcher = Searcher(library.es, library.prefix, library.embed, sounds=by_name.of)
    return lambda q, **more: searcher.search(Query(q=q, **more))


def places(result: Result) -> list[tuple[str, float]]:
    return [(hit.episode.id, hit.start_s) for hit in cast(list[Hit], result.hits)]


@pytest.mark.parametrize("q", ["sound:applause", 'sound:"the audience claps"'])
def test_a_sound_is_found_by_its_name(search: Callable[..., Result], q: str) -> None:
    result = search(q)
    assert sorted(places(result)) == [("talk", 10.0), ("walk", 100.0)]
    assert result.degraded == []
    assert result.sound is not None
    assert result.sound.field == "audio_classes"
    assert {"Applause", "Clapping"} & set(result.sound.names)
    first = cast(Hit, result.hits[0])
    assert first.legs.keys() == {"sound"}
    assert first.sounds == ["Applause", "Clapping"]


def test_a_sound_narrows_like_everything_else(search: Callable[..., Result]) -> None:
    assert places(search("sound:applause show:outside")) == [("walk", 100.0)]
    assert places(search("sound:applause", show=("show",))) == [("talk", 10.0)]
    assert places(search("sound:music")) == [("talk", 200.0)]


def test_words_beside_a_sound_are_said_near_it(search: Callable[..., Result]) -> None:
    """Applause comes after what it is for, in a passage of its own."""
    result = search("climate sound:applause")
    assert places(result) == [("talk", 0.0)]  # the other talk is 95 s away
    hit = cast(Hit, result.hits[0])
    assert {"keyword", "sound"} <= hit.legs.keys()
    assert hit.legs["sound"].score > 0.5
    assert places(search('"climate is" sound:rain')) == []
    assert places(search("goodbye sound:applause")) == []


def test_two_sounds_are_heard_at_once(search: Callable[..., Result], library: Library) -> None:
    both = hears(Applause=0.7, Music=0.7)
    library.add("gala", [Segment(0.0, 10.0)], class_vectors=np.stack([both]))
    assert places(search("sound:applause sound:music")) == [("gala", 0.0)]
    (told,) = search("sound:applause sound:music sound:applause sound:rain").degraded
    assert told.reason == "Only the first 3 sounds are listened for."


def test_what_names_no_sound_is_told_and_not_guessed(search: Callable[..., Result]) -> None:
    result = search("sound:democracy")
    assert result.hits == []
    assert [(one.part, one.reason) for one in result.degraded] == [
        ("sound", "No sound that is known here is near “democracy”.")
    ]
    beside = search("climate sound:democracy")
    assert len(beside.hits) == 2
    assert [one.part for one in beside.degraded] == ["sound"]


def test_ordinary_words_are_heard_where_a_weight_says_so(search: Callable[..., Result]) -> None:
    assert all("sound" not in hit.legs for hit in cast(list[Hit], search("rain").hits))
    found = search("rain", weights={"sound": 1.0})
    assert ("walk", 90.0) in places(found)
    told = search("democracy", weights={"sound": 1.0})
    assert [one.part for one in told.degraded] == ["sound"]


def test_names_of_sounds_filter_every_leg(search: Callable[..., Result]) -> None:
    assert places(search("sound:applause", sound=("Rain",))) == []
    assert places(search("goodbye", sound=("Music",))) == [("talk", 200.0)]


def test_a_clip_is_compared_in_the_best_field(search: Callable[..., Result]) -> None:
    clip: dict[str, Any] = {
        "audio_whisper": axis(0, 512).tolist(),
        "audio_classes": hears(Rain=0.6, Rain_on_surface=0.4).tolist(),
    }
    result = search("", is_clip=True, intent="sound", audio_vectors=clip)
    assert places(result) == [("walk", 90.0)]
    assert result.sound is not None
    assert (result.sound.field, result.sound.names) == (
        "audio_classes",
        ["Rain", "Rain on surface"],
    )


def test_in_a_clip_of_words_classes_of_sound_tell_nothing(search: Callable[..., Result]) -> None:
    clip = {"is_clip": True, "was_heard": True, "audio_vectors": {"audio_classes": SPEECH.tolist()}}
    guessed = cast(list[Hit], search("climate", **clip).hits)
    assert guessed
    assert all("sound" not in hit.legs for hit in guessed)
    asked = cast(list[Hit], search("climate", weights={"sound": 0.5}, **clip).hits)
    assert any("sound" in hit.legs for hit in asked)


def test_passages_from_before_the_engine_are_told(
    search: Callable[..., Result], library: Library
) -> None:
    library.add("old", [Segment(0.0, 10.0)], audio_vectors=np.stack([axis(3, 512)]))
    library.add("read", [say("words without audio")])
    (told,) = search("sound:applause").degraded
    assert told.part == "sound"
    assert told.reason.startswith("1 passages were indexed without audio_classes")
    assert "earmark reindex" in told.reason


def test_an_index_of_before_serves_and_says_what_to_do(
    library: Library, engine: SoundClasses
) -> None:
    older = {field: model for field, model in MODELS.items() if field != "audio_classes"}
    prefix = f"{library.prefix}-older"
    make_indices(library.es, prefix, older)
    try:
        by_name = SoundsByName(library.es, prefix, {"audio_classes": engine})
        searcher = Searcher(library.es, prefix, library.embed, sounds=by_name.of)
        (told,) = searcher.search(Query(q="sound:rain")).degraded
        assert told.part == "sound"
        assert "no vectors by yamnet: run `earmark reindex`" in told.reason
        make_indices(library.es, prefix, MODELS)  # what the workers do when they start
    finally:
        library.es.indices.delete(index=list(library.es.indices.get(index=f"{prefix}-*")))


def test_without_such_an_engine_a_sound_is_not_looked_for(library: Library) -> None:
    (told,) = library.searcher.search(Query(q="sound:rain")).degraded
    assert told.part == "sound"
    assert "finds a sound by its name" in told.reason
