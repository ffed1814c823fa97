"""Two channels to one, without losing a voice that sits in one of them."""

import warnings

import numpy as np
from numpy.typing import NDArray

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pydub misses a system ffmpeg, and is not asked to run one
    from pydub import AudioSegment

__all__ = ["AudioSegment", "Floats", "from_int16", "to_float", "to_mono"]

Floats = NDArray[np.float32]

_CANCELLED = 0.6  # of the louder channel's level: below it, the mix has lost something


def to_mono(segment: AudioSegment) -> AudioSegment:
    """The mean of both channels, or the louder one where the mean would be much weaker.

    An interview may have one side silent, or a channel with its phase turned, which
    cancels in the mean.
    """
    mixed = segment.set_channels(1)
    if segment.channels == 1:
        return mixed
    louder = max(segment.split_to_mono(), key=lambda channel: channel.rms)
    return louder if mixed.rms < _CANCELLED * louder.rms else mixed


def to_float(segment: AudioSegment) -> Floats:
    """Samples of a mono 16-bit segment in [-1, 1)."""
    return from_int16(segment.raw_data)


def from_int16(data: bytes) -> Floats:
    """Samples of little-endian 16-bit data in [-1, 1)."""
    return np.frombuffer(data, dtype="<i2").astype(np.float32) / np.float32(32768)
