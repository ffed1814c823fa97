from types import SimpleNamespace

import pytest

from app.encoders.invented import is_invented, is_stock


def heard(text: str, probability=0.9, step_s=0.3, **fields) -> SimpleNamespace:
    words = [
        SimpleNamespace(word=word, start=i * step_s, end=(i + 1) * step_s, probability=probability)
        for i, word in enumerate(text.split())
    ]
    known = {"compression_ratio": 1.2, "no_speech_prob": 0.05, "avg_logprob": -0.2}
    return SimpleNamespace(text=text, words=words, **(known | fields))


def test_what_was_said_clearly_is_kept():
    assert not is_invented(heard("From fairest creatures we desire increase,"))
    assert not is_invented(heard("Thank you very much."))


@pytest.mark.parametrize(
    "segment",
    [
        heard("Thank you.", probability=0.5),
        heard("Untertitel der Amara.org-Community", probability=0.6),
        heard("[Music]"),
        heard("♪♪♪"),
        heard("and and and and", compression_ratio=6.0),
        heard("a word of doubt", probability=0.1),
        heard("all at one moment", step_s=0.0),
        heard("I'm sorry.", no_speech_prob=0.8, avg_logprob=-0.8),
    ],
    ids=lambda segment: segment.text,
)
def test_what_models_write_over_silence_is_dropped(segment):
    assert is_invented(segment)


def test_stock_phrases_are_whole_texts():
    assert is_stock(" Thanks for watching!")
    assert is_stock("ご視聴ありがとうございました。")
    assert not is_stock("Thanks for watching the birds with me.")
    assert not is_stock("So what do you do?")
