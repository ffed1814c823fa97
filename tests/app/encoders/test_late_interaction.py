"""The reader, on its real weights."""

import numpy as np
import pytest

from app.encoders.base import EncoderError
from app.encoders.late_interaction import MAX_TOKENS, LateInteraction
from app.search.reading import closeness
from app.settings import get_settings

ANSWER = "The harbour freezes in the first week of January, said the pilot."
OTHER = "Sharpen the blade before you cut an onion, and your eyes stay dry."


@pytest.fixture(scope="module")
def reader() -> LateInteraction:
    return LateInteraction("colbert-small")


def test_tokens_are_unit_vectors_whatever_the_length(reader: LateInteraction) -> None:
    short, none, long = reader.read(["ice", "", "ice " * 2000])
    assert short.dtype == np.int8
    assert short.shape[1] == reader.dims
    assert len(none) == 3  # the marks alone
    assert len(long) == MAX_TOKENS + 3
    lengths = np.linalg.norm(short.astype(np.float32) / 127, axis=1)
    assert np.allclose(lengths, 1.0, atol=0.03)
    assert np.allclose(np.linalg.norm(reader.ask("why"), axis=1), 1.0, atol=1e-5)


def test_a_passage_reads_the_same_beside_any_other(reader: LateInteraction) -> None:
    alone, (_, beside) = reader.read([ANSWER])[0], reader.read([OTHER, ANSWER])
    assert np.array_equal(alone, beside)


def test_the_answer_reads_closer_than_another_passage(reader: LateInteraction) -> None:
    passages = [rows.tobytes() for rows in reader.read([ANSWER, OTHER])]
    when, how = (
        closeness(reader.ask(question), passages)
        for question in ("When is the port full of ice?", "How do I stop crying in the kitchen?")
    )
    assert when[0] > when[1]
    assert how[1] > how[0]


def test_weights_that_are_missing_say_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("EARMARK_MODELS_DIR", str(tmp_path_factory.mktemp("none")))
    get_settings.cache_clear()
    try:
        with pytest.raises(EncoderError, match=r"app\.models install colbert-small"):
            LateInteraction("colbert-small").ask("why")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
