"""Checkpoints of transformers that are real in form and tiny in size, made with random weights.

Every function writes a folder that ``from_pretrained`` loads, and needs torch.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.encoders.base import Floats

CLAP_RATE = 48_000
WORDS = (
    "a",
    "dog",
    "rain",
    "bell",
    "rings",
    "hiss",
    "of",
    "noise",
    "tone",
    "query",
    "passage",
    ":",
)


def clap(folder: Path, pairs: Sequence[tuple[str, Floats]] = ()) -> Path:
    """A CLAP of 24 dimensions; its projections have learned which text goes with which sound."""
    import torch  # noqa: PLC0415
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel  # noqa: PLC0415

    torch.manual_seed(0)
    tokenizer = _tokenizer(max_tokens=60)
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 64,
        "pad_token_id": tokenizer.pad_token_id,
    }
    audio = {
        "patch_embeds_hidden_size": 8,
        "hidden_size": 16,
        "depths": [1, 1],
        "num_attention_heads": [2, 2],
    }
    config = ClapConfig(text_config=text, audio_config=audio, projection_dim=24)
    model = ClapModel(config).eval()
    extractor = ClapFeatureExtractor(
        truncation="rand_trunc", padding="repeatpad", frequency_min=50, frequency_max=14_000
    )
    if pairs:
        _teach(model, tokenizer, extractor, pairs)
    for part in (model, extractor, tokenizer):
        part.save_pretrained(folder)
    return folder


def _teach(model: Any, tokenizer: Any, extractor: Any, pairs: Sequence[tuple[str, Floats]]) -> None:
    """Bring the vectors of each pair together and those of different ones apart."""
    import torch  # noqa: PLC0415

    texts, sounds = zip(*pairs, strict=True)
    read = tokenizer(list(texts), padding=True, return_tensors="pt")
    heard = extractor(list(sounds), sampling_rate=CLAP_RATE, return_tensors="pt")
    with torch.no_grad():
        text = model.text_model(read["input_ids"], attention_mask=read["attention_mask"])
        audio = model.audio_model(input_features=heard["input_features"])
    inputs = {"text": text.pooler_output, "audio": audio.pooler_output}
    layers = {"text": model.text_projection, "audio": model.audio_projection}
    wanted = torch.eye(model.config.projection_dim)[: len(pairs)]
    for name, layer in layers.items():  # fitted where the towers' vectors lie, close together
        steps = torch.optim.Adam(layer.parameters(), lr=0.01)
        with torch.no_grad():
            scale, mean = inputs[name].std(), inputs[name].mean(0)
            layer.linear1.weight /= scale
            layer.linear1.bias -= layer.linear1.weight @ mean
        for _ in range(300):
            steps.zero_grad()
            given = torch.nn.functional.normalize(layer(inputs[name]), dim=-1)
            (given - wanted).square().sum().backward()
            steps.step()


def wav2vec2(folder: Path, family: str = "Wav2Vec2", *, stable: bool = False) -> Path:
    """One of the three families: convolutions of 8 channels, two layers of 16."""
    import torch  # noqa: PLC0415
    import transformers  # noqa: PLC0415

    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=[8] * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        do_stable_layer_norm=stable,
        feat_extract_norm="layer" if stable else "group",
    )
    getattr(transformers, f"{family}Model")(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=stable).save_pretrained(folder)
    return folder


def sentences(
    folder: Path, *, pooling: str = "mean_tokens", prompts: Mapping[str, str] | None = None
) -> Path:
    """A sentence-transformers folder around a BERT of 16 dimensions."""
    import torch  # noqa: PLC0415
    from transformers import BertConfig, BertModel  # noqa: PLC0415

    torch.manual_seed(0)
    tokenizer = _tokenizer(max_tokens=32)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        pad_token_id=tokenizer.pad_token_id,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    kinds = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate(kinds.items())
    ]
    (folder / "1_Pooling").mkdir()
    files: dict[str, Any] = {
        "modules.json": modules,
        "1_Pooling/config.json": {"word_embedding_dimension": 16, f"pooling_mode_{pooling}": True},
        "sentence_bert_config.json": {"max_seq_length": 24, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": dict(prompts or {})},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    return folder


def _tokenizer(max_tokens: int) -> Any:
    """A tokenizer of whole words, with RoBERTa's marks around a text."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors  # noqa: PLC0415
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415

    words = ["<s>", "<pad>", "</s>", "<unk>", *WORDS]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        cls_token="<s>",
        sep_token="</s>",
        model_max_length=max_tokens,
    )


def sounds(seconds: float = 10.0, seed: int = 0) -> dict[str, Floats]:
    """A tone, noise and a bell at 48 kHz, by a text that names each."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * CLAP_RATE)) / CLAP_RATE
    pitch = 440 * 2 ** rng.uniform(-0.1, 0.1)
    made: Mapping[str, Callable[[], Any]] = {
        "a tone": lambda: 0.3 * np.sin(2 * np.pi * pitch * time),
        "hiss of noise": lambda: 0.1 * rng.normal(size=len(time)),
        "a bell rings": lambda: (
            0.5 * np.exp(-6 * (time % 1)) * np.sin(2 * np.pi * 4 * pitch * time)
        ),
    }
    return {text: make().astype(np.float32) for text, make in made.items()}
