"""Audio files to mono samples, a window at a time, so that length costs no memory."""

import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from app.audio.ffmpeg import AudioError, child, guarded_input
from app.audio.mono import AudioSegment, Floats, from_int16, to_float, to_mono
from app.audio.probe import probe, refuse_too_long

SAMPLE_RATE_HZ = 16_000  # what speech is heard at, and any engine that asks for no other rate

_STALL_S = 120.0
_ENOUGH = 0.5  # of the claimed length: a damaged file is used when this much decodes


def decode(
    path: str | Path, *, window_s: float = 60.0, sample_rate_hz: int = SAMPLE_RATE_HZ
) -> Iterator[Floats]:
    """Decode a file of any known format, in windows of mono float32.

    Raises AudioError before the first window where the file is no audio or claims to be
    too long; while iterating, where it really is too long; and at the end, where less
    than half of what it claims could be decoded.
    """
    info = probe(path)
    claimed_s, decoded_s = info.duration_s, 0.0
    for window in _segments(Path(path), info.channels, window_s, sample_rate_hz):
        decoded_s += len(window) / sample_rate_hz
        refuse_too_long(decoded_s)
        yield window
    if decoded_s == 0:
        raise AudioError("Nothing in the file could be decoded.")
    if claimed_s and decoded_s < _ENOUGH * claimed_s:
        raise AudioError(
            f"The file is damaged: only {decoded_s:.0f} of {claimed_s:.0f} s could be decoded."
        )


def _segments(path: Path, channels: int, window_s: float, sample_rate_hz: int) -> Iterator[Floats]:
    """What ffmpeg streams, cut into pydub segments and mixed down.

    ffmpeg resamples, as it keeps its filter's state from window to window.
    """
    raw = ["-map", "0:a:0", "-f", "s16le", "-ac", str(channels), "-ar", str(sample_rate_hz)]
    frame_bytes = 2 * channels
    window_bytes = round(window_s * sample_rate_hz) * frame_bytes
    command = [*guarded_input(path), "-v", "quiet", *raw, "pipe:1"]
    with child(command, stall_s=_STALL_S, stderr=subprocess.DEVNULL) as ffmpeg:
        while data := ffmpeg.read(window_bytes):
            yield to_float(to_mono(_segment(data, channels, sample_rate_hz)))


def _segment(data: bytes, channels: int, sample_rate_hz: int) -> AudioSegment:
    """Samples as a pydub segment, less half a frame at the end of a broken stream."""
    whole = data[: len(data) - len(data) % (2 * channels)]
    return AudioSegment(whole, sample_width=2, frame_rate=sample_rate_hz, channels=channels)


def decode_clip(clip: bytes, max_s: float, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Floats:
    """A whole short recording, as any browser makes it: webm, ogg, mp4, wav, mp3, flac.

    Raises AudioError where it is no audio, or longer than ``max_s``.
    """
    with tempfile.NamedTemporaryFile(prefix="clip-") as file:
        file.write(clip)
        file.flush()
        windows = decode(file.name, window_s=10.0, sample_rate_hz=sample_rate_hz)
        return _join(windows, max_s, sample_rate_hz)


def _join(windows: Iterable[Floats], max_s: float, sample_rate_hz: int) -> Floats:
    kept: list[Floats] = []
    samples = 0
    for window in windows:
        kept.append(window)
        samples += len(window)
        if samples > (max_s + 0.5) * sample_rate_hz:  # a recorder stops a little late
            raise AudioError(f"The clip is longer than {max_s:.0f} s.")
    return np.concatenate(kept)


def write_pcm(path: str | Path, out: BinaryIO, sample_rate_hz: int = SAMPLE_RATE_HZ) -> float:
    """Decode a file into raw s16le mono; answers its length in seconds.

    Raises AudioError.
    """
    samples = 0
    for window in decode(path, sample_rate_hz=sample_rate_hz):
        out.write(np.round(window * 32768).astype("<i2").tobytes())
        samples += len(window)
    return samples / sample_rate_hz


def read_pcm(
    file: BinaryIO, start_s: float, end_s: float, sample_rate_hz: int = SAMPLE_RATE_HZ
) -> Floats:
    """A stretch of what write_pcm wrote; shorter where the file ends before ``end_s``."""
    start, end = (round(at_s * sample_rate_hz) for at_s in (start_s, end_s))
    file.seek(start * 2)
    return from_int16(file.read(max(0, end - start) * 2))


def pcm_windows(file: BinaryIO, window_s: float = 60.0) -> Iterator[Floats]:
    """All of what write_pcm wrote, in windows."""
    start_s = 0.0
    while len(window := read_pcm(file, start_s, start_s + window_s)):
        yield window
        start_s += window_s
