"""Speech for the tests, made on the spot by the demo's voices."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from app.audio.decode import decode


def speak(text: str, out: Path, voice: str = "bf_emma") -> Path:
    """A WAV file of a voice that says the text."""
    command = [sys.executable, "-m", "scripts.demo", "speak", text, "--voice", voice]
    subprocess.run([*command, "--out", str(out)], check=True)
    return out


def samples_of(path: Path) -> np.ndarray:
    """A whole file as mono 16 kHz."""
    return np.concatenate(list(decode(path)))
