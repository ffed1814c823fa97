"""One set of Whisper's weights for both engines: CTranslate2's file as OpenAI's checkpoint.

CTranslate2 keeps a model as a list of named arrays; the attention's query, key and value (of
cross-attention key and value) lie joined in one. Split and renamed they are what openai-whisper
loads; every value stays what it was.
"""

import json
import logging
import shutil
import struct
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from filelock import FileLock
from tqdm import tqdm

from app import models
from app.encoders.base import EncoderError

CHECKPOINT = "model.pt"

Arrays = dict[str, np.ndarray]

logger = logging.getLogger(__name__)

_SPEC = "WhisperSpec"
_BINARY_VERSIONS = range(5, 7)
_DTYPES = {0: "<f4", 1: "|i1", 2: "<i2", 3: "<i4", 4: "<f2"}
_CONVERSION = 1  # counts up when the checkpoint is written another way

_OUTER = {
    "encoder.conv1.weight": "encoder/conv1/weight",
    "encoder.conv1.bias": "encoder/conv1/bias",
    "encoder.conv2.weight": "encoder/conv2/weight",
    "encoder.conv2.bias": "encoder/conv2/bias",
    "encoder.positional_embedding": "encoder/position_encodings/encodings",
    "encoder.ln_post.weight": "encoder/layer_norm/gamma",
    "encoder.ln_post.bias": "encoder/layer_norm/beta",
    "decoder.token_embedding.weight": "decoder/embeddings/weight",
    "decoder.positional_embedding": "decoder/position_encodings/encodings",
    "decoder.ln.weight": "decoder/layer_norm/gamma",
    "decoder.ln.bias": "decoder/layer_norm/beta",
}


def checkpoint_of(name: str) -> Path:
    """The folder with a packaged set as OpenAI's checkpoint, made at its first use.

    Raises EncoderError where the packaged set is absent, damaged, or none of Whisper's.
    """
    target = checkpoint_path(name)
    if (target / CHECKPOINT).is_file():
        return target
    with FileLock(f"{target}.lock"):
        if (target / CHECKPOINT).is_file():  # another process was faster
            return target
        try:
            source = models.verified(name)
        except models.ModelsError as error:
            raise EncoderError(str(error)) from error
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=target.parent) as scratch:
            _convert(name, source, Path(scratch) / "whole")
            (Path(scratch) / "whole").rename(target)
    return target


def checkpoint_path(name: str) -> Path:
    """Where a packaged set's checkpoint lies or will lie."""
    source = models.path(name)
    return source.with_name(f"openai-{source.name}-{_CONVERSION}")


def _convert(name: str, source: Path, target: Path) -> None:
    import torch  # noqa: PLC0415 - only for whoever chose an engine on torch

    logger.info("converting %s to an OpenAI checkpoint, once", name)
    arrays = read_arrays(source / "model.bin")
    state = {
        key: torch.from_numpy(array.astype(np.float16))
        for key, array in tqdm(
            openai_arrays(arrays), total=len(arrays), desc=f"Converting {name}", disable=None
        )
    }
    target.mkdir()
    torch.save({"dims": dimensions(arrays), "model_state_dict": state}, target / CHECKPOINT)
    shutil.copy(source / "config.json", target)  # names the heads that words are aligned by


def read_arrays(file: Path) -> Arrays:
    """CTranslate2's arrays by their names. Raises EncoderError where it holds no Whisper."""
    with file.open("rb") as stream:
        try:
            return _read(stream)
        except (struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
            raise EncoderError(f"{file} holds no Whisper of CTranslate2: {error}") from error


def _read(stream: BinaryIO) -> Arrays:
    (version,) = _unpack(stream, "<I")
    spec = _text(stream) if version in _BINARY_VERSIONS else ""
    if spec != _SPEC:
        raise ValueError(f"binary version {version}, model {spec!r}")
    _revision, count = _unpack(stream, "<II")
    return dict(_array(stream) for _ in range(count))


def _array(stream: BinaryIO) -> tuple[str, np.ndarray]:
    name = _text(stream)
    (rank,) = _unpack(stream, "<B")
    shape = _unpack(stream, f"<{rank}I")
    dtype, size = _unpack(stream, "<BI")
    content = stream.read(size)
    return name, np.frombuffer(content, _DTYPES[dtype]).reshape(shape)


def _unpack(stream: BinaryIO, layout: str) -> tuple[Any, ...]:
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))


def _text(stream: BinaryIO) -> str:
    (length,) = _unpack(stream, "<H")
    return stream.read(length).rstrip(b"\0").decode()


def openai_arrays(arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """The same values under the names that openai-whisper gives them.

    Raises EncoderError where one is missing or was quantised.
    """
    try:
        yield from ((key, _exact(arrays, name)) for key, name in _OUTER.items())
        for part in ("encoder", "decoder"):
            for layer in range(_layers(arrays, part)):
                yield from _layer(arrays, f"{part}/layer_{layer}", f"{part}.blocks.{layer}")
    except KeyError as error:
        raise EncoderError(f"The weights lack {error}, so they are no whole Whisper.") from error


def _layer(
    arrays: Mapping[str, np.ndarray], theirs: str, ours: str
) -> Iterator[tuple[str, np.ndarray]]:
    attentions = {"self_attention": ("attn", ["linear_0"], "linear_1")}
    if f"{theirs}/attention/linear_0/weight" in arrays:
        attentions["attention"] = ("cross_attn", ["linear_0", "linear_1"], "linear_2")
    for theirs_name, (name, inputs, output) in attentions.items():
        yield from _attention(arrays, f"{theirs}/{theirs_name}", f"{ours}.{name}", inputs, output)
    yield from _norm(arrays, f"{theirs}/ffn/layer_norm", f"{ours}.mlp_ln")
    for linear, name in (("linear_0", "mlp.0"), ("linear_1", "mlp.2")):
        for kind in ("weight", "bias"):
            yield f"{ours}.{name}.{kind}", _exact(arrays, f"{theirs}/ffn/{linear}/{kind}")


def _attention(
    arrays: Mapping[str, np.ndarray], theirs: str, ours: str, inputs: list[str], output: str
) -> Iterator[tuple[str, np.ndarray]]:
    yield from _norm(arrays, f"{theirs}/layer_norm", f"{ours}_ln")
    for kind in ("weight", "bias"):
        joined = np.concatenate([_exact(arrays, f"{theirs}/{name}/{kind}") for name in inputs])
        query, key, value = np.split(joined, 3)
        yield f"{ours}.query.{kind}", query
        yield f"{ours}.value.{kind}", value
        if kind == "weight":  # a key's bias would shift all scores alike: Whisper has none
            yield f"{ours}.key.weight", key
        yield f"{ours}.out.{kind}", _exact(arrays, f"{theirs}/{output}/{kind}")


def _norm(
    arrays: Mapping[str, np.ndarray], theirs: str, ours: str
) -> Iterator[tuple[str, np.ndarray]]:
    yield f"{ours}.weight", _exact(arrays, f"{theirs}/gamma")
    yield f"{ours}.bias", _exact(arrays, f"{theirs}/beta")


def _exact(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    found = arrays[name]
    if found.dtype.kind != "f":
        raise EncoderError(f"{name} is {found.dtype}: quantised weights have lost what was there.")
    return found


def _layers(arrays: Mapping[str, np.ndarray], part: str) -> int:
    return len(
        {name.split("/")[1] for name in arrays if name.startswith(f"{part}/layer_")}
        - {"layer_norm"}
    )


def dimensions(arrays: Mapping[str, np.ndarray]) -> dict[str, int]:
    """openai-whisper's ModelDimensions, read off the arrays' shapes."""
    width, mels, _ = arrays["encoder/conv1/weight"].shape
    vocabulary = arrays["decoder/embeddings/weight"].shape[0]
    return {
        "n_mels": mels,
        "n_audio_ctx": arrays["encoder/position_encodings/encodings"].shape[0],
        "n_audio_state": width,
        "n_audio_head": int(arrays["encoder/num_heads"]),
        "n_audio_layer": _layers(arrays, "encoder"),
        "n_vocab": vocabulary,
        "n_text_ctx": arrays["decoder/position_encodings/encodings"].shape[0],
        "n_text_state": arrays["decoder/embeddings/weight"].shape[1],
        "n_text_head": int(arrays["decoder/num_heads"]),
        "n_text_layer": _layers(arrays, "decoder"),
    }


def alignment_heads(folder: Path) -> list[tuple[int, int]] | None:
    """The (layer, head) pairs by which words are given their times, where a folder names them."""
    file = folder / "config.json"
    found = json.loads(file.read_text()).get("alignment_heads") if file.is_file() else None
    return [(int(layer), int(head)) for layer, head in found] if found else None
