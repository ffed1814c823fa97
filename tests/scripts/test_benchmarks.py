"""The tables of docs/benchmarks.md are those that the kept raw figures give."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import (
    bench_ann,
    bench_clips,
    bench_ingest,
    bench_onnx,
    bench_recording,
    measure_feed,
    measure_hotwords,
    measure_languages,
    measure_noise,
    measure_sounds,
    measure_speech,
    measure_voice,
)
from scripts.evaluation import ann_chart

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("ingest", bench_ingest.table),
        ("ingest-tiny.en", bench_ingest.table),
        ("speech", measure_feed.table),
        ("voice", measure_voice.table),
        ("transcribers", measure_speech.table),
        ("onnx", bench_onnx.table),
        ("ann", bench_ann.table),
        ("sounds", measure_sounds.table),
        ("languages", measure_languages.table),
        ("recording", bench_recording.table),
        ("clips", bench_clips.table),
        ("noise", measure_noise.table),
        ("hotwords", measure_hotwords.table),
    ],
)
def test_a_table_is_generated(name: str, table: Callable[[Any], str]) -> None:
    figures = json.loads((DOCS / "benchmarks" / f"{name}.json").read_text())
    assert table(figures) in (DOCS / "benchmarks.md").read_text()


def test_the_chart_is_drawn_from_the_figures() -> None:
    figures = json.loads((DOCS / "benchmarks" / "ann.json").read_text())
    assert (DOCS / "images" / "ann.svg").read_text() == ann_chart.chart(figures)
