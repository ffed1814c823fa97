import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from app.settings import get_settings


def test_a_folder_that_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["evaluate", str(tmp_path / "none")])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("earmark: ") and "is not a folder" in done.stderr


def test_an_elasticsearch_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "segments.jsonl").write_text(json.dumps({"id": "s", "text": "hello there"}))
    (tmp_path / "queries.jsonl").write_text(json.dumps({"id": "q", "text": "who says hello"}))
    (tmp_path / "qrels.tsv").write_text("q\ts\t1\n")
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://127.0.0.1:1")
    get_settings.cache_clear()
    done = CliRunner().invoke(main, ["evaluate", str(tmp_path)])
    get_settings.cache_clear()
    assert done.exit_code == 1
    assert "Elasticsearch at http://127.0.0.1:1 did not answer" in done.stderr
    assert "scripts/evaluate" in done.stderr
