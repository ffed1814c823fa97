"""A torch module as an ONNX file that gives what it gave; needs torch."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from app.encoders.base import EncoderError, Floats
from app.encoders.onnx import open_session

LARGEST_DIFFERENCE = 1e-3  # of any component, from what torch gives
# Of an int8 vector to its float32 one; below, int8 is given up. At .985 MiniLM ranks as well as it
# did (docs/benchmarks.md).
LEAST_COSINE = 0.98

_LARGE_BYTES = 1_500_000_000

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Tower:
    """A torch module that is to become a file, what it takes, and what to compare it on."""

    file: str
    module: Any
    dynamic: Mapping[str, Mapping[int, str]]  # of each input, the axes that vary
    probes: Sequence[Arrays]


def module_of(network: Any, forward: Callable[..., Any]) -> Any:
    """A torch module that does just this with a network."""
    import torch  # noqa: PLC0415

    module = torch.nn.Module()
    module.add_module("network", network)
    module.forward = forward
    return module.eval()


def write(tower: Tower, folder: Path, *, int8: bool) -> str:
    """Export a module and compare the file with it; what its weights are then.

    Raises EncoderError where they differ.
    """
    import torch  # noqa: PLC0415

    file = folder / tower.file
    click.echo(f"Exporting {tower.file}", err=True)
    given = {name: torch.from_numpy(value) for name, value in tower.probes[0].items()}
    with torch.no_grad():
        torch.onnx.export(
            tower.module,
            (),
            str(file),
            kwargs=given,
            input_names=list(given),
            dynamic_shapes=_shapes(tower.dynamic),
            external_data=_is_large(tower.module),
            dynamo=True,
            verbose=False,
        )
        expected = [_by_torch(tower.module, probe) for probe in tower.probes]
    compare(
        tower.file,
        *(np.concatenate([v.ravel() for v in vs]) for vs in (_by_onnx(tower, folder), expected)),
    )
    return _shrink(tower, folder, expected) if int8 else "float32"


def _is_large(module: Any) -> bool:
    """Whether its weights must lie outside the file, which holds less than 2 GB."""
    size: int = sum(value.numel() * value.element_size() for value in module.parameters())
    return size > _LARGE_BYTES


def _shapes(dynamic: Mapping[str, Mapping[int, str]]) -> dict[str, dict[int, Any]]:
    import torch  # noqa: PLC0415

    return {name: dict.fromkeys(axes, torch.export.Dim.DYNAMIC) for name, axes in dynamic.items()}


def _by_torch(module: Any, probe: Arrays) -> Floats:
    import torch  # noqa: PLC0415

    given = {name: torch.from_numpy(value) for name, value in probe.items()}
    answer: Floats = module(**given).numpy()
    return answer


def _by_onnx(tower: Tower, folder: Path) -> list[Floats]:
    session = open_session(folder / tower.file, folder)
    return [session.run(None, dict(probe))[0] for probe in tower.probes]


def compare(what: str, ours: Floats, theirs: Floats) -> None:
    """Raise EncoderError where ours are not theirs, which torch gave; tell how near they are."""
    if ours.shape != theirs.shape:
        raise EncoderError(f"{what}: {ours.shape} is not the {theirs.shape} of torch.")
    most = float(np.abs(ours - theirs).max())
    if not most <= LARGEST_DIFFERENCE:
        raise EncoderError(f"{what} differs from torch by {most:.2g}, so nothing is kept.")
    click.echo(f"{what}: largest difference from torch {most:.1g}", err=True)


def _shrink(tower: Tower, folder: Path, expected: Sequence[Floats]) -> str:
    """Make the weights of matrix products int8, where the vectors stay what they were."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415

    whole = folder / "float32"
    whole.mkdir()
    for file in folder.glob(f"{tower.file}*"):  # and what lies outside it, of a large one
        file.rename(whole / file.name)
    quantize_dynamic(
        whole / tower.file,
        folder / tower.file,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gemm"],
        use_external_data_format=_is_large(tower.module),
    )
    least = min(_least_cosine(a, b) for a, b in zip(_by_onnx(tower, folder), expected, strict=True))
    click.echo(f"{tower.file}: cosine of int8 to torch at least {least:.4f}", err=True)
    if least < LEAST_COSINE:
        for file in whole.iterdir():
            file.replace(folder / file.name)
        whole.rmdir()
        click.echo(f"{tower.file}: left at float32", err=True)
        return "float32"
    shutil.rmtree(whole)
    return "int8"


def _least_cosine(a: Floats, b: Floats) -> float:
    norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return float(((a * b).sum(axis=-1) / norms).min())
