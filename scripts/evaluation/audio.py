"""Clips cut from recordings, and what they find among the others: by sound, by voice.

A folder holds one folder for each class of sound or each speaker, with a recording a file. A
clip is compared with every recording but its own: the nearest should be of its class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from app.audio.decode import SAMPLE_RATE_HZ, decode, decode_clip
from app.audio.ffmpeg import AudioError
from app.encoders import registry
from app.encoders.base import AudioEmbedder, Floats
from app.evaluation.metrics import SEED
from app.search.sound import CLIP_ORDER
from app.settings import get_settings
from scripts.demo.dsp import Audio
from scripts.demo.mix import resample
from scripts.evaluation import noises
from scripts.local.errors import SetupError
from workers.clips import listen_to

FIELDS = {"sound": CLIP_ORDER, "voice": ("voice",)}  # by what is looked for, the best first
LENGTHS_S = {"sound": (1.0, 2.0, 3.0, 5.0), "voice": (3.0,)}


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, the folder that it lies in, and its samples at 16 kHz."""

    name: str
    label: str
    audio: Floats


def measure(kind: str, folder: Path) -> dict[str, Any]:
    """Figures for each length of clip and each loudness of noise. Raises SetupError."""
    embedders = registry.sound_embedders()
    embedder = next((embedders[field] for field in FIELDS[kind] if field in embedders), None)
    if embedder is None:
        raise SetupError(f"--audio {kind} needs an embedder of voices; the settings choose none.")
    recordings = read(folder)
    gallery = np.array([vector(one.audio, embedder) for one in _bar(recordings, "recordings")])
    rows = []
    for length_s in LENGTHS_S[kind]:
        for snr_db in noises.SNRS_DB:
            clips = cut(recordings, length_s, snr_db, talk=kind == "voice")
            name = f"{length_s:g} s, {_said(snr_db)}"
            asked = np.array([vector(clip, embedder) for clip in _bar(clips, name)])
            rows.append(
                {"length_s": length_s, "snr_db": snr_db} | score(asked, gallery, recordings)
            )
    return {
        "kind": kind,
        "model": f"{embedder.name} {embedder.version}",
        "recordings": len(recordings),
        "labels": len({one.label for one in recordings}),
        "rows": rows,
    }


def _bar(items: Sequence[Any], what: str) -> Any:
    return tqdm(items, desc=what, unit="clip", disable=None, leave=False)


def _said(snr_db: float | None) -> str:
    return "clean" if snr_db is None else f"{snr_db:g} dB"


def read(folder: Path) -> list[Recording]:
    """Every recording, in order of names. Raises SetupError."""
    files = sorted(path for path in folder.glob("*/*") if path.is_file())
    try:
        found = [
            Recording(file.name, file.parent.name, np.concatenate(list(decode(file))))
            for file in files
        ]
    except AudioError as error:
        raise SetupError(f"A file in {folder} could not be decoded: {error}") from error
    if len({one.label for one in found}) < 2:
        raise SetupError(f"{folder} needs a folder of recordings for each of two classes or more.")
    return found


def cut(
    recordings: Sequence[Recording], length_s: float, snr_db: float | None, *, talk: bool
) -> list[Floats]:
    """A clip of each at a random offset, as it comes out of a file; shorter where that is all.

    The backgrounds take turns: music, a fan and, under voices, other people's talk.
    """
    rng = np.random.default_rng(SEED)
    clips: list[Floats] = []
    for number, one in enumerate(recordings):
        length = min(round(length_s * SAMPLE_RATE_HZ), len(one.audio))
        start = int(rng.integers(len(one.audio) - length + 1))
        clip = resample(one.audio[start : start + length], SAMPLE_RATE_HZ)
        if snr_db is not None:
            others = [other for other in recordings if other.label != one.label]
            clip = noises.under(clip, _background(number, len(clip), others, talk, rng), snr_db)
        clips.append(decode_clip(noises.as_wav(clip), get_settings().clip_max_s))
    return clips


def _background(
    number: int, length: int, others: Sequence[Recording], talk: bool, rng: np.random.Generator
) -> Audio:
    kinds = ("music", "fan", "babble") if talk else ("music", "fan")
    kind = kinds[number % len(kinds)]
    if kind == "babble":
        chosen = [others[int(n)] for n in rng.integers(len(others), size=noises.TALKERS)]
        return noises.babble([resample(o.audio, SAMPLE_RATE_HZ) for o in chosen], length, rng)
    return (noises.music if kind == "music" else noises.fan)(length, rng)


def vector(audio: Floats, embedder: AudioEmbedder) -> Floats:
    """The vector of a whole recording or clip, by the windows in which it is listened to."""
    clip = listen_to(audio)
    return embedder.pool(np.concatenate([embedder.states(clip.read(w)) for w in clip.windows]))


def score(asked: Floats, gallery: Floats, recordings: Sequence[Recording]) -> dict[str, Any]:
    """The share of clips whose nearest recording is of their class, and mean average precision.

    A clip without a vector (nobody was heard to speak) found nothing.
    """
    labels = np.array([one.label for one in recordings])
    nearest, precisions = [], []
    for number, own in enumerate(asked):
        others = np.arange(len(labels)) != number
        cosines = np.nan_to_num(gallery[others] @ own, nan=-1.0)
        order = np.argsort(-cosines, kind="stable")
        right = labels[others][order] == labels[number]
        heard = bool(np.isfinite(own).all())
        nearest.append(heard and bool(right[0]))
        precisions.append(average_precision(right) if heard else 0.0)
    return {
        "1-nn": round(float(np.mean(nearest)), 4),
        "map": round(float(np.mean(precisions)), 4),
        "nearest": "".join("1" if one else "0" for one in nearest),
    }


def average_precision(right: Any) -> float:
    """The mean of the precision at each right answer; 0 where there is none."""
    places = np.flatnonzero(right) + 1
    return float((np.arange(1, len(places) + 1) / places).mean()) if len(places) else 0.0


def table(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    heading = f"{figures['kind']}: {figures['recordings']} recordings of {figures['labels']}"
    lines = [f"| {heading}, {figures['model']} | 1-NN | mAP |", "| --- | ---: | ---: |"]
    lines += [
        f"| {row['length_s']:g} s, {_said(row['snr_db'])} | {row['1-nn']:.3f} | {row['map']:.3f} |"
        for row in figures["rows"]
    ]
    return "\n".join(lines) + "\n"
