"""Silero's voice activity model, streamed in bounded memory."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from app.audio.mono import Floats

FRAME_S = 512 / 16_000

_FRAME = 512
_CONTEXT = 64  # samples of the frame before, which the model wants in front
_STATE = (1, 1, 128)


def speech_probabilities(windows: Iterable[Floats]) -> Floats:
    """How likely speech is, frame by frame of FRAME_S, in audio that comes in windows.

    The model's state runs on from window to window, so where they are cut changes nothing.
    """
    session = _session()
    context = np.zeros(_CONTEXT, np.float32)
    hidden, cell = np.zeros(_STATE, np.float32), np.zeros(_STATE, np.float32)
    heard = [np.zeros(0, np.float32)]
    for frames in _whole_frames(windows):
        before = np.vstack([context, frames[:-1, -_CONTEXT:]])
        inputs = {"input": np.hstack([before, frames]), "h": hidden, "c": cell}
        probabilities, hidden, cell = session.run(None, inputs)
        heard.append(probabilities.ravel())
        context = frames[-1, -_CONTEXT:]
    return np.concatenate(heard)


def _whole_frames(windows: Iterable[Floats]) -> Iterator[Floats]:
    """Windows as rows of one frame each; the last frame is filled up with silence."""
    rest = np.zeros(0, np.float32)
    for window in windows:
        samples = np.concatenate([rest, window])
        whole = len(samples) - len(samples) % _FRAME
        rest = samples[whole:]
        if whole:
            yield samples[:whole].reshape(-1, _FRAME)
    if len(rest):
        yield np.pad(rest, (0, _FRAME - len(rest))).reshape(1, _FRAME)


@lru_cache(maxsize=1)
def _session() -> Any:
    """The model that faster-whisper ships, on one thread: it is a small recurrent net."""
    import onnxruntime  # noqa: PLC0415 - importing this module loads no engine

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    with as_file(files("faster_whisper") / "assets" / "silero_vad_v6.onnx") as path:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
