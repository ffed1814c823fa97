"""faster-whisper as the transcriber: words with times, and the states of the same pass."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.domain import Word
from app.encoders import whisper_model
from app.encoders.base import Floats, Heard
from app.encoders.check import SAMPLE_RATE_HZ, check_window
from app.encoders.hotwords import hint_of, likely_names, with_names
from app.encoders.invented import is_invented
from app.encoders.weights import weights_version

BEAM_SIZE = 3  # of 1, 3 and 5 on the development talks: as good as 5, nearly as fast as 1
SURE = 0.6  # a detected language less probable than this gives way to the likely one
SHORT_S = 4.0  # as does any that was detected in less than this

TEMPERATURES = (0.0, 0.4)
UNSURE = -1.0  # mean log-probability of the tokens below which another try is made
# Frames of 10 ms; with less, words get worse. With 1500 to 1510 a sentence ended early here and
# there; from 1550 on none did, and 109 clips had 65 wrong words (67 with 1500, 83 with the whole).
_BRIEF_LEAST, _BRIEF_MARGIN = 1800, 700
_ECHO_S = 0.5
MOST_TOKENS = 220  # half a decoder's length, as its authors use; only loops are longer
_MARKS = " .,;:!?…\"'"


class FasterWhisper:
    """Whisper on CTranslate2, int8."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = weights_version(name)

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
        model, samples = whisper_model.load(self.name), len(window)
        features = whisper_model.features_of(model, window)
        enough = _brief_frames(features)
        brief = brief and enough < whisper_model.FRAMES
        encoded = whisper_model.encode(
            model, features, enough if brief and not states else whisper_model.FRAMES
        )
        spoken, probability = self._language(model, encoded, language, likely, samples)
        found = [_decode_once(model, features, encoded, spoken)] if brief else []
        if not brief or is_doubtful(found[0]):
            if brief and not states:
                encoded = whisper_model.encode(model, features)
                spoken, probability = self._language(model, encoded, language, likely, samples)
            found = list(_decode(model, features, encoded, spoken))
        words = kept_words(found, samples / SAMPLE_RATE_HZ)
        if names := likely_names(hotwords, words, _tokenizer(model, spoken).encode):
            told = [_decode_once(model, features, encoded, spoken, hint_of(names))]
            words = with_names(words, kept_words(told, samples / SAMPLE_RATE_HZ), names)
        kept = whisper_model.pool_seconds(encoded, samples) if states else None
        return Heard(words, spoken, probability, kept)

    @staticmethod
    def _language(
        model: Any, encoded: Any, language: str | None, likely: str | None, samples: int
    ) -> tuple[str, float]:
        """The language to write down and how probable it is."""
        if not model.model.is_multilingual:
            return "en", 1.0
        if language is not None and language in model.supported_languages:
            return language, 1.0
        found = {token[2:-2]: chance for token, chance in model.model.detect_language(encoded)[0]}
        return settled_language(found, likely, samples)


def settled_language(
    found: Mapping[str, float], likely: str | None, samples: int
) -> tuple[str, float]:
    """Of the languages' probabilities in a window, the language to write down and its own."""
    best = max(found, key=lambda code: found[code])
    unsure = found[best] < SURE or samples < SHORT_S * SAMPLE_RATE_HZ
    spoken = likely if unsure and likely is not None and likely in found else best
    return spoken, float(found[spoken])


def _brief_frames(features: Floats) -> int:
    """How many frames are enough for a window that is not to be filled up to 30 s.

    Words begin to repeat where less than this is left silent behind them.
    """
    wanted: int = max(_BRIEF_LEAST, features.shape[-1] + _BRIEF_MARGIN)
    return min(wanted + wanted % 2, whisper_model.FRAMES)


def is_doubtful(segment: Any) -> bool:
    """Whether what a brief pass wrote needs the whole one: nothing, a loop, or a guess."""
    return is_invented(segment) or segment.avg_logprob < UNSURE


def _decode(model: Any, features: Floats, encoded: Any, language: str) -> Iterable[Any]:
    """faster-whisper's segments of a window whose first encoder pass has been made."""
    tokenizer = _tokenizer(model, language)
    found: Iterable[Any] = model.generate_segments(
        features, tokenizer, _options(tokenizer), False, encoder_output=encoded
    )
    return found


def _decode_once(
    model: Any, features: Floats, encoded: Any, language: str, hint: str | None = None
) -> Any:
    """A window as one segment of faster-whisper's, from this encoder pass and no other.

    Its own loop encodes what follows the last word again, filled up to 30 s, and that costs
    more than all the rest.
    """
    from faster_whisper.transcribe import Segment, Word  # noqa: PLC0415

    tokenizer, frames = _tokenizer(model, language), features.shape[-1] - 1
    options = replace(_options(tokenizer), without_timestamps=True, temperatures=[0.0])
    prompt = model.get_prompt(tokenizer, [], without_timestamps=True, hotwords=hint)
    result, avg_logprob, _, compression = model.generate_with_fallback(
        encoded, prompt, tokenizer, options
    )
    tokens = result.sequences_ids[0]
    part: dict[str, Any] = {"seek": 0, "start": 0.0, "end": frames / 100, "tokens": tokens}
    marks = options.prepend_punctuations, options.append_punctuations
    model.add_word_timestamps([[part]], tokenizer, encoded, frames, *marks, 0.0)
    return Segment(
        id=1,
        seek=0,
        start=part["start"],
        end=part["end"],
        text=tokenizer.decode(tokens),
        tokens=tokens,
        avg_logprob=avg_logprob,
        compression_ratio=compression,
        no_speech_prob=result.no_speech_prob,
        words=[Word(**word) for word in part["words"]],
        temperature=0.0,
    )


def _tokenizer(model: Any, language: str) -> Any:
    import ctranslate2  # noqa: PLC0415
    from faster_whisper.tokenizer import Tokenizer  # noqa: PLC0415

    ctranslate2.set_random_seed(0)  # the second temperature samples: the same each time
    return Tokenizer(
        model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language
    )


def _options(tokenizer: Any) -> Any:
    from faster_whisper.transcribe import (  # noqa: PLC0415
        TranscriptionOptions,
        get_suppressed_tokens,
    )

    return TranscriptionOptions(
        beam_size=BEAM_SIZE,
        best_of=1,
        patience=1.0,
        length_penalty=1.0,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        log_prob_threshold=UNSURE,
        no_speech_threshold=0.6,
        compression_ratio_threshold=2.4,
        condition_on_previous_text=False,
        prompt_reset_on_temperature=0.5,
        temperatures=list(TEMPERATURES),
        initial_prompt=None,
        prefix=None,
        suppress_blank=True,
        suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        without_timestamps=False,
        max_initial_timestamp=1.0,
        word_timestamps=True,
        prepend_punctuations="\"'“¿([{-",
        append_punctuations="\"'.。,，!！?？:：”)]}、",
        multilingual=False,
        max_new_tokens=MOST_TOKENS,
        clip_timestamps=[0.0],
        hallucination_silence_threshold=None,
        hotwords=None,
    )


def kept_words(segments: Iterable[Any], window_s: float) -> Sequence[Word]:
    """Words that were really said, with times that never go back and lie within the window."""
    words: list[Word] = []
    at_s, seek = 0.0, 0
    for segment in segments:
        if is_invented(segment):
            continue
        resumed, seek = segment.seek != seek, segment.seek
        for word in segment.words[1 if resumed and _echoes(segment.words[0], words) else 0 :]:
            start_s = min(max(at_s, float(word.start)), window_s)
            at_s = min(max(start_s, float(word.end)), window_s)
            words.append(Word(word.word, start_s, at_s, round(float(word.probability), 3)))
    return words


def _echoes(first: Any, words: Sequence[Word]) -> bool:
    """Whether the second pass over a window begins with the tail of the last word again."""
    if not words or first.start - words[-1].end_s > _ECHO_S:
        return False
    return bool(first.word.strip(_MARKS).lower() == words[-1].text.strip(_MARKS).lower())
