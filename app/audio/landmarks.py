"""Landmarks: the places in time and frequency where a recording is loudest in its surroundings.

They survive noise, coding and a phone's microphone. Two that lie near each other make a hash
(A. Wang, An Industrial-Strength Audio Search Algorithm, ISMIR 2003); here the hashes only find
candidates, and the landmarks of each are then laid over the whole clip (app/search/recordings):
noise may hide a landmark from those of the clip, but leaves the clip loud where it lies.
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
LEVELS = 2  # a frame: columns of a clip's levels

# 280 to 3,400 Hz: what a telephone and a coder at a low rate leave of a voice.
LOW, BINS = 18, 200  # the first bin, and how many
_TILT = 0.5  # power of the frequency that evens out the fall of speech and music
_FLOOR = 0.06  # of a frame's spectrum: a tone at about -72 dB of full scale
_AROUND = 5  # frames and bins in each direction within which a landmark is the loudest

_CELL = 31  # frames, half a second: of each the loudest landmarks are kept
_KEPT = 20  # of an episode's, 40 a second
_KEPT_OF_CLIP = 32  # a clip's noise hides some of the episode's behind louder ones of its own

_NEAREST = 2  # hashes that one landmark of an episode begins at most
_DT_MIN, _DT_MAX, _DF_MAX = 2, 32, 31  # frames and bins between the two landmarks of a hash

# A clip played too fast or too slow is read in frames as much shorter or longer.
_OTHER_FRAMES = (1015, 1032, 1008, 1040, 1001, 1048)
_SHORTEST_AT_OTHER_SPEEDS_S = 1.5  # at one of six speeds a strange clip of a second fits by chance
_STRETCH_S = 12.0  # of a longer clip, its loudest stretch is enough

_AROUND_BINS = 20  # in each direction: a frame's loudness is evened out over as many
_HUSH = 0.5  # of the mean magnitude: what is much weaker is all the same
_STEPS, _STEP = 15, 0.4  # in which levels are kept, in four bits each

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
    """A clip's landmarks as they were before it was played at ``speed``."""

    speed: float
    landmarks: Landmarks


@dataclass(frozen=True, slots=True)
class Clip:
    """What tells the recording of a clip, of which ``start_s`` is cut off the front.

    ``levels``: (BINS, LEVELS a frame), minus the logarithm of the share of the clip that is
    louder than this place for its bin and its time. ``copies``: its own speed first.
    """

    start_s: float
    duration_s: float
    levels: Floats
    copies: list[Copy]


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
    """A clip's levels, and its landmarks at several speeds, as JSON that read_clip takes.

    ``samples``: mono 16 kHz in [-1, 1]. A clip of silence, or below 0.1 s, has no landmarks.
    """
    start, stretch = _loudest_stretch(samples)
    loudest = float(np.abs(stretch).max(initial=0.0))
    level = stretch / np.float32(loudest) if loudest > 1e-4 else stretch
    own = _of_clip(level, FRAME, SHIFTS)
    copies = {FRAME: _on_grids(own, SHIFTS)}
    if len(level) >= _SHORTEST_AT_OTHER_SPEEDS_S * SAMPLE_RATE_HZ:
        for frame in _OTHER_FRAMES:
            copies[frame] = _on_grids(_of_clip(level, frame, SHIFTS // 2), SHIFTS // 2)
    return {
        "version": LANDMARKS_VERSION,
        "start_s": round(start / SAMPLE_RATE_HZ, 4),
        "duration_s": round(len(stretch) / SAMPLE_RATE_HZ, 4),
        "levels": _packed(_levels(own[:: SHIFTS // LEVELS])),
        "copies": [{"frame": frame, "landmarks": found.pack()} for frame, found in copies.items()],
    }


def read_clip(clip: dict[str, Any]) -> Clip:
    """What clip_landmarks wrote. Raises ValueError for other versions."""
    if clip.get("version") != LANDMARKS_VERSION:
        raise ValueError(f"Landmarks of version {clip.get('version')} are not {LANDMARKS_VERSION}.")
    copies = [
        Copy(FRAME / row["frame"], Landmarks.unpack(row["landmarks"], SHIFTS))
        for row in clip["copies"]
    ]
    return Clip(clip["start_s"], clip["duration_s"], _unpacked(clip["levels"]), copies)


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


def _of_clip(samples: Floats, frame: int, grids: int) -> Floats:
    """The spectra of frames of this many samples, on all grids in turn."""
    hop = HOP * frame / FRAME / grids
    starts = np.arange(0, max(0, len(samples) - frame), hop).round().astype(np.int64)
    return _spectra(samples, starts, frame)


def _on_grids(spectra: Floats, grids: int) -> Landmarks:
    """The landmarks on each grid of a clip."""
    times, bins = [], []
    for grid in range(grids):
        time, bin_, loudness = _peaks(spectra[grid::grids])
        kept = _loudest(time, bin_, loudness, _KEPT_OF_CLIP)
        times.append(time[kept] * SHIFTS + grid * SHIFTS // grids)
        bins.append(bin_[kept])
    joined, bin_ = np.concatenate(times), np.concatenate(bins)
    order = np.argsort(joined, kind="stable")
    return Landmarks(joined[order], bin_[order], SHIFTS)


def _levels(spectra: Floats) -> Floats:
    """What Clip says, from spectra at its columns.

    Evened out first over time, which takes a steady noise, a microphone's colour and the notes
    of a scale away; then over the bins around, which takes the beat away.
    """
    if not len(spectra):
        return np.zeros((BINS, 0), np.float32)
    loudness = np.log(spectra + _HUSH * spectra.mean() + 1e-6)
    loudness -= loudness.mean(axis=0)
    around = np.pad(loudness, ((0, 0), (_AROUND_BINS + 1, _AROUND_BINS)), mode="edge")
    sums, width = np.cumsum(around, axis=1), 2 * _AROUND_BINS + 1
    loudness -= (sums[:, width:] - sums[:, :-width]) / width
    least, most = float(loudness.min()), float(loudness.max())
    steps = ((loudness - least) * (2047 / max(most - least, 1e-9))).astype(np.int64)
    counts = np.bincount(steps.ravel(), minlength=2048)
    louder = 1 - (np.cumsum(counts) - counts / 2) / steps.size
    levels: Floats = -np.log(np.maximum(louder, 1e-9)).astype(np.float32)[steps].T
    return levels


def _packed(levels: Floats) -> str:
    steps = np.minimum(levels / _STEP + 0.5, _STEPS).astype(np.uint8)
    return base64.b64encode((steps[::2] << 4 | steps[1::2]).tobytes()).decode("ascii")


def _unpacked(packed: str) -> Floats:
    pairs = np.frombuffer(base64.b64decode(packed, validate=True), np.uint8)
    steps = np.stack([pairs.reshape(BINS // 2, -1) >> 4, pairs.reshape(BINS // 2, -1) & 15], axis=1)
    return steps.reshape(BINS, -1).astype(np.float32) * np.float32(_STEP)


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
    tilt = (np.arange(LOW, LOW + BINS) / LOW) ** _TILT
    found = np.zeros((len(starts), BINS), np.float32)
    for at in range(0, len(starts), 512):  # so that the frames stay in the processor's cache
        rows = samples[starts[at : at + 512, None] + np.arange(frame)]
        spectrum = np.fft.rfft(rows * window, axis=1)[:, LOW : LOW + BINS]
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
