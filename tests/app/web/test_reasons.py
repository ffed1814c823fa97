"""Sentences of other parts, told in the page's language."""

import ast
import re
from pathlib import Path

import pytest
from flask import Flask

from app.web import create_app, reasons

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app()


def german(app: Flask, sentence: str) -> str:
    with app.test_request_context("/", headers={"Accept-Language": "de"}):
        return reasons.told(sentence)


def test_values_are_kept(app: Flask) -> None:
    said = german(app, "No sound that is known here is near “democracy”.")
    assert "democracy" in said
    assert "sound" not in said.lower()


def test_a_full_stop_stays_one(app: Flask) -> None:
    said = german(app, "https://a.example/f.xml refused the connection.")
    assert said == "https://a.example/f.xml hat die Verbindung abgelehnt."


def test_a_sentence_that_is_not_known_stays(app: Flask) -> None:
    assert german(app, "Shard 3 is on fire") == "Shard 3 is on fire"


@pytest.mark.parametrize("sentence", reasons.SENTENCES)
def test_each_is_a_sentence_that_search_or_workers_make(sentence: str) -> None:
    made = {text for path in sources() for text in strings(path)}
    whole = reasons.SLOT.sub("*", sentence)
    assert whole in made


def sources() -> list[Path]:
    web = ROOT / "app" / "web"
    found = [*(ROOT / "app").rglob("*.py"), *(ROOT / "workers").rglob("*.py")]
    return [path for path in found if web not in path.parents]


def strings(path: Path) -> set[str]:
    """Each text of a module, with a star for each value in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [str(v.value) if isinstance(v, ast.Constant) else "*" for v in node.values]
            found.add("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(re.sub(r"\{\w+\}", "*", node.value))
    return found
