"""openai-whisper on the weights of faster-whisper: needs torch."""

import shutil
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from app import models
from app.encoders import openai_whisper, whisper_weights
from app.encoders.base import EncoderError
from app.encoders.openai_whisper import OpenAiWhisper
from app.encoders.whisper import FasterWhisper
from app.encoders.whisper_states import WhisperStates
from app.settings import get_settings
from tests.spoken import samples_of, speak

pytestmark = pytest.mark.torch

RATE = 16_000
SAID = "How do bakers keep the crust of the bread so dark? They close the oven and wait."


@pytest.fixture(scope="module")
def ours() -> OpenAiWhisper:
    return OpenAiWhisper("openai-whisper:base")


@pytest.fixture(scope="module")
def theirs() -> FasterWhisper:
    return FasterWhisper("faster-whisper:base")


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    file = tmp_path_factory.mktemp("speech") / "said.wav"
    return np.pad(samples_of(speak(SAID, file)), RATE // 2)


@pytest.mark.parametrize("brief", [False, True])
def test_both_engines_hear_the_same_words_at_the_same_times(ours, theirs, speech, brief):
    mine = ours.transcribe(speech, brief=brief, states=not brief)
    other = theirs.transcribe(speech, brief=brief, states=not brief)
    assert "".join(word.text for word in mine.words).strip() == SAID
    assert [word.text for word in mine.words] == [word.text for word in other.words]
    assert mine.language == other.language == "en"
    assert mine.language_probability == pytest.approx(other.language_probability, abs=0.02)
    apart = [abs(a.start_s - b.start_s) for a, b in zip(mine.words, other.words, strict=True)]
    assert np.quantile(apart, 0.95) <= 0.2


def test_both_engines_leave_the_same_states_for_the_audio_vector(ours, theirs, speech):
    sound = WhisperStates("whisper:base")
    assert sound.shares_encoder_with(ours)
    mine, other = (engine.transcribe(speech).states for engine in (ours, theirs))
    assert mine.shape == other.shape
    assert sound.pool(mine) @ sound.pool(other) > 0.99


def test_a_window_passes_through_the_encoder_once(ours, speech):
    model = openai_whisper._load(ours.name, openai_whisper.threads())
    convolved = []
    hook = model.encoder.conv1.register_forward_hook(lambda *_: convolved.append(1))
    try:
        assert ours.transcribe(0.9 * speech, brief=True).states is not None
    finally:
        hook.remove()
    assert len(convolved) == 1


def test_hearing_twice_is_hearing_the_same(ours):
    noise = np.random.default_rng(0).normal(size=5 * RATE).astype(np.float32) * 0.1
    once, again = ours.transcribe(noise), ours.transcribe(noise)
    assert once.words == again.words == []
    np.testing.assert_array_equal(once.states, again.states)


@pytest.mark.parametrize("seconds", [0.1, 3, 30])
def test_nothing_is_heard_in_silence(ours, seconds):
    heard = ours.transcribe(np.zeros(round(seconds * RATE), np.float32))
    assert list(heard.words) == []
    assert heard.states.shape == (int(np.ceil(seconds)), 512)


def test_a_language_that_was_given_is_kept_and_an_unsure_one_gives_way(ours):
    noise = np.random.default_rng(0).normal(size=2 * RATE).astype(np.float32) * 0.1
    assert ours.transcribe(noise, language="fr").language == "fr"
    assert ours.transcribe(noise, likely="ja").language == "ja"


def test_the_checkpoint_holds_every_value_of_the_packaged_weights():
    import torch  # noqa: PLC0415 - only these tests have it

    file = whisper_weights.checkpoint_of("whisper-base") / whisper_weights.CHECKPOINT
    kept = torch.load(file, weights_only=True)
    arrays = whisper_weights.read_arrays(models.path("whisper-base") / "model.bin")
    sizes = {"f": 0, "other": 0}
    for array in arrays.values():
        sizes["f" if array.dtype.kind == "f" else "other"] += array.size
    lost = 6 * 512 * 2 + 6 * 512  # the keys' biases, which are zero
    assert sum(value.numel() for value in kept["model_state_dict"].values()) == sizes["f"] - lost
    fused = arrays["decoder/layer_3/attention/linear_1/weight"]
    block = kept["model_state_dict"]
    np.testing.assert_array_equal(block["decoder.blocks.3.cross_attn.key.weight"], fused[:512])
    np.testing.assert_array_equal(block["decoder.blocks.3.cross_attn.value.weight"], fused[512:])
    biases = arrays["encoder/layer_2/self_attention/linear_0/bias"]
    assert not biases[512:1024].any()


def test_a_checkpoint_of_ones_own_serves(ours, speech, tmp_path):
    folder = whisper_weights.checkpoint_of("whisper-base")
    shutil.copy(folder / "model.pt", tmp_path / "mine.pt")
    shutil.copytree(folder, tmp_path / "folder")
    words = [word.text for word in ours.transcribe(speech).words]
    for given in (tmp_path / "mine.pt", tmp_path / "folder"):
        own = OpenAiWhisper(f"openai-whisper:{given}")
        assert [word.text for word in own.transcribe(speech).words] == words


def test_what_is_no_checkpoint_says_so(tmp_path):
    (tmp_path / "broken.pt").write_bytes(b"no weights")
    for weights, says in {
        tmp_path / "broken.pt": "could not be loaded",
        tmp_path / "none.pt": "neither a checkpoint",
        tmp_path: "neither a checkpoint",
        "enormous": "none of tiny",
    }.items():
        with pytest.raises(EncoderError, match=says):
            OpenAiWhisper(f"openai-whisper:{weights}").transcribe(np.zeros(RATE, np.float32))


def test_weights_that_cannot_be_fetched_say_where_to_put_them(monkeypatch):
    def unreachable(*_args: object, **_options: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    with pytest.raises(EncoderError, match=r"no route to host.*put large-v3\.pt into"):
        OpenAiWhisper("openai-whisper:large-v3").transcribe(np.zeros(RATE, np.float32))


@pytest.fixture
def own_models(monkeypatch, tmp_path):
    """A models folder of the test's own, with the packaged base weights in it."""
    packaged = models.path("whisper-base")
    folder: Path = tmp_path / packaged.name
    folder.mkdir()
    for file in packaged.iterdir():
        shutil.copy(file, folder)
    monkeypatch.setenv("EARMARK_MODELS_DIR", str(tmp_path))
    get_settings.cache_clear()
    openai_whisper._load.cache_clear()
    yield folder
    monkeypatch.undo()
    get_settings.cache_clear()
    openai_whisper._load.cache_clear()


def test_damaged_weights_are_not_converted(own_models):
    with (own_models / "model.bin").open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"damage")
    with pytest.raises(EncoderError, match=r"model\.bin is damaged"):
        OpenAiWhisper("openai-whisper:base").transcribe(np.zeros(RATE, np.float32))
    assert not whisper_weights.checkpoint_path("whisper-base").exists()


def test_absent_weights_say_how_to_get_them(own_models):
    shutil.rmtree(own_models)
    with pytest.raises(EncoderError, match=r"app\.models install whisper-base"):
        OpenAiWhisper("openai-whisper:base").transcribe(np.zeros(RATE, np.float32))


def test_a_file_of_something_else_is_no_whisper(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"\x06\0\0\0\x05\0Other\0")
    with pytest.raises(EncoderError, match="holds no Whisper"):
        whisper_weights.read_arrays(tmp_path / "model.bin")


def test_quantised_weights_are_refused():
    quantised = {"encoder/conv1/weight": np.zeros((2, 2, 3), np.int8)}
    with pytest.raises(EncoderError, match="quantised"):
        dict(whisper_weights.openai_arrays(quantised))
