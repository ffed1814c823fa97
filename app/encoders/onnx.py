"""How every engine's ONNX model is opened, and the tokenizer beside it."""

from pathlib import Path
from typing import Any

from app.encoders.base import EncoderError
from app.settings import get_settings


def open_session(model: Path | bytes, folder: Path, entries: dict[str, str] | None = None) -> Any:
    """A session on the processor, for a model file or a graph whose weights lie in ``folder``.

    ``entries`` are ONNX Runtime's further session settings. Raises EncoderError.
    """
    import onnxruntime  # noqa: PLC0415 - heavy, and only where it is used

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = get_settings().threads
    options.enable_cpu_mem_arena = False
    for name, value in (entries or {}).items():
        options.add_session_config_entry(name, value)
    given = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(
            given, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's errors share no other base
        where = folder if isinstance(model, bytes) else model
        raise EncoderError(f"{where} could not be loaded: {error}") from error


def open_tokenizer(folder: Path, max_tokens: int | None) -> Any:
    """The tokenizer in a folder, which reads so many tokens of a text. Raises EncoderError."""
    from tokenizers import Tokenizer  # noqa: PLC0415 - heavy, and only where it is used

    file = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # it raises nothing more special
        raise EncoderError(f"{file} could not be loaded: {error}") from error
    tokenizer.no_padding()
    if max_tokens is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(max_tokens)
    return tokenizer
