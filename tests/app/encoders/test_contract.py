"""One contract for every engine: what it gives, and what it refuses.

The engines of the default install are tested without torch. Those whose models are exported by
it are marked, as the tests make their checkpoints; they are served without it all the same.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import models
from app.encoders import openai_whisper, whisper_model
from app.encoders.base import AudioEmbedder, EncoderError, TextEmbedder, Transcriber
from app.encoders.clap import Clap
from app.encoders.e5 import E5
from app.encoders.exported import write_card
from app.encoders.minilm import MiniLm
from app.encoders.openai_whisper import OpenAiWhisper
from app.encoders.registry import text_embedder
from app.encoders.sentences import SentenceTransformer
from app.encoders.sound_classes import CLASSES, SoundClasses
from app.encoders.speaker import CamPlusPlus
from app.encoders.wav2vec2 import Wav2Vec2
from app.encoders.whisper import FasterWhisper
from app.encoders.whisper_states import WhisperStates
from app.settings import get_settings
from tests import tiny
from tests.spoken import samples_of, speak

needs_torch = pytest.mark.torch

TRANSCRIBERS = [
    pytest.param(FasterWhisper, "faster-whisper:base", id="faster-whisper"),
    pytest.param(OpenAiWhisper, "openai-whisper:base", id="openai-whisper", marks=needs_torch),
]
AUDIO = [
    pytest.param(WhisperStates, "whisper:base", id="whisper"),
    pytest.param(CamPlusPlus, "campplus", id="campplus"),
    pytest.param(lambda name: SoundClasses(name, text_embedder), "yamnet", id="yamnet"),
    pytest.param(Clap, "clap", id="clap", marks=needs_torch),
    pytest.param(Wav2Vec2, "wav2vec2-conv", id="wav2vec2", marks=needs_torch),
    pytest.param(Wav2Vec2, "wavlm-2", id="wavlm", marks=needs_torch),
]
TEXT = [
    pytest.param(MiniLm, "minilm-int8", id="minilm"),
    pytest.param(E5, "e5-small", id="e5"),
    pytest.param(SentenceTransformer, "sentences", id="sentences", marks=needs_torch),
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The setting of a tiny model, which is exported when it is first asked for."""
    root = tmp_path_factory.mktemp("exported")

    def setting(name: str) -> str:
        from app.encoders.export import Options, export  # noqa: PLC0415

        kind, folder = KINDS[name][0], root / name
        if not folder.exists():
            checkpoint = KINDS[name][1](root / f"{name}-checkpoint")
            export(kind, str(checkpoint), folder, Options(layer=KINDS[name][2]))
        return f"{kind}:{folder}"

    return setting


KINDS: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "clap": ("clap", tiny.clap, "conv"),
    "wav2vec2-conv": ("wav2vec2", tiny.wav2vec2, "conv"),
    "wavlm-2": ("wav2vec2", lambda folder: tiny.wav2vec2(folder, "WavLM"), "2"),
    "sentences": ("sentence-transformers", tiny.sentences, "conv"),
}


@pytest.fixture
def engine(request: pytest.FixtureRequest, exported: Callable[[str], str]) -> Any:
    """The engine that a test is parametrised with."""
    made, name = request.param
    return made(exported(name) if name in KINDS else name)


def every(engines: list[Any]) -> pytest.MarkDecorator:
    """Parametrise a test's ``engine``."""
    params = [pytest.param(p.values, id=p.id, marks=p.marks) for p in engines]
    return pytest.mark.parametrize("engine", params, indirect=True)


def noise(engine: Any, seconds: float) -> np.ndarray:
    rate = getattr(engine, "sample_rate_hz", 16_000)
    samples = np.random.default_rng(0).normal(size=round(seconds * rate)) * 0.1
    return samples.astype(np.float32)


def width(engine: Any) -> int:
    """Of the rows that an engine keeps, which need not be that of its vectors."""
    return CLASSES if isinstance(engine, SoundClasses) else int(engine.dims)


def hear(engine: Any) -> Callable[[np.ndarray], Any]:
    return engine.transcribe if hasattr(engine, "transcribe") else engine.states


@every(AUDIO)
@pytest.mark.parametrize("seconds", [0.01, 0.1, 1.0, 7.3, 10.0, 12.5, 30.0])
def test_there_is_a_row_a_second_and_a_unit_vector(engine: AudioEmbedder, seconds: float) -> None:
    states = engine.states(noise(engine, seconds))
    assert states.shape == (int(np.ceil(seconds)), width(engine))
    assert states.dtype == np.float32
    vector = engine.pool(states)
    assert vector.shape == (engine.dims,)
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-5)


@every(AUDIO)
def test_half_an_hour_pools_to_one_unit_vector(engine: AudioEmbedder) -> None:
    states = np.tile(engine.states(noise(engine, 30)), (60, 1))
    assert len(states) == 1800
    vector = engine.pool(states)
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(vector, engine.pool(states[:30]), atol=1e-4)


@every(AUDIO)
def test_silence_is_heard_or_said_to_be_nothing(engine: AudioEmbedder) -> None:
    states = engine.states(np.zeros(3 * engine.sample_rate_hz, np.float32))
    expected = np.isnan if engine.hears_speech_alone else np.isfinite
    assert expected(states).all()
    assert expected(engine.pool(states)).all()


@every(AUDIO + TRANSCRIBERS)
def test_hearing_twice_is_hearing_the_same(engine: Any) -> None:
    once, again = (hear(engine)(noise(engine, 5)) for _ in range(2))
    if isinstance(once, np.ndarray):
        np.testing.assert_array_equal(once, again)
    else:
        assert once.words == again.words
        np.testing.assert_array_equal(once.states, again.states)


@every(TRANSCRIBERS)
@pytest.mark.parametrize("seconds", [0.1, 4.0, 30.0])
def test_a_transcriber_invents_nothing_over_silence(engine: Transcriber, seconds: float) -> None:
    heard = engine.transcribe(np.zeros(round(seconds * 16_000), np.float32))
    assert list(heard.words) == []
    assert heard.states is not None
    assert len(heard.states) == int(np.ceil(seconds))


@every(TRANSCRIBERS)
@pytest.mark.parametrize("brief", [False, True])
def test_names_that_are_told_are_spelled_so(
    engine: Transcriber, tmp_path: Path, brief: bool
) -> None:
    said = "After Eisbaden, Marit Bjornsdottir moved to Kubernetes."
    speech = samples_of(speak(said, tmp_path / "names.wav"))
    names = ["Eisbaden", "Marit Bjornsdottir", "Kubernetes"]
    heard = engine.transcribe(speech, brief=brief, hotwords=names)
    text = "".join(word.text for word in heard.words)
    assert [name for name in names if name in text] == names


@every(TRANSCRIBERS)
def test_names_that_are_told_are_not_invented(engine: Transcriber, tmp_path: Path) -> None:
    names = ["Eisbaden", "Marit Bjornsdottir", "Kubernetes"]
    said = "When should an apple tree be pruned?"
    speech = samples_of(speak(said, tmp_path / "tree.wav"))
    heard = engine.transcribe(speech, hotwords=names)
    assert "".join(word.text for word in heard.words).strip() == said
    for window in (np.zeros(5 * 16_000, np.float32), 0.1 * noise(engine, 5)):
        text = "".join(word.text for word in engine.transcribe(window, hotwords=names).words)
        assert not [name for name in names if name in text]


@every(AUDIO + TRANSCRIBERS)
def test_sound_that_no_engine_can_take_is_refused(engine: Any) -> None:
    second = noise(engine, 1)
    for window, says in (
        (second[:0], "more than 0"),
        (np.tile(noise(engine, 30), 3), "at most 30 s at"),  # thrice the rate, say
        (second.astype(np.float64), "float32"),
        ((second * 32767).astype(np.int16), "float32"),
        (np.stack([second, second], axis=1), "one dimension"),
        (np.full_like(second, np.nan), "not numbers"),
        (np.where(second > 0.3, np.inf, second).astype(np.float32), "not numbers"),
    ):
        with pytest.raises(EncoderError, match=says):
            hear(engine)(window)


@every(AUDIO)
def test_states_of_another_engine_are_refused(engine: AudioEmbedder) -> None:
    rows = width(engine)
    for shape in ((3, rows + 1), (0, rows), (rows,)):
        with pytest.raises(EncoderError, match=str(rows)):
            engine.pool(np.zeros(shape, np.float32))


@every(TEXT)
def test_texts_become_unit_vectors(engine: TextEmbedder) -> None:
    texts = ["rain falls", "a dog barks", "", "rain " * 3000, "🎧", "rain falls"]
    vectors = engine.embed(texts)
    assert vectors.shape == (len(texts), engine.dims)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert engine.embed([]).shape == (0, engine.dims)
    assert engine.ask("rain falls").shape == (engine.dims,)
    np.testing.assert_array_equal(engine.embed(texts), vectors)
    np.testing.assert_allclose(vectors[0], vectors[-1], atol=1e-6)


@every(TEXT)
def test_company_changes_no_vector(engine: TextEmbedder) -> None:
    alone = engine.embed(["a dog barks"])[0]
    among = engine.embed(["a dog barks", *["rain falls on and on " * 40] * 3])[0]
    np.testing.assert_allclose(alone, among, atol=1e-6)


@every(TEXT)
def test_what_is_alike_to_a_model_is_a_likeness_of_one(engine: TextEmbedder) -> None:
    scale = engine.likeness
    assert -0.2 < scale.unlike < scale.alike <= 1.2
    assert scale.of(scale.alike) == pytest.approx(1)
    assert scale.cosine(scale.of(0.5)) == pytest.approx(0.5)


# What is not there, or is something else


def name_of(kind: str, folder: Path) -> str:
    return {"whisper": "whisper:base", "faster-whisper": "faster-whisper:base"}.get(
        kind, kind if kind in models.PACKAGED else f"{kind}:{folder}"
    )


ALONE: dict[str, tuple[Callable[[str], Any], Callable[[Any], Any]]] = {
    "faster-whisper": (FasterWhisper, lambda e: e.transcribe(noise(e, 1))),
    "whisper": (WhisperStates, lambda e: e.states(noise(e, 1))),
    "campplus": (CamPlusPlus, lambda e: e.states(noise(e, 1))),
    "minilm-int8": (MiniLm, lambda e: e.embed(["rain"])),
    "e5-small": (E5, lambda e: e.embed(["rain"])),
    "clap": (Clap, lambda e: e.states(noise(e, 1))),
    "wav2vec2": (Wav2Vec2, lambda e: e.states(noise(e, 1))),
    "sentence-transformers": (SentenceTransformer, lambda e: e.embed(["rain"])),
}
SETTINGS = {
    "clap": {
        "sampling_rate": 48_000,
        "window_samples": 480_000,
        "fft_size": 1024,
        "hop": 480,
        "bands": 64,
        "lowest_hz": 50,
        "highest_hz": 14_000,
        "max_tokens": 77,
    },
    "wav2vec2": {"normalise": False, "layer": "conv"},
    "sentence-transformers": {
        "max_tokens": 32,
        "likeness": [0.0, 1.0],
        "query_prefix": "",
        "passage_prefix": "",
    },
}


@pytest.fixture
def own_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty folder of models."""
    monkeypatch.setenv("EARMARK_MODELS_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    get_settings.cache_clear()
    whisper_model._load.cache_clear()
    openai_whisper._load.cache_clear()


@pytest.mark.parametrize("kind", ALONE)
def test_missing_weights_say_how_to_get_them(own_models: Path, kind: str) -> None:
    made, use = ALONE[kind]
    engine = made(name_of(kind, own_models / "none"))
    with pytest.raises(EncoderError, match=r"app\.models install|app\.encoders\.export"):
        use(engine)


@pytest.mark.parametrize("kind", ALONE)
def test_a_file_of_something_else_is_named(own_models: Path, kind: str) -> None:
    made, use = ALONE[kind]
    name = name_of(kind, own_models / "exported")
    packaged = models.packaged_name(name)
    if packaged is not None:
        _fill_with_nothing(models.path(packaged), packaged)
    else:
        _export_nothing(own_models / "exported", kind)
    with pytest.raises(EncoderError, match="could not be loaded"):
        use(made(name))


def _fill_with_nothing(folder: Path, packaged: str) -> None:
    """Files of the right size, full of zeros."""
    folder.mkdir()
    for file in models.PACKAGED[packaged].files:
        with (folder / file.name).open("wb") as hollow:
            hollow.truncate(file.size)


def _export_nothing(folder: Path, kind: str) -> None:
    folder.mkdir()
    for file in ("audio.onnx", "text.onnx", "tokenizer.json"):
        (folder / file).write_bytes(b"nothing")
    write_card(folder, kind, "nothing", 8, SETTINGS[kind])


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_folder_for_another_engine_is_refused(tmp_path: Path, kind: str) -> None:
    write_card(tmp_path, "another", "a-model", 8, {})
    made, use = ALONE[kind]
    with pytest.raises(EncoderError, match=f"for another, not for {kind}"):
        use(made(f"{kind}:{tmp_path}"))
    (tmp_path / "earmark.json").write_text("{")
    with pytest.raises(EncoderError, match="damaged"):
        use(made(f"{kind}:{tmp_path}"))
    with pytest.raises(EncoderError, match="no absolute folder"):
        use(made(f"{kind}:some/folder"))


def test_a_text_model_exported_before_likeness_was_measured_is_to_be_exported_again(
    tmp_path: Path,
) -> None:
    kind = "sentence-transformers"
    write_card(tmp_path, kind, "a-model", 8, {**SETTINGS[kind], "likeness": None})
    with pytest.raises(EncoderError, match="export it again"):
        _ = SentenceTransformer(f"{kind}:{tmp_path}").likeness


def test_without_torch_the_engine_on_it_says_what_to_install() -> None:
    with pytest.raises(EncoderError, match=r"pip install '\.\[torch\]'"):
        OpenAiWhisper("openai-whisper:base").transcribe(np.zeros(16_000, np.float32))
