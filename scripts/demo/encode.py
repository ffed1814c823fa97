"""Writes an episode as the file that a listener would download."""

import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from scripts.demo.dsp import RATE_HZ, Audio
from scripts.demo.script import Script

CODECS = {
    "mp3": ["-c:a", "libmp3lame", "-b:a", "64k", "-id3v2_version", "3"],
    "m4a": ["-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart"],
    "ogg": ["-c:a", "libvorbis", "-q:a", "3"],
    "opus": ["-c:a", "libopus", "-b:a", "40k"],
    "flac": ["-c:a", "flac"],
    "wav": ["-c:a", "pcm_s16le"],
}
TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
}


def find_ffmpeg() -> str:
    """The system's ffmpeg, or the one in a wheel."""
    return shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()


def encode(audio: Audio, script: Script, path: Path) -> None:
    """Encodes the mix with its title tags; CalledProcessError if ffmpeg refuses."""
    tags = {
        "title": script.title,
        "artist": script.show.author,
        "album": script.show.title,
        "date": str(script.published.year),
    }
    metadata = [word for name, value in tags.items() for word in ("-metadata", f"{name}={value}")]
    source = ["-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1", "-i", "pipe:0"]
    command = [find_ffmpeg(), "-hide_banner", "-loglevel", "error", "-y", *source]
    command += [*metadata, "-fflags", "+bitexact", "-flags:a", "+bitexact"]
    pcm = (np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes()
    subprocess.run([*command, *CODECS[script.format], path], input=pcm, check=True)
