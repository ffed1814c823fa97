"""Untrusted bytes in, mono 16 kHz float32 out."""

from app.audio.decode import (
    SAMPLE_RATE_HZ,
    decode,
    decode_clip,
    pcm_windows,
    read_pcm,
    write_pcm,
)
from app.audio.ffmpeg import AudioError, find_ffmpeg
from app.audio.probe import AudioInfo, probe

__all__ = [
    "SAMPLE_RATE_HZ",
    "AudioError",
    "AudioInfo",
    "decode",
    "decode_clip",
    "find_ffmpeg",
    "pcm_windows",
    "probe",
    "read_pcm",
    "write_pcm",
]
