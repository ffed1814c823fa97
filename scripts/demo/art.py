"""The shows' covers, drawn by arithmetic: a picture for each theme, in the show's colours."""

import struct
import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SIZE_PX = 600

Mask = NDArray[np.float64]


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of height x width x 3 bytes."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + check


def colour(code: str) -> NDArray[np.float64]:
    """``#rrggbb`` as three numbers from 0 to 255."""
    return np.array([int(code[at : at + 2], 16) for at in (1, 3, 5)], float)


def _edge(distance: Mask) -> Mask:
    """1 inside (negative), 0 outside, and a soft step one pixel wide between."""
    return np.clip(0.5 - distance * SIZE_PX, 0, 1)


def _disc(x: Mask, y: Mask, at: tuple[float, float], radius: float) -> Mask:
    return _edge(np.hypot(x - at[0], y - at[1]) - radius)


def pine(x: Mask, y: Mask) -> Sequence[tuple[Mask, int]]:
    """A moon over a hill with three firs, and snow."""
    layers = [(_disc(x, y, (0.68, 0.3), 0.14), 1)]
    layers.append((_edge(0.765 - 0.05 * np.sin(5 * x + 0.4) - y), 2))
    for at_x, height in ((0.2, 0.42), (0.36, 0.56), (0.52, 0.36)):
        for tier in range(3):
            top = 0.78 - height * (1 - tier * 0.25)
            slope = (y - top) * 0.42 - np.abs(x - at_x)
            below = y - (top + height * 0.42)
            layers.append((_edge(np.maximum(-slope, below)), 2))
    flakes = np.random.default_rng(3).uniform(0, 1, (70, 3))
    layers += [(_disc(x, y, (a, b * 0.75), 0.003 + 0.004 * c), 2) for a, b, c in flakes]
    return layers


def wire(x: Mask, y: Mask) -> Sequence[tuple[Mask, int]]:
    """Telegraph poles that walk to the horizon, their wires, a low sun."""
    layers = [(_disc(x, y, (0.17, 0.66), 0.12), 1), (_edge(0.72 - y), 2)]
    poles = [(0.86, 0.92, 0.16), (0.6, 0.84, 0.36), (0.44, 0.79, 0.48), (0.34, 0.76, 0.555)]
    for at_x, foot, top in poles:
        width = (foot - top) * 0.018
        layers.append(
            (
                _edge(
                    np.maximum(
                        np.abs(x - at_x) - width, np.abs(y - (top + foot) / 2) - (foot - top) / 2
                    )
                ),
                1,
            )
        )
        beam = np.maximum(np.abs(x - at_x) - width * 8, np.abs(y - top - width * 4) - width)
        layers.append((_edge(beam), 1))
    for (x1, _, y1), (x0, _, y0) in pairwise(poles):
        along = (x - x0) / (x1 - x0)
        line = y0 + (y1 - y0) * along + 0.24 * (x1 - x0) * along * (1 - along) + 0.012
        layers.append((_edge(np.maximum(np.abs(y - line) - 0.003, np.abs(along - 0.5) - 0.5)), 1))
    return layers


def salt(x: Mask, y: Mask) -> Sequence[tuple[Mask, int]]:
    """A loaf on a board, scored, under three curls of steam."""
    loaf = np.hypot((x - 0.5) / 0.34, (y - 0.66) / 0.2) - 1
    layers = [(_edge(np.maximum(loaf * 0.2, y - 0.74)), 1)]
    for shift in (-0.14, 0.0, 0.14):
        cut = np.hypot((x - 0.5 - shift + (y - 0.58) * 0.5) / 0.016, (y - 0.58) / 0.075) - 1
        layers.append((_edge(cut * 0.016), 2))
        curl = np.abs(x - 0.5 - shift - 0.025 * np.sin(26 * y)) - 0.008
        layers.append((_edge(np.maximum(curl, np.abs(y - 0.3) - 0.1)), 2))
    board = np.maximum(np.abs(x - 0.5) - 0.4, np.abs(y - 0.775) - 0.02)
    return [*layers, (_edge(board), 2)]


SCENES: dict[str, Callable[[Mask, Mask], Sequence[tuple[Mask, int]]]] = {
    "pine": pine,
    "wire": wire,
    "salt": salt,
}


def cover(theme: str, colours: Sequence[str]) -> bytes:
    """A show's cover as PNG."""
    y, x = np.mgrid[0:SIZE_PX, 0:SIZE_PX] / SIZE_PX
    ground, *paints = (colour(code) for code in colours)
    sky = (1.0 + 0.35 * (y - 0.3))[..., None]
    picture = np.clip(ground * sky, 0, 255)
    for mask, paint in SCENES[theme](x, y):
        picture += mask[..., None] * (paints[paint - 1] - picture)
    return png(np.round(picture).astype(np.uint8))
