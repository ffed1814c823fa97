"""What a file claims to hold, before it is decoded."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.audio.ffmpeg import AudioError, child, guarded_input
from app.audio.sniff import demuxer_of
from app.settings import get_settings

_PROBE_S = 20.0
_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
_STREAM = re.compile(r"Stream #0.*?: Audio: (\w+).*? Hz, (mono)?")


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """A file's first audio stream; ``duration_s`` is a claim, None where there is none."""

    duration_s: float | None
    codec: str
    format: str
    channels: int  # 2 stands for two or more


def probe(path: str | Path) -> AudioInfo:
    """Look at a file's headers.

    Raises AudioError where there is no audio, or more than the settings allow. ffmpeg
    alone is asked, since the packaged one comes without ffprobe.
    """
    path = Path(path)
    command = guarded_input(path)
    with child(command, stall_s=_PROBE_S, stderr=subprocess.STDOUT) as ffmpeg:
        told = ffmpeg.read(1_000_000).decode("utf-8", "replace")
    stream = _STREAM.search(told)
    if stream is None:
        raise AudioError("The file holds no audio that can be decoded.")
    duration_s = _seconds(told)
    refuse_too_long(duration_s or 0.0)
    return AudioInfo(duration_s, stream[1], demuxer_of(path) or "", 1 if stream[2] else 2)


def refuse_too_long(duration_s: float) -> None:
    """Raise AudioError above the longest episode that the settings allow."""
    limit_s = get_settings().episode_max_s
    if duration_s > limit_s:
        raise AudioError(
            f"The audio is longer than {limit_s / 3600:.1f} hours (EARMARK_EPISODE_MAX_S)."
        )


def _seconds(told: str) -> float | None:
    found = _DURATION.search(told)
    if found is None:
        return None
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
