"""Folders of models that ``python -m app.encoders.export`` made, and what is known of them.

A folder holds ONNX files and ``earmark.json``, which says what they are and how sound or text
is to be put to them, so that nothing of torch or transformers is needed to serve them.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from app.encoders.base import EncoderError, Floats, Transcriber
from app.encoders.onnx import open_session, open_tokenizer

CARD = "earmark.json"
ABSENT = "absent"  # the version of what is not there


@dataclass(frozen=True, slots=True)
class Card:
    """What ``earmark.json`` says: the kind of engine, its vectors' length, how to use it."""

    kind: str
    model: str  # the name or folder that it was exported from
    version: str  # eight hex digits that change with any byte of any file
    dims: int
    settings: Mapping[str, Any]


def folder_of(engine: str) -> Path:
    """The folder that a setting such as ``clap:/folder`` names. Raises EncoderError."""
    kind, _, given = engine.partition(":")
    folder = Path(given)
    if not folder.is_absolute():
        raise EncoderError(f"{engine!r} names no absolute folder: {kind}:/FOLDER is wanted.")
    return folder


def card_of(engine: str) -> Card:
    """What lies in the folder that a setting names.

    Raises EncoderError where nothing does, or what another kind of engine serves.
    """
    kind, folder = engine.partition(":")[0], folder_of(engine)
    file = folder / CARD
    if not file.is_file():
        command = f"python -m app.encoders.export {kind} MODEL {folder}"
        raise EncoderError(f"{folder} holds no exported model: {command}")
    card = _read(file, file.stat().st_mtime_ns)
    if card.kind != kind:
        raise EncoderError(f"{folder} holds a model for {card.kind}, not for {kind}.")
    return card


@lru_cache(maxsize=16)
def _read(file: Path, _written_ns: int) -> Card:
    try:
        return Card(**json.loads(file.read_text()))
    except (ValueError, TypeError) as error:
        raise EncoderError(f"{file} is damaged: {error}") from error


def version_of(engine: str) -> str:
    """The version of an exported model, or ABSENT where there is none to be asked."""
    try:
        return card_of(engine).version
    except EncoderError:
        return ABSENT


def write_card(folder: Path, kind: str, model: str, dims: int, settings: Mapping[str, Any]) -> Card:
    """Write ``earmark.json`` beside the files that are there already."""
    digest = hashlib.sha256(json.dumps([kind, dims, settings], sort_keys=True).encode())
    for file in sorted(folder.iterdir()):
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    card = Card(kind, model, digest.hexdigest()[:8], dims, settings)
    content = {name: getattr(card, name) for name in Card.__slots__}
    (folder / CARD).write_text(json.dumps(content, indent=2) + "\n")
    return card


class Exported:
    """What every engine has that serves such a folder."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = version_of(name)

    @property
    def dims(self) -> int:
        """The length of its vectors. Raises EncoderError."""
        return self._card.dims

    @property
    def _card(self) -> Card:
        return card_of(self.name)

    @cached_property
    def _audio(self) -> Any:
        return self._open("audio.onnx")

    @cached_property
    def _text(self) -> Any:
        return self._open("text.onnx")

    @cached_property
    def _tokenizer(self) -> Any:
        return open_tokenizer(folder_of(self.name), self._card.settings["max_tokens"])

    def _open(self, file: str) -> Any:
        card_of(self.name)  # whose error says what to do
        folder = folder_of(self.name)
        return open_session(folder / file, folder)


class ExportedSound(Exported):
    """One that hears, any sound and not speech alone, on its own."""

    hears_speech_alone = False

    def shares_encoder_with(self, transcriber: Transcriber) -> bool:
        """Never: no transcriber here has such an encoder."""
        del transcriber
        return False

    def pool(self, states: Floats) -> Floats:
        """The unit vector, ``(dims,)``, of a stretch's rows (at least one): that of their mean."""
        if states.ndim != 2 or not len(states) or states.shape[1] != self.dims:
            raise EncoderError(f"States must be (seconds, {self.dims}), not {states.shape}.")
        vector = states.astype(np.float32).mean(axis=0)
        unit: Floats = vector / max(float(np.linalg.norm(vector)), 1e-9)
        return unit
