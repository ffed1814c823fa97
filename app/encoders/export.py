"""Models of transformers to ONNX, once and with torch, to be served without it ever after.

    python -m app.encoders.export clap laion/clap-htsat-unfused /models/clap
    python -m app.encoders.export wav2vec2 microsoft/wavlm-base /models/wavlm --layer 9
    python -m app.encoders.export sentence-transformers intfloat/multilingual-e5-small /models/e5

MODEL is a folder, or a name that transformers can fetch from its hub. What comes out is compared
with torch on the spot, and is not kept where it differs.
"""

import importlib.util
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from app.encoders.base import GET_TORCH, EncoderError, Floats, Likeness
from app.encoders.clap import Clap
from app.encoders.clap_mel import log_mel
from app.encoders.exported import CARD, Card, write_card
from app.encoders.likeness import PAIRS, measured
from app.encoders.sentences import SentenceTransformer
from app.encoders.towers import Arrays, Tower, compare, module_of, write
from app.encoders.wav2vec2 import prepared

CONVOLUTIONS = "conv"

Made = tuple[int, dict[str, Any]]  # the vectors' length, and the card's settings


@dataclass(frozen=True, slots=True)
class Options:
    """What an export can be asked for; each kind takes its own."""

    int8: bool = False
    layer: str = CONVOLUTIONS
    query_prefix: str | None = None
    passage_prefix: str | None = None


def export(kind: str, model: str, folder: Path, options: Options) -> Card:
    """Make a folder that an engine of this kind serves. Raises EncoderError."""
    if importlib.util.find_spec("transformers") is None:
        raise EncoderError(f"Exporting needs torch; {GET_TORCH}")
    if folder.exists() and any(folder.iterdir()):
        raise EncoderError(f"{folder} is not empty.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as scratch:
        whole = Path(scratch) / "whole"
        whole.mkdir()
        dims, settings = KINDS[kind](model, whole, options)
        card = write_card(whole, kind, model, dims, settings)
        if folder.exists():
            folder.rmdir()
        whole.rename(folder)
    return card


def _clap(model: str, folder: Path, options: Options) -> Made:
    import torch  # noqa: PLC0415
    from transformers import AutoFeatureExtractor, AutoTokenizer, ClapModel  # noqa: PLC0415

    clap = _loaded(ClapModel, model)
    extractor, tokenizer = _loaded(AutoFeatureExtractor, model), _loaded(AutoTokenizer, model)
    settings = _clap_settings(model, clap, extractor)
    settings["max_tokens"] = _most_tokens(clap.config.text_config, tokenizer)

    def hear(input_features: Any) -> Any:
        heard = clap.audio_model(input_features=input_features).pooler_output
        return torch.nn.functional.normalize(clap.audio_projection(heard), dim=-1)

    def read(input_ids: Any, attention_mask: Any) -> Any:
        text = clap.text_model(input_ids=input_ids, attention_mask=attention_mask)
        return torch.nn.functional.normalize(clap.text_projection(text.pooler_output), dim=-1)

    _save_tokenizer(tokenizer, folder)
    heard = [_clap_features(sound, extractor, settings) for sound in _sounds(Clap.sample_rate_hz)]
    features = [{"input_features": one} for one in heard]
    length = {"input_ids": {1: "tokens"}, "attention_mask": {1: "tokens"}}
    for tower in (
        Tower("audio.onnx", module_of(clap, hear), {"input_features": {}}, features),
        Tower(
            "text.onnx",
            module_of(clap, read),
            length,
            _texts(tokenizer, settings["max_tokens"]),
        ),
    ):
        settings[tower.file] = write(tower, folder, int8=options.int8)
    return clap.config.projection_dim, settings


def _clap_settings(model: str, clap: Any, extractor: Any) -> dict[str, Any]:
    fused = clap.config.audio_config.enable_fusion or extractor.truncation == "fusion"
    if fused or extractor.padding != "repeatpad":
        raise EncoderError(f"{model} hears long sounds by fusion; choose an unfused CLAP.")
    if extractor.sampling_rate != Clap.sample_rate_hz:
        raise EncoderError(f"{model} hears at {extractor.sampling_rate} Hz, not at 48,000 Hz.")
    return {
        "sampling_rate": extractor.sampling_rate,
        "window_samples": extractor.nb_max_samples,
        "fft_size": extractor.fft_window_size,
        "hop": extractor.hop_length,
        "bands": extractor.feature_size,
        "lowest_hz": extractor.frequency_min,
        "highest_hz": extractor.frequency_max,
    }


def _clap_features(sound: Floats, extractor: Any, settings: Mapping[str, Any]) -> Floats:
    """Our features of a sound, ``(1, 1, frames, bands)``, if they are the extractor's too."""
    ours = log_mel(sound, settings)
    theirs = extractor(sound, sampling_rate=extractor.sampling_rate, return_tensors="np")
    compare("the features", ours, np.asarray(theirs["input_features"])[0, 0])
    return ours[None, None]


def _wav2vec2(model: str, folder: Path, options: Options) -> Made:
    from transformers import AutoFeatureExtractor, AutoModel  # noqa: PLC0415

    network, extractor = _loaded(AutoModel, model), _loaded(AutoFeatureExtractor, model)
    if not hasattr(network, "feature_extractor") or extractor.sampling_rate != 16_000:
        raise EncoderError(f"{model} is no Wav2Vec2, HuBERT or WavLM that hears at 16 kHz.")
    layers = network.config.num_hidden_layers
    by_convolutions = options.layer == CONVOLUTIONS
    if not by_convolutions and not (options.layer.isdigit() and int(options.layer) <= layers):
        raise EncoderError(f"--layer is {CONVOLUTIONS}, or 0 to {layers} with {model}.")

    def hear(samples: Any) -> Any:
        if by_convolutions:
            return network.feature_extractor(samples).transpose(1, 2)
        return network(samples, output_hidden_states=True).hidden_states[int(options.layer)]

    settings: dict[str, Any] = {"normalise": bool(extractor.do_normalize), "layer": options.layer}
    probes = [{"samples": prepared(sound, settings)} for sound in _sounds(16_000)]
    tower = Tower("audio.onnx", module_of(network, hear), {"samples": {1: "length"}}, probes)
    settings[tower.file] = write(tower, folder, int8=options.int8)
    dims = network.config.conv_dim[-1] if by_convolutions else network.config.hidden_size
    return dims, settings


def _sentences(model: str, folder: Path, options: Options) -> Made:
    import torch  # noqa: PLC0415
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415

    network, tokenizer = _loaded(AutoModel, model), _loaded(AutoTokenizer, model)
    pool, limit = _pooling(model), _json(model, "sentence_bert_config.json").get("max_seq_length")
    most = limit or _most_tokens(network.config, tokenizer)

    def read(input_ids: Any, attention_mask: Any) -> Any:
        tokens = network(input_ids=input_ids, attention_mask=attention_mask)[0]
        return torch.nn.functional.normalize(pool(tokens, attention_mask[..., None]), dim=-1)

    _save_tokenizer(tokenizer, folder)
    length = {"input_ids": {1: "tokens"}, "attention_mask": {1: "tokens"}}
    tower = Tower("text.onnx", module_of(network, read), length, _texts(tokenizer, most))
    weights = write(tower, folder, int8=options.int8)
    prompts = _json(model, "config_sentence_transformers.json").get("prompts", {})
    passage = prompts.get("passage", prompts.get("document", ""))
    dims = network.config.hidden_size
    settings = {
        tower.file: weights,
        "max_tokens": most,
        "query_prefix": _first(options.query_prefix, prompts.get("query", "")),
        "passage_prefix": _first(options.passage_prefix, passage),
    }
    return dims, {**settings, "likeness": _likeness(folder, dims, settings)}


def _likeness(folder: Path, dims: int, settings: dict[str, Any]) -> Likeness:
    """What the cosines of the model that lies in a folder mean."""
    kind = "sentence-transformers"
    write_card(folder, kind, "unfinished", dims, settings)
    found = measured(SentenceTransformer(f"{kind}:{folder}"))
    (folder / CARD).unlink()
    click.echo(f"Texts are unlike at a cosine of {found.unlike}, alike at {found.alike}", err=True)
    return found


def _first(given: str | None, otherwise: str) -> str:
    return otherwise if given is None else given


def _pooling(model: str) -> Callable[[Any, Any], Any]:
    """How a sentence-transformers model makes one vector of its tokens'."""
    modules = _json(model, "modules.json") or [{"type": "Transformer"}]
    kinds = {module["type"].rsplit(".", 1)[-1]: module for module in modules}
    if strange := kinds.keys() - {"Transformer", "Pooling", "Normalize"}:
        raise EncoderError(f"{model} ends in {', '.join(strange)}, which is not supported.")
    file = f"{kinds['Pooling']['path']}/config.json" if "Pooling" in kinds else ""
    modes = _json(model, file) if file else {"pooling_mode_mean_tokens": True}
    wanted = [key for key, on in modes.items() if key.startswith("pooling_mode_") and on is True]
    if wanted == ["pooling_mode_mean_tokens"]:
        return lambda tokens, mask: (tokens * mask).sum(1) / mask.sum(1)
    if wanted == ["pooling_mode_cls_token"]:
        return lambda tokens, _: tokens[:, 0]
    raise EncoderError(f"{model} pools by {wanted}; known are the mean and the first token.")


def _json(model: str, name: str) -> Any:
    """One of a model's own files; empty where it has none of this name."""
    from transformers.utils.hub import cached_file  # noqa: PLC0415

    found = cached_file(model, name, _raise_exceptions_for_missing_entries=False)
    return json.loads(Path(found).read_text()) if found else {}


def _loaded(family: Any, model: str) -> Any:
    """What a family's from_pretrained makes of a model. Raises EncoderError."""
    click.echo(f"Loading {model} as {family.__name__}", err=True)
    try:
        found = family.from_pretrained(model)
    except Exception as error:  # the hub's, transformers' and torch's errors share no other base
        raise EncoderError(f"{model} could not be loaded by {family.__name__}: {error}") from error
    if hasattr(found, "set_attn_implementation"):
        found.set_attn_implementation("eager")
    return found.eval() if hasattr(found, "eval") else found


def _most_tokens(config: Any, tokenizer: Any) -> int:
    """How many tokens are read: RoBERTa's kind counts positions from behind the padding's."""
    taken = (
        config.pad_token_id + 1
        if "roberta" in config.model_type or config.model_type == "clap_text_model"
        else 0
    )
    return int(min(tokenizer.model_max_length, config.max_position_embeddings - taken))


def _save_tokenizer(tokenizer: Any, folder: Path) -> None:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError("Its tokenizer has no fast form, so it cannot be served.")
    backend.save(str(folder / "tokenizer.json"))


def _texts(tokenizer: Any, most: int) -> list[Arrays]:
    """Token ids of texts as they are asked and said, one by one, as they are served."""
    questions, answers = zip(*PAIRS, strict=True)
    texts = [*questions[:8], *answers[:8], " ".join(answers)]
    encoded = (
        tokenizer(text, truncation=True, max_length=most, return_tensors="np") for text in texts
    )
    return [{name: one[name] for name in ("input_ids", "attention_mask")} for one in encoded]


def _sounds(rate_hz: int) -> list[Floats]:
    """Noise and a tone of some lengths, which the towers are compared on."""
    rng = np.random.default_rng(0)
    time = np.arange(3 * rate_hz) / rate_hz
    noise = rng.normal(size=round(10.0 * rate_hz)) * 0.1
    tone = 0.3 * np.sin(2 * np.pi * 440 * time)
    return [sound.astype(np.float32) for sound in (noise, tone, noise[: rate_hz // 10])]


KINDS: Mapping[str, Callable[[str, Path, Options], Made]] = {
    "clap": _clap,
    "wav2vec2": _wav2vec2,
    "sentence-transformers": _sentences,
}


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, resolve_path=True))
@click.option("--int8", is_flag=True, help="int8 weights, in the towers whose vectors bear it.")
@click.option("--layer", default=CONVOLUTIONS, help="wav2vec2: conv, or a hidden layer's number.")
@click.option("--query-prefix", help="sentence-transformers: what is set before a question.")
@click.option("--passage-prefix", help="sentence-transformers: what is set before a passage.")
def main(kind: str, model: str, folder: Path, **options: Any) -> None:
    """Export MODEL, a folder or a name on the hub, into FOLDER for an engine of this KIND."""
    try:
        card = export(kind, model, folder, Options(**options))
    except EncoderError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{kind}:{folder}  ({card.dims} dimensions, version {card.version})")


if __name__ == "__main__":
    main()
