"""Checkpoints of transformers, exported and served: needs torch to make them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from app.encoders import towers
from app.encoders.base import EncoderError
from app.encoders.clap import Clap
from app.encoders.clap_mel import log_mel
from app.encoders.export import Options, export, main
from app.encoders.exported import card_of
from app.encoders.sentences import SentenceTransformer
from app.encoders.wav2vec2 import Wav2Vec2
from tests import tiny

pytestmark = pytest.mark.torch

SOUNDS = tiny.sounds()
SERVE = """
import sys
sys.modules.update(dict.fromkeys(("torch", "transformers", "whisper", "onnx", "onnxscript")))
import numpy as np
from app.encoders.clap import Clap
from app.encoders.sentences import SentenceTransformer
from app.encoders.wav2vec2 import Wav2Vec2
clap, frames, texts = sys.argv[1:]
print(Clap(clap).states(np.ones(48_000, np.float32)).shape, Clap(clap).ask("a dog").shape)
print(Wav2Vec2(frames).states(np.ones(16_000, np.float32)).shape)
print(SentenceTransformer(texts).embed(["a dog"]).shape)
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.clap(tmp_path_factory.mktemp("clap"), list(SOUNDS.items()))


@pytest.fixture(scope="module")
def clap(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Clap:
    folder = tmp_path_factory.mktemp("exported") / "clap"
    export("clap", str(checkpoint), folder, Options())
    return Clap(f"clap:{folder}")


@pytest.mark.parametrize("seconds", [0.02, 0.5, 3.0, 7.7, 10.0])
def test_our_features_are_the_extractors(checkpoint: Path, clap: Clap, seconds: float) -> None:
    from transformers import ClapFeatureExtractor  # noqa: PLC0415

    extractor = ClapFeatureExtractor.from_pretrained(checkpoint)
    for sound in tiny.sounds(seconds, seed=3).values():
        theirs = extractor(sound, sampling_rate=48_000, return_tensors="np")["input_features"]
        ours = log_mel(sound, card_of(clap.name).settings)
        np.testing.assert_allclose(ours, theirs[0, 0], atol=1e-3)


def test_vectors_are_those_of_transformers(checkpoint: Path, clap: Clap) -> None:
    import torch  # noqa: PLC0415
    from transformers import AutoProcessor, ClapModel  # noqa: PLC0415

    model, processor = (
        ClapModel.from_pretrained(checkpoint),
        AutoProcessor.from_pretrained(checkpoint),
    )
    text, sound = "a bell rings", tiny.sounds(seed=9)["hiss of noise"]
    given = processor(text=[text], audio=[sound], sampling_rate=48_000, return_tensors="pt")
    with torch.no_grad():
        out = model(**given)
    np.testing.assert_allclose(clap.ask(text), out.text_embeds[0], atol=1e-3)
    np.testing.assert_allclose(clap.states(sound)[0], out.audio_embeds[0], atol=1e-3)


def test_text_finds_the_sound_that_it_names(clap: Clap) -> None:
    heard = {text: clap.pool(clap.states(sound)) for text, sound in tiny.sounds(seed=5).items()}
    for text in SOUNDS:
        asked = clap.ask(text)
        assert max(heard, key=lambda name: float(heard[name] @ asked)) == text
    assert clap.ask("  ") is None


def test_every_second_has_the_vector_of_the_ten_around_it(clap: Clap) -> None:
    tone, hiss = SOUNDS["a tone"], SOUNDS["hiss of noise"]
    states = clap.states(np.concatenate([tone, hiss, tone[: 4 * 48_000]]))
    assert len(states) == 24
    np.testing.assert_array_equal(states[0], clap.states(tone)[5])
    np.testing.assert_array_equal(states[10], clap.states(hiss)[0])
    last = np.concatenate([hiss, tone[: 4 * 48_000]])[-480_000:]
    np.testing.assert_array_equal(states[20], clap.states(last)[0])


@pytest.mark.parametrize(
    ("family", "layer", "stable"),
    [
        ("Wav2Vec2", "conv", False),
        ("Wav2Vec2", "2", True),
        ("Hubert", "1", False),
        ("WavLM", "2", True),
    ],
)
def test_frames_are_those_of_transformers(
    tmp_path: Path, family: str, layer: str, stable: bool
) -> None:
    import torch  # noqa: PLC0415
    from transformers import AutoModel  # noqa: PLC0415

    checkpoint = tiny.wav2vec2(tmp_path / "checkpoint", family, stable=stable)
    export("wav2vec2", str(checkpoint), tmp_path / "exported", Options(layer=layer))
    engine = Wav2Vec2(f"wav2vec2:{tmp_path / 'exported'}")
    assert engine.dims == (8 if layer == "conv" else 16)
    window = np.random.default_rng(2).normal(size=40_000).astype(np.float32) * 0.1
    given = (window - window.mean()) / np.sqrt(window.var() + 1e-7) if stable else window
    model = AutoModel.from_pretrained(checkpoint)
    with torch.no_grad():
        samples = torch.from_numpy(np.pad(given, (0, 80)))[None].float()
        if layer == "conv":
            frames = model.feature_extractor(samples).transpose(1, 2)[0].numpy()
        else:
            frames = model(samples, output_hidden_states=True).hidden_states[int(layer)][0].numpy()
    assert len(frames) == 125
    states = engine.states(window)
    np.testing.assert_allclose(states[0], frames[:50].mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(states[2], frames[100:].mean(axis=0), atol=1e-3)


@pytest.mark.parametrize("pooling", ["mean_tokens", "cls_token"])
def test_sentences_are_those_of_transformers(tmp_path: Path, pooling: str) -> None:
    import torch  # noqa: PLC0415
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415

    prompts = {"query": "query: ", "passage": "passage: "}
    checkpoint = tiny.sentences(tmp_path / "checkpoint", pooling=pooling, prompts=prompts)
    export("sentence-transformers", str(checkpoint), tmp_path / "exported", Options())
    engine = SentenceTransformer(f"sentence-transformers:{tmp_path / 'exported'}")
    model, tokenizer = (
        AutoModel.from_pretrained(checkpoint),
        AutoTokenizer.from_pretrained(checkpoint),
    )

    def expected(text: str) -> np.ndarray:
        given = tokenizer(text, truncation=True, max_length=24, return_tensors="pt")
        ids = {name: given[name] for name in ("input_ids", "attention_mask")}
        with torch.no_grad():
            tokens = model(**ids)[0][0].numpy()
        vector = tokens.mean(axis=0) if pooling == "mean_tokens" else tokens[0]
        return vector / np.linalg.norm(vector)

    texts = ["a dog", "rain rings a bell of noise", "tone " * 40]
    for row, text in zip(engine.embed(texts), texts, strict=True):
        np.testing.assert_allclose(row, expected(f"passage: {text}"), atol=1e-3)
    np.testing.assert_allclose(engine.ask("a dog"), expected("query: a dog"), atol=1e-3)


def test_prefixes_can_be_given(tmp_path: Path) -> None:
    checkpoint = tiny.sentences(tmp_path / "checkpoint")
    options = Options(query_prefix="query: ", passage_prefix="passage: ")
    card = export("sentence-transformers", str(checkpoint), tmp_path / "exported", options)
    prefixes = [card.settings[name] for name in ("query_prefix", "passage_prefix")]
    assert prefixes == ["query: ", "passage: "]


def test_the_folders_are_served_without_torch(clap: Clap, tmp_path: Path) -> None:
    names = [clap.name]
    for kind, make in (("wav2vec2", tiny.wav2vec2), ("sentence-transformers", tiny.sentences)):
        export(kind, str(make(tmp_path / f"{kind}-checkpoint")), tmp_path / kind, Options())
        names.append(f"{kind}:{tmp_path / kind}")
    done = subprocess.run(
        [sys.executable, "-c", SERVE, *names], capture_output=True, text=True, check=False
    )
    assert done.stdout.split("\n")[:3] == ["(1, 24) (24,)", "(1, 8)", "(1, 16)"], done.stderr


@pytest.mark.parametrize("weights", ["int8", "float32"])
def test_int8_is_kept_where_the_vectors_bear_it(
    checkpoint: Path, clap: Clap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: str
) -> None:
    monkeypatch.setattr(towers, "LEAST_COSINE", {"int8": 0.0, "float32": 1.1}[weights])
    card = export("clap", str(checkpoint), tmp_path / "int8", Options(int8=True))
    engine = Clap(f"clap:{tmp_path / 'int8'}")
    assert {card.settings["audio.onnx"], card.settings["text.onnx"]} == {weights}
    is_the_same = np.array_equal(engine.ask("a bell rings"), clap.ask("a bell rings"))
    assert is_the_same == (weights == "float32")
    # So that those of other weights never meet in one field.
    assert (card.version == card_of(clap.name).version) == is_the_same


def test_what_differs_from_torch_is_not_kept(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(towers, "LARGEST_DIFFERENCE", -1.0)
    arguments = ["clap", str(checkpoint), str(tmp_path / "exported")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert "differs from torch" in done.output
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_to_set(checkpoint: Path, tmp_path: Path) -> None:
    arguments = ["clap", str(checkpoint), str(tmp_path / "exported")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert f"clap:{tmp_path / 'exported'}  (24 dimensions" in done.output
    again = CliRunner().invoke(main, arguments)
    assert "is not empty" in again.output


def test_models_that_cannot_be_served_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "exported"
    with pytest.raises(EncoderError, match="could not be loaded by ClapModel"):
        export("clap", str(tmp_path / "none"), out, Options())
    frames = tiny.wav2vec2(tmp_path / "frames")
    with pytest.raises(EncoderError, match="0 to 2"):
        export("wav2vec2", str(frames), out, Options(layer="12"))
    fused = tmp_path / "fused"
    fused.mkdir()
    for file in checkpoint.iterdir():
        (fused / file.name).write_bytes(file.read_bytes())
    names = [
        f for f in ("preprocessor_config.json", "processor_config.json") if (fused / f).exists()
    ]
    for name in names:
        described = json.loads((fused / name).read_text())
        described.get("feature_extractor", described)["truncation"] = "fusion"
        (fused / name).write_text(json.dumps(described))
    with pytest.raises(EncoderError, match="choose an unfused CLAP"):
        export("clap", str(fused), out, Options())
    pooled = tiny.sentences(tmp_path / "pooled", pooling="lasttoken")
    with pytest.raises(EncoderError, match="lasttoken"):
        export("sentence-transformers", str(pooled), out, Options())
    assert not out.exists()
