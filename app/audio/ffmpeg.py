"""ffmpeg as a guarded child: one demuxer, local bytes only, limits on time and memory."""

import os
import resource
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from app.audio.sniff import demuxer_of
from app.settings import get_settings

MEMORY_BYTES = 2 * 1024**3  # address space; a decode of one audio stream needs far less
CPU_S = 3600
CODECS = (
    "mp3float,mp3,mp2float,mp2,mp1float,mp1,aac,aac_latm,alac,flac,vorbis,opus,libopus,libvorbis,"
    "ac3,eac3,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_u8,pcm_s8,"
    "pcm_f32le,pcm_f32be,pcm_f64le,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav"
)


class AudioError(Exception):
    """Audio that cannot be used; the message is for the person who sent it."""


def find_ffmpeg() -> str:
    """The path of an ffmpeg: the setting's, the system's, or imageio-ffmpeg's own.

    Raises AudioError where there is none.
    """
    return _find(get_settings().ffmpeg)


@lru_cache(maxsize=4)
def _find(wanted: str) -> str:
    if wanted:
        if found := shutil.which(wanted):
            return found
        raise AudioError(f"EARMARK_FFMPEG is {wanted!r}, which is not a program.")
    if found := shutil.which("ffmpeg"):
        return found
    import imageio_ffmpeg  # noqa: PLC0415 - only where the system has none

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise AudioError("There is no ffmpeg: install it, or set EARMARK_FFMPEG.") from error


def guarded_input(path: Path) -> list[str]:
    """The arguments that open an untrusted file and nothing that it names.

    A playlist dressed as audio could make ffmpeg read other files, so the demuxer is
    forced by the file's first bytes. Raises AudioError where they are no known audio.
    """
    demuxer = demuxer_of(path)
    if demuxer is None:
        raise AudioError("This is not audio in a known format (mp3, m4a, ogg, opus, flac, wav).")
    options = ["-hide_banner", "-nostdin", "-threads", "1", "-protocol_whitelist", "file,pipe"]
    options += ["-format_whitelist", demuxer, "-codec_whitelist", CODECS, "-f", demuxer]
    return [find_ffmpeg(), *options, "-vn", "-sn", "-dn", "-i", f"file:{path.absolute()}"]


@contextmanager
def child(command: list[str], *, stall_s: float, stderr: int) -> Iterator["Child"]:
    """Run ffmpeg with its limits; it is gone when the block ends, however it ends."""
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    with subprocess.Popen(  # noqa: S603 - a list of our own words and an absolute path
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment,
    ) as process:
        _limit(process.pid)
        try:
            yield Child(process, stall_s)
        finally:
            process.kill()


class Child:
    """A running ffmpeg, killed when one read takes longer than ``stall_s``."""

    def __init__(self, process: subprocess.Popen[bytes], stall_s: float) -> None:
        self._process = process
        self._stall_s = stall_s

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes of its output; fewer only at the end. Raises AudioError."""
        stalled = threading.Event()

        def stop() -> None:
            stalled.set()
            self._process.kill()

        timer = threading.Timer(self._stall_s, stop)
        timer.start()
        try:
            assert self._process.stdout is not None  # noqa: S101 - it was opened as a pipe
            data = self._process.stdout.read(size)
        finally:
            timer.cancel()
        if stalled.is_set():
            raise AudioError(f"Decoding stood still for {self._stall_s:.0f} s.")
        return data

    def ended_well(self) -> bool:
        """Wait for the end; whether ffmpeg was content."""
        return self._process.wait(self._stall_s) == 0


def _limit(pid: int) -> None:
    """Bound a child's memory and processor time, where the system can (Linux)."""
    if hasattr(resource, "prlimit"):
        try:
            resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            resource.prlimit(pid, resource.RLIMIT_CPU, (CPU_S, CPU_S))
        except ProcessLookupError:  # it has ended already
            return
