"""From an engine's setting to the folder of its weights."""

from pathlib import Path

from app import models
from app.encoders.base import EncoderError


def weights_folder(engine: str) -> Path:
    """Where the weights of ``kind:name`` or ``kind:/folder`` lie.

    Raises EncoderError, which says what to do, where they are not there.
    """
    name = models.packaged_name(engine)
    if name is None:
        return _given_folder(engine)
    if not models.present(name):
        raise EncoderError(
            f"The weights of {engine} are not installed: python -m app.models install {name}"
        )
    return models.path(name)


def verified_folder(engine: str) -> Path:
    """As weights_folder, with each byte of packaged weights checked: any would load as weights."""
    folder, name = weights_folder(engine), models.packaged_name(engine)
    if name is not None:
        try:
            models.verified(name)
        except models.ModelsError as error:
            raise EncoderError(f"{folder} could not be loaded: {error}") from error
    return folder


def weights_version(engine: str) -> str:
    """A few characters that change with the weights; needs no weights on disk."""
    name = models.packaged_name(engine)
    return "folder" if name is None else models.PACKAGED[name].version


def _given_folder(engine: str) -> Path:
    _, _, given = engine.partition(":")
    folder = Path(given)
    if not folder.is_absolute():
        known = ", ".join(models.PACKAGED)
        raise EncoderError(f"{engine!r} is neither packaged ({known}) nor an absolute folder.")
    if not (folder / "model.bin").is_file():
        raise EncoderError(f"{folder} holds no model.bin, so no CTranslate2 weights.")
    return folder
