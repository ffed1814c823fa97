"""Figures as tables: ``python -m scripts.evaluation.tables docs/evaluation/NAME.json``."""

import json
import sys
from pathlib import Path
from typing import Any

from app.evaluation import report
from scripts.evaluation import audio


def tables(figures: dict[str, Any]) -> str:
    """All of a measurement as Markdown, with what it was made on."""
    machine = figures["machine"]
    made = f"{figures['date']}, commit {figures['commit']}, {machine['cores']} cores"
    parts = [f"{made} of {machine['cpu']}.\n"]
    if "conditions" in figures:
        parts.append(report.table(figures))
    parts += [audio.table(each) for each in figures.get("audio", [])]
    return "\n".join(parts)


if __name__ == "__main__":
    print(tables(json.loads(Path(sys.argv[1]).read_text("utf-8"))), end="")
