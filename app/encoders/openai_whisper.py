"""openai-whisper as the transcriber: the same words and states by torch.

It decodes as FasterWhisper does, by openai-whisper's own functions, so that the two differ by
their arithmetic alone: float32 here, int8 there.
"""

import importlib.util
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app import models
from app.encoders import whisper_model
from app.encoders.base import GET_TORCH, EncoderError, Floats, Heard
from app.encoders.check import SAMPLE_RATE_HZ, check_window
from app.encoders.hotwords import hint_of, likely_names, with_names
from app.encoders.weights import weights_folder, weights_version
from app.encoders.whisper import (
    BEAM_SIZE,
    MOST_TOKENS,
    TEMPERATURES,
    UNSURE,
    is_doubtful,
    kept_words,
    settled_language,
)
from app.encoders.whisper_weights import CHECKPOINT, alignment_heads, checkpoint_of
from app.settings import get_settings

_HUB_FOLDER = "openai-whisper"  # of what openai-whisper itself fetches
_PUNCTUATION = {
    "prepend_punctuations": "\"'“¿([{-",
    "append_punctuations": "\"'.。,，!！?？:：”)]}、",
}


class OpenAiWhisper:
    """Whisper on torch, float32."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = "hub" if _hub_name(name) else weights_version(name)

    def check(self) -> None:
        """Raise EncoderError where it cannot be served here; loads nothing."""
        if importlib.util.find_spec("whisper") is None:
            raise EncoderError(f"{self.name} needs torch; {GET_TORCH}")
        if models.packaged_name(self.name) is not None:
            weights_folder(self.name)
        elif not _hub_name(self.name):
            _own_file(self.name)

    def transcribe(
        self,
        window: Floats,
        *,
        language: str | None = None,
        likely: str | None = None,
        brief: bool = False,
        states: bool = True,
        hotwords: Sequence[str] = (),
    ) -> Heard:
        """The words of at most 30 s of audio, and, if asked for, the encoder's states.

        Raises EncoderError on a wrong shape or dtype, on NaN, or above 30 s.
        """
        check_window(window)
        self.check()
        import torch  # noqa: PLC0415 - heavy, and only where it is used

        model, samples = _load(self.name, threads()), len(window)
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # the second temperature samples: the same each time
            mel = _mel(model, window)
            encoded = model.encoder(mel[None])
            spoken, probability = _language(model, encoded, language, likely, samples)
            found = [_decode_once(model, mel, encoded, samples, spoken)] if brief else []
            if not brief or is_doubtful(found[0]):
                found = _decode(model, window, spoken)
            words = kept_words(found, samples / SAMPLE_RATE_HZ)
            if names := likely_names(hotwords, words, _tokenizer(model, spoken).encode):
                hint = hint_of(names)
                told = [_decode_once(model, mel, encoded, samples, spoken, hint=hint)]
                words = with_names(words, kept_words(told, samples / SAMPLE_RATE_HZ), names)
        kept = whisper_model.pool_seconds(encoded.numpy(), samples) if states else None
        return Heard(words, spoken, probability, kept)


def threads() -> int:
    """How many threads torch is to use."""
    return get_settings().threads or whisper_model.cores()


def _hub_name(engine: str) -> str | None:
    """The weights' name, where neither a package nor a path of someone's own has them."""
    weights = engine.partition(":")[2]
    known = models.packaged_name(engine) is not None or Path(weights).is_absolute()
    return None if known else weights


def _own_file(engine: str) -> Path:
    """The checkpoint at a path of someone's own. Raises EncoderError."""
    given = Path(engine.partition(":")[2])
    file = given / CHECKPOINT if given.is_dir() else given
    if file.suffix != ".pt" or not file.is_file():
        raise EncoderError(f"{given} is neither a checkpoint (.pt) nor a folder with {CHECKPOINT}.")
    return file


@lru_cache(maxsize=1)
def _load(engine: str, threads: int) -> Any:
    """openai-whisper's model, which runs its encoder once over each window."""
    import torch  # noqa: PLC0415
    import whisper  # noqa: PLC0415

    torch.set_num_threads(threads)
    name, packaged = _hub_name(engine), models.packaged_name(engine)
    if name is not None:
        model = _from_hub(whisper, name)
    elif packaged is not None:
        model = _from_file(whisper, checkpoint_of(packaged) / CHECKPOINT)
    else:
        model = _from_file(whisper, _own_file(engine))
    model.encoder.forward = _remembering(model.encoder.forward)
    return model


def _from_file(whisper: Any, file: Path) -> Any:
    try:
        model = whisper.load_model(str(file), device="cpu")
    except Exception as error:  # torch's and openai-whisper's errors share no other base
        raise EncoderError(f"{file} could not be loaded: {error}") from error
    _align_by(model, alignment_heads(file.parent))
    return model


def _from_hub(whisper: Any, name: str) -> Any:
    if name not in whisper.available_models():
        known = ", ".join(whisper.available_models())
        raise EncoderError(f"openai-whisper:{name} is none of {known}, and no absolute path.")
    folder = get_settings().models_dir / _HUB_FOLDER
    try:
        return whisper.load_model(name, device="cpu", download_root=str(folder))
    except (OSError, RuntimeError) as error:
        raise EncoderError(
            f"The weights of openai-whisper:{name} could not be fetched ({error}); without a way "
            f"to their publisher put {name}.pt into {folder}, or choose packaged weights."
        ) from error


def _align_by(model: Any, heads: list[tuple[int, int]] | None) -> None:
    """Give words their times by these heads, as CTranslate2 does, rather than by half of all."""
    import torch  # noqa: PLC0415

    if heads is not None:
        mask = torch.zeros(model.dims.n_text_layer, model.dims.n_text_head, dtype=torch.bool)
        for layer, head in heads:
            mask[layer, head] = True
        model.register_buffer("alignment_heads", mask.to_sparse(), persistent=False)


def _remembering(encode: Any) -> Any:
    """The encoder, whose last answer serves again when the same window is put to it.

    openai-whisper encodes a window for its language, its words and their times each anew.
    """
    last: list[tuple[Any, Any]] = []

    def remembered(mel: Any) -> Any:
        for given, states in last:
            if given.shape == mel.shape and given.equal(mel):
                return states
        states = encode(mel)
        last[:] = [(mel, states)]
        return states

    return remembered


def _mel(model: Any, window: Floats) -> Any:
    """The log-mel spectrogram filled up to 30 s, value by value as whisper.transcribe makes it."""
    from whisper import audio  # noqa: PLC0415

    mel = audio.log_mel_spectrogram(window, model.dims.n_mels, padding=audio.N_SAMPLES)
    return audio.pad_or_trim(mel[:, : len(window) // audio.HOP_LENGTH], audio.N_FRAMES)


def _language(
    model: Any, encoded: Any, language: str | None, likely: str | None, samples: int
) -> tuple[str, float]:
    from whisper.tokenizer import LANGUAGES  # noqa: PLC0415

    if not model.is_multilingual:
        return "en", 1.0
    if language is not None and language in LANGUAGES:
        return language, 1.0
    _, (found,) = model.detect_language(encoded)
    return settled_language(found, likely, samples)


def _decode(model: Any, window: Floats, language: str) -> list[Any]:
    """whisper.transcribe's segments."""
    import whisper  # noqa: PLC0415

    answer = whisper.transcribe(
        model,
        window,
        temperature=TEMPERATURES,
        compression_ratio_threshold=2.4,
        logprob_threshold=UNSURE,
        no_speech_threshold=0.6,
        condition_on_previous_text=False,
        word_timestamps=True,
        beam_size=BEAM_SIZE,
        best_of=1,
        **_PUNCTUATION,
        **_common(language),
    )
    return [_segment(part) for part in answer["segments"]]


def _decode_once(
    model: Any, mel: Any, encoded: Any, samples: int, language: str, *, hint: str | None = None
) -> Any:
    """A window as one segment, from this encoder pass and no other."""
    import whisper  # noqa: PLC0415
    from whisper.timing import add_word_timestamps  # noqa: PLC0415

    options = whisper.DecodingOptions(
        temperature=0.0,
        beam_size=BEAM_SIZE,
        without_timestamps=True,
        prompt=hint,
        **_common(language),
    )
    result = whisper.decode(model, encoded[0], options)
    frames = samples // whisper.audio.HOP_LENGTH
    tokenizer = _tokenizer(model, language)
    part = {
        "seek": 0,
        "start": 0.0,
        "end": samples / SAMPLE_RATE_HZ,
        "tokens": result.tokens,
        "text": tokenizer.decode(result.tokens),
        "avg_logprob": result.avg_logprob,
        "compression_ratio": result.compression_ratio,
        "no_speech_prob": result.no_speech_prob,
    }
    add_word_timestamps(
        segments=[part],
        model=model,
        tokenizer=tokenizer,
        mel=mel,
        num_frames=frames,
        last_speech_timestamp=0.0,
        **_PUNCTUATION,
    )
    return _segment(part)


def _tokenizer(model: Any, language: str) -> Any:
    from whisper.tokenizer import get_tokenizer  # noqa: PLC0415

    return get_tokenizer(
        model.is_multilingual,
        num_languages=model.num_languages,
        language=language,
        task="transcribe",
    )


def _common(language: str) -> dict[str, Any]:
    return {
        "language": language,
        "task": "transcribe",
        "sample_len": MOST_TOKENS,
        "suppress_blank": True,
        "suppress_tokens": "-1",
        "fp16": False,
    }


def _segment(part: Mapping[str, Any]) -> Any:
    """A segment with attributes, as faster-whisper has it."""
    return SimpleNamespace(**{**part, "words": [SimpleNamespace(**w) for w in part["words"]]})
