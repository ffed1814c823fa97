"""Landmarks: the places in time and frequency where a recording is loudest in its surroundings.

They survive noise, coding and a phone's microphone. Two that lie near each other make a hash
(A. Wang, An Industrial-Strength Audio Search Algorithm, ISMIR 2003); here the hashes only find
candidates, and whole patterns of landmarks are then laid over each other (app/search/recordings).
NumPy alone, since the web process reads clips' landmarks too.
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

LANDMARKS_VERSION = 1  # raise it when the same audio would give other landmarks or hashes

SAMPLE_RATE_HZ = 16_000
FRAME = 1024  # samples, 64 ms
HOP = 256  # samples, 16 ms
FRAMES_A_SECOND = SAMPLE_RATE_HZ / HOP
SHIFTS = 4  # a clip is read on this many grids of frames, as its first sample lies anywhere

# 280 to 3,400 Hz: what a telephone and a coder at a low rate leave of a voice.
_LOW, BINS = 18, 200  # the first bin, and how many
_TILT = 0.5  # power of the frequency that evens out the fall of speech and music
_FLOOR = 0.06  # of a frame's spectrum: a tone at about -72 dB of full scale
_AROUND = 5  # frames and bins in each direction within which a landmark is the loudest

_CELL = 31  # frames, half a second: of each the loudest landmarks are kept
_KEPT = 20  # of an episode's, 40 a second
_KEPT_OF_CLIP = 32  # a clip's noise hides some of the episode's behind louder ones of its own

_NEAREST = 2  # hashes that one landmark of an episode begins at most
_DT_MIN, _DT_MAX, _DF_MAX = 2, 32, 31  # frames and bins between the two landmarks of a hash

# A clip played too fast or too slow is read in frames as much shorter or longer.
_FRAMES_OF_COPIES = (1024, 1015, 1032, 1008, 1040, 1001, 1048)
_STRETCH_S = 12.0  # of a longer clip, its loudest stretch is enough

_BLOCK = 4096  # frames that are worked on at once: the result does not depend on the windows

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Places in order of time: ``times`` in ticks, ``bins`` counted from 280 Hz in 15.6 Hz.

    ``ticks`` of them make a frame of 16 ms: one for an episode; SHIFTS for a clip, whose
    landmarks on different grids differ in their remainder.
    """

    times: Ints
    bins: Ints
    ticks: int = 1

    def __len__(self) -> int:
        return len(self.times)

    def between(self, start: int, end: int) -> Self:
        """Those at ``start`` <= time < ``end``, in ticks from ``start``."""
        low, high = np.searchsorted(self.times, [start, end])
        return type(self)(self.times[low:high] - start, self.bins[low:high], self.ticks)

    def pack(self) -> str:
        """As base64 of three bytes each: the time in two, little-endian, and the bin.

        Raises ValueError for times of more than 16 bits, 17 minutes of frames.
        """
        if len(self) and self.times[-1] > 0xFFFF:
            raise ValueError("These landmarks span too much time for 16 bits.")
        times = self.times.astype("<u2").view(np.uint8).reshape(-1, 2)
        rows = np.column_stack([times, self.bins.astype(np.uint8)])
        return base64.b64encode(rows.tobytes()).decode("ascii")

    @classmethod
    def unpack(cls, packed: str, ticks: int = 1) -> Self:
        """The inverse of pack. Raises ValueError for what is none."""
        rows = np.frombuffer(base64.b64decode(packed, validate=True), np.uint8).reshape(-1, 3)
        times = rows[:, 0].astype(np.int64) | rows[:, 1].astype(np.int64) << 8
        return cls(times, rows[:, 2].astype(np.int64), ticks)


@dataclass(frozen=True, slots=True)
class Copy:
    """A clip as it was before it was played at ``speed``; ``start_s`` is cut off its front."""

    speed: float
    start_s: float
    duration_s: float
    landmarks: Landmarks


def landmarks(windows: Iterable[Floats]) -> Landmarks:
    """An episode's landmarks, from mono 16 kHz audio that comes in windows of any length."""
    times, bins = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for start, spectra, is_last in _blocks(windows):
        time, bin_, loudness = _peaks(spectra)
        # Peaks at a block's edges are those of the block that sees their surroundings too.
        first = 0 if start == 0 else _CELL
        end = len(spectra) if is_last else len(spectra) - _CELL
        inside = (time >= first) & (time < end)
        found = time[inside] + start, bin_[inside], loudness[inside]
        kept = _loudest(*found, _KEPT)
        times.append(found[0][kept])
        bins.append(found[1][kept])
    return Landmarks(np.concatenate(times), np.concatenate(bins))


def clip_landmarks(samples: Floats) -> dict[str, Any]:
    """A clip's landmarks at several speeds, as JSON that app.search.recordings.find takes.

    ``samples``: mono 16 kHz in [-1, 1]. A clip of silence, or below 0.1 s, has none.
    """
    start, stretch = _loudest_stretch(samples)
    loudest = float(np.abs(stretch).max(initial=0.0))
    level = stretch / np.float32(loudest) if loudest > 1e-4 else stretch
    return {
        "version": LANDMARKS_VERSION,
        "start_s": round(start / SAMPLE_RATE_HZ, 4),
        "duration_s": round(len(stretch) / SAMPLE_RATE_HZ, 4),
        "copies": [
            {"frame": frame, "landmarks": _of_clip(level, frame).pack()}
            for frame in _FRAMES_OF_COPIES
        ],
    }


def read_clip(clip: dict[str, Any]) -> list[Copy]:
    """What clip_landmarks wrote, at its own speed first. Raises ValueError for other versions."""
    if clip.get("version") != LANDMARKS_VERSION:
        raise ValueError(f"Landmarks of version {clip.get('version')} are not {LANDMARKS_VERSION}.")
    return [
        Copy(
            speed=FRAME / row["frame"],
            start_s=clip["start_s"] * FRAME / row["frame"],
            duration_s=clip["duration_s"] * FRAME / row["frame"],
            landmarks=Landmarks.unpack(row["landmarks"], SHIFTS),
        )
        for row in clip["copies"]
    ]


def hashes(given: Landmarks, nearest: int = _NEAREST) -> tuple[Ints, Ints]:
    """The hashes (20 bits each) and the time in ticks at which each begins.

    ``nearest`` bounds how many begin at one landmark. Only landmarks on one grid make a hash.
    """
    count = np.zeros(len(given), np.int64)
    values, times = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for step in range(1, len(given)):
        apart = given.times[step:] - given.times[:-step]
        if apart.min() > _DT_MAX * given.ticks:
            break
        dt, remainder = np.divmod(apart, given.ticks)
        df = given.bins[step:] - given.bins[:-step]
        fits = (remainder == 0) & (dt >= _DT_MIN) & (dt <= _DT_MAX) & (np.abs(df) <= _DF_MAX)
        at = np.flatnonzero(fits)
        at = at[count[at] < nearest]
        count[at] += 1
        values.append(given.bins[at] << 12 | (df[at] + _DF_MAX) << 6 | dt[at] - 1)
        times.append(given.times[at])
    return np.concatenate(values), np.concatenate(times)


def clip_hashes(given: Landmarks) -> Ints:
    """A clip's hashes, those first that several grids agree on."""
    values, counts = np.unique(hashes(given, nearest=len(given))[0], return_counts=True)
    return values[np.argsort(-counts, kind="stable")]


def _of_clip(samples: Floats, frame: int) -> Landmarks:
    """The landmarks on all grids, in frames of this many samples."""
    hop = HOP * frame / FRAME
    times, bins = [], []
    for shift in range(SHIFTS):
        starts = np.arange(shift / SHIFTS * hop, len(samples) - frame, hop).round().astype(int)
        time, bin_, loudness = _peaks(_spectra(samples, starts, frame))
        kept = _loudest(time, bin_, loudness, _KEPT_OF_CLIP)
        times.append(time[kept] * SHIFTS + shift)
        bins.append(bin_[kept])
    joined, bin_ = np.concatenate(times), np.concatenate(bins)
    order = np.argsort(joined, kind="stable")
    return Landmarks(joined[order], bin_[order], SHIFTS)


def _loudest_stretch(samples: Floats) -> tuple[int, Floats]:
    """Where the loudest stretch begins, and its samples; all of a short clip."""
    longest = round(_STRETCH_S * SAMPLE_RATE_HZ)
    if len(samples) <= longest:
        return 0, samples
    power = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    start = int(np.argmax(power[longest:] - power[:-longest]))
    return start, samples[start : start + longest]


def _blocks(windows: Iterable[Floats]) -> Iterator[tuple[int, Floats, bool]]:
    """The first frame, the spectra, and whether they are the last, of overlapping blocks.

    A block begins with two cells of the one before it.
    """
    step, samples = _BLOCK // _CELL * _CELL, np.zeros(0, np.float32)
    overlap = 2 * _CELL
    start, waiting = 0, [samples]
    needed = (step + overlap - 1) * HOP + FRAME
    have = 0
    for window in windows:
        waiting.append(window)
        have += len(window)
        if have <= needed:
            continue
        samples = np.concatenate(waiting)
        while len(samples) > needed:
            yield start, _spectra(samples, np.arange(step + overlap) * HOP, FRAME), False
            start += step
            samples = samples[step * HOP :]
        waiting, have = [samples], len(samples)
    samples = np.concatenate(waiting)
    starts = np.arange(0, len(samples) - FRAME + 1, HOP)
    yield start, _spectra(samples, starts, FRAME), True


def _spectra(samples: Floats, starts: Ints, frame: int) -> Floats:
    """Magnitudes in each bin of the frames that begin at these samples: (frames, BINS)."""
    window = np.hanning(frame + 1)[:-1].astype(np.float32)
    tilt = (np.arange(_LOW, _LOW + BINS) / _LOW) ** _TILT
    found = np.zeros((len(starts), BINS), np.float32)
    for at in range(0, len(starts), 512):  # so that the frames stay in the processor's cache
        rows = samples[starts[at : at + 512, None] + np.arange(frame)]
        spectrum = np.fft.rfft(rows * window, axis=1)[:, _LOW : _LOW + BINS]
        found[at : at + 512] = np.abs(spectrum) * tilt
    return found


def _peaks(spectra: Floats) -> tuple[Ints, Ints, Floats]:
    """Frame, bin and loudness of each point that is the loudest in its surroundings."""
    around = _running_max(_running_max(spectra).T).T
    time, bin_ = np.nonzero((spectra == around) & (spectra > _FLOOR))
    return time, bin_, spectra[time, bin_]


def _running_max(rows: Floats) -> Floats:
    """The largest of _AROUND rows before, the row, and _AROUND after."""
    width, have = 2 * _AROUND + 1, 1
    found = np.pad(rows, ((_AROUND, _AROUND), (0, 0)))
    while have < width:
        step = min(have, width - have)
        found = np.maximum(found[:-step], found[step:])
        have += step
    return found


def _loudest(times: Ints, bins: Ints, loudness: Floats, kept: int) -> Ints:
    """The indices, in order, of the loudest of each cell."""
    cell = times // _CELL
    order = np.lexsort((bins, times, -loudness, cell))
    cells = cell[order]
    rank = np.arange(len(cells)) - np.searchsorted(cells, cells)
    return np.sort(order[rank < kept])
