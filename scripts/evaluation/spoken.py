"""Questions asked aloud, heard as the query worker hears clips, and searched."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from app.audio.decode import decode_clip
from app.evaluation.corpus import Corpus
from app.evaluation.evaluate import spread
from app.evaluation.folder import Question
from app.evaluation.metrics import DEPTH, SEED, places
from app.search.query import Query
from app.search.result import Hit
from app.settings import get_settings
from scripts.demo import tools
from scripts.demo.build import speech_job
from scripts.demo.dsp import RATE_HZ, Audio
from scripts.demo.mix import read_wav
from scripts.evaluation import noises
from scripts.local.errors import SetupError
from workers.clips import listen_to, words

# None of these tells the demo's podcasts.
VOICES = ("af_nicole", "am_fenrir", "bf_alice", "bm_daniel", "af_sky", "am_onyx")
BACKGROUNDS = ("babble", "music", "fan")
PAUSE_S = 0.4  # before and after the words

Heard = dict[str, list[str]]  # what was heard of each question, by noise


class Spoken:
    """Some of the questions, spoken and heard once for all conditions."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._heard: Heard = {}

    def __call__(self, corpus: Corpus, questions: Sequence[Question]) -> dict[str, Any]:
        """Figures of the questions typed and heard. Raises SetupError without voices."""
        asked = spread([q for q in questions if q.kind == "question"], self._count)
        if not self._heard:
            self._heard = hear_all(asked)
        typed = [_found(corpus, question.text, question) for question in asked]
        return {
            "questions": len(asked),
            "voices": list(VOICES),
            "typed": {"success@10": round(float(np.mean(typed)), 4), "found": _marks(typed)},
            "noises": {
                name: _figures(corpus, asked, heard, float(np.mean(typed)))
                for name, heard in self._heard.items()
            },
        }


def _figures(
    corpus: Corpus, asked: Sequence[Question], heard: Sequence[str], typed: float
) -> dict[str, Any]:
    found = [_found(corpus, text, q) for text, q in zip(heard, asked, strict=True)]
    wrong = [word_errors(q.text, text) for text, q in zip(heard, asked, strict=True)]
    share = float(np.mean(found))
    return {
        "success@10": round(share, 4),
        "ratio": round(share / typed, 4) if typed else None,
        "word_error": round(sum(w for w, _ in wrong) / sum(n for _, n in wrong), 4),
        "found": _marks(found),
        "wrong_words": wrong,
    }


def _marks(found: Sequence[bool]) -> str:
    return "".join("1" if one else "0" for one in found)


def _found(corpus: Corpus, text: str, question: Question) -> bool:
    """Whether the ten best hits have an answer."""
    if not text.strip():
        return False
    answer = corpus.searcher.search(Query(q=text, size=DEPTH))
    ranking = [corpus.passages[hit.id] for hit in answer.hits if isinstance(hit, Hit)]
    return bool(places(ranking, question.judged))


def hear_all(asked: Sequence[Question]) -> Heard:
    """Each question by one of VOICES, clean and with each noise, as text."""
    said = speak(asked)
    heard: Heard = {}
    for name, snr_db in _noises():
        rng = np.random.default_rng(SEED)
        clips = tqdm(said, desc=name, unit="clip", disable=None, leave=False)
        heard[name] = [hear(_noisy(clip, said, name, snr_db, rng)) for clip in clips]
    return heard


def _noises() -> Iterator[tuple[str, float | None]]:
    for snr_db in noises.SNRS_DB:
        if snr_db is None:
            yield "clean", None
        else:
            yield from ((f"{name}, {snr_db:g} dB", snr_db) for name in BACKGROUNDS)


def _noisy(
    clip: Audio, others: Sequence[Audio], name: str, snr_db: float | None, rng: np.random.Generator
) -> Audio:
    if snr_db is None:
        return clip
    if name.startswith("babble"):
        background = noises.babble([o for o in others if o is not clip] or others, len(clip), rng)
    else:
        make = noises.music if name.startswith("music") else noises.fan
        background = make(len(clip), rng)
    return noises.under(clip, background, snr_db)


def speak(asked: Sequence[Question]) -> list[Audio]:
    """The questions' recordings; those made before are kept. Raises SetupError."""
    folder = tools.cache_dir() / "speech"
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [
        speech_job(question.text, VOICES[number % len(VOICES)], folder)
        for number, question in enumerate(asked)
    ]
    new = [job for job in jobs if not Path(str(job["out"])).exists()]
    if new:
        try:
            made = tools.speak(tools.install(), new)
            list(tqdm(made, total=len(new), desc="speaking", disable=None, leave=False))
        except tools.ToolsError as error:
            raise SetupError(str(error)) from error
    pause = np.zeros(round(PAUSE_S * RATE_HZ), np.float32)
    return [np.concatenate([pause, read_wav(Path(str(job["out"]))), pause]) for job in jobs]


def hear(clip: Audio) -> str:
    """What the query worker hears in it; "" for no words."""
    audio = decode_clip(noises.as_wav(clip), get_settings().clip_max_s)
    heard = words(listen_to(audio))["heard"]
    return heard["text"] if heard else ""


def word_errors(said: str, heard: str) -> tuple[int, int]:
    """Words to change, add or drop (Levenshtein), and how many were said."""
    ours, theirs = (re.findall(r"[\w']+", text.lower()) for text in (said, heard))
    row = list(range(len(theirs) + 1))
    for number, word in enumerate(ours, start=1):
        before, row[0] = row[0], number
        for place, other in enumerate(theirs, start=1):
            changed = before + (word != other)
            before, row[place] = row[place], min(changed, row[place] + 1, row[place - 1] + 1)
    return row[-1], len(ours)
