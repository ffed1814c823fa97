"""A CLAP in place of the default engine: indexed, and found by text and by clip. Needs torch.

The checkpoint is tiny and made here, but has learned three sounds and what they are called.
"""

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.catalog import get_catalog
from app.domain import EpisodeStatus
from app.encoders import registry
from app.encoders.base import Floats
from app.encoders.export import Options, export
from app.search.client import get_client
from app.search.hybrid import Query, search
from app.search.index import ensure_indices, stored_models
from app.settings import Settings, get_settings
from app.store import get_store
from tests import tiny
from tests.conftest import forget_caches
from tests.served import Site, serving
from tests.workers.test_pipeline import Desk
from workers.clips import hear_clip

pytestmark = pytest.mark.torch

FIELD = "audio_clap"
ORDER = ["hiss of noise", "a bell rings", "a tone"]


def wav(samples: Floats, rate_hz: int = tiny.CLAP_RATE) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes((32_767 * np.clip(samples, -1, 1)).astype("<i2").tobytes())
    return file.getvalue()


@pytest.fixture(scope="module")
def clap(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The exported folder, chosen as the audio embedder."""
    checkpoint = tiny.clap(tmp_path_factory.mktemp("clap"), list(tiny.sounds().items()))
    folder = tmp_path_factory.mktemp("exported") / "clap"
    export("clap", str(checkpoint), folder, Options())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARMARK_AUDIO_EMBEDDER", f"clap:{folder}")
        forget_caches()
        yield folder
    forget_caches()


@pytest.fixture(scope="module")
def site(clap: Path) -> Iterator[Site]:
    with serving() as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARMARK_ALLOW_PRIVATE_NETWORKS", f"127.0.0.1:{served.port}")
        get_settings.cache_clear()
        heard = tiny.sounds(seed=4)
        served.serve("/birds.wav", wav(np.concatenate([heard[name] for name in ORDER])))
        ensure_indices()
        yield served


@pytest.fixture(scope="module")
def indexed(site: Site) -> str:
    """The id of an episode of ten seconds of each sound."""
    desk = Desk(get_settings(), site)
    feed = desk.add("sounds")
    desk.run()
    episode = desk.episode(feed)
    assert episode.status == EpisodeStatus.INDEXED, episode.error
    return str(episode.id)


def test_the_index_says_whose_vectors_it_holds(indexed: str) -> None:
    stored = stored_models(get_client(), get_settings().index_prefix)[FIELD]
    engine = registry.audio_embedders()[FIELD]
    assert stored == (engine.name, engine.version, 24)


@pytest.mark.parametrize("name", ORDER)
def test_a_text_finds_the_sound_that_it_names(indexed: str, name: str) -> None:
    result = search(Query(q=f'sound:"{name}"'))
    assert result.degraded == []
    assert result.hits[0].start_s == pytest.approx(10 * ORDER.index(name), abs=1)


@pytest.mark.parametrize("name", ORDER)
def test_a_clip_finds_what_sounds_like_it(indexed: str, name: str) -> None:
    with get_store().write("clips/c") as file:
        file.write(wav(tiny.sounds(3, seed=8)[name]))
    answer = hear_clip("c", "sound", get_store(), get_settings())
    assert answer["error"] is None
    assert answer["degraded"] == []
    query = Query(is_clip=True, intent="sound", audio_vectors=answer["audio_vectors"])
    hit = search(query).hits[0]
    assert hit.start_s == pytest.approx(10 * ORDER.index(name), abs=1)


def test_audio_at_both_rates_is_dropped_in_the_end(indexed: str) -> None:
    names = {name.rsplit("/", 1)[1] for name in get_store().names(f"episodes/{indexed}")}
    assert not {name for name in names if name.endswith(".pcm") or name == "source"}
    assert get_catalog().get_episode(indexed).duration_s == pytest.approx(30, abs=0.1)
