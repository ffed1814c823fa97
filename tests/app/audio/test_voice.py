import numpy as np
import pytest

from app.audio.voice import voice_vector
from app.encoders.base import AudioEmbedder
from app.encoders.speaker import CamPlusPlus
from tests.voices import HIGH, LOW, RATE_HZ, babble


@pytest.fixture(scope="module")
def embedder() -> AudioEmbedder:
    return CamPlusPlus("campplus")


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def test_a_clip_has_the_vector_of_who_speaks_in_it(embedder: AudioEmbedder) -> None:
    clip = np.concatenate([silence(2), babble(4, LOW), silence(3)])
    vector = np.array(voice_vector(clip, embedder))
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-5)
    same, other = (embedder.pool(embedder.states(babble(10, who, seed=5))) for who in (LOW, HIGH))
    assert vector @ same > vector @ other + 0.1


def test_a_clip_longer_than_a_window_has_one_too(embedder: AudioEmbedder) -> None:
    vector = voice_vector(babble(45, LOW), embedder)
    assert vector is not None
    assert len(vector) == embedder.dims


@pytest.mark.parametrize("seconds", [0.0, 0.1, 5.0])
def test_nobody_has_no_voice(embedder: AudioEmbedder, seconds: float) -> None:
    hiss = np.random.default_rng(0).normal(size=round(seconds * RATE_HZ)) * 0.1
    assert voice_vector(silence(seconds), embedder) is None
    assert voice_vector(hiss.astype(np.float32), embedder) is None
