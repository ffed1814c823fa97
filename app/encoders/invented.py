"""Words that Whisper writes where nobody spoke: what it learned from subtitles."""

import re
from typing import Any

_MAX_COMPRESSION = 2.4  # a loop of the same words packs better than any speech
_MIN_PROBABILITY = 0.3  # mean over a segment's words
_NO_SPEECH, _CLEAR = 0.6, -0.5  # likely no speech, and not written with conviction either
_MIN_SPOKEN_S = 0.03  # a word; the alignment of invented ones often has no length

# What subtitles say over silence and music, as this project met them or their kind.
_STOCK = re.compile(
    r"""(
      (thanks?|thank\ you)(\ (so|very)\ much)?(\ for\ (watching|listening))?
    | (please\ )?(like\ and\ )?subscribe.* | bye(\ bye)* | you | okay | oh | so | hmm+ | mm+
    | see\ you\ (next\ time|in\ the\ next\ video).*
    | subtitles?\ (by|made).* | .*amara\ ?org.* | untertitel.* | sous\ titres.* | subtítulos.*
    | vielen\ dank(\ fürs\ zuschauen)? | (muchas\ )?gracias | merci(\ beaucoup)?
    | ご視聴ありがとうございました | 字幕.* | 謝謝(觀看)? | 谢谢(观看)? | 시청해주셔서\ 감사합니다
    )""",
    re.VERBOSE,
)
_SURE_STOCK = 0.75  # a stock phrase that was really said is heard this clearly
_NOTE = re.compile(r"^\s*([(\[*♪♫].*[)\]*♪♫]|[♪♫\s.…]*)\s*$")


def is_invented(segment: Any) -> bool:
    """Whether a segment of faster-whisper's is better dropped."""
    words = segment.words or []
    if not words or _NOTE.match(segment.text):
        return True
    if segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _CLEAR:
        return True
    probability = sum(word.probability for word in words) / len(words)
    if probability < _MIN_PROBABILITY or segment.compression_ratio > _MAX_COMPRESSION:
        return True
    if sum(word.end - word.start for word in words) < _MIN_SPOKEN_S * len(words):
        return True
    return probability < _SURE_STOCK and is_stock(segment.text)


def is_stock(text: str) -> bool:
    """Whether a text is nothing but what subtitles say over silence."""
    plain = re.sub(r"[^\w\s]+", " ", text.lower())
    return _STOCK.fullmatch(" ".join(plain.split())) is not None
