"""The command line against the whole Earmark."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.end_to_end.conftest import Api
from tests.scripts.local.copies import Copy


def earmark(copy: Copy, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"EARMARK_URL": copy.url, "EARMARK_ADMIN_TOKEN": copy.token}
    command = [str(Path(sys.executable).with_name("earmark")), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def answer(copy: Copy, *arguments: str) -> Any:
    done = earmark(copy, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_search_and_status_as_json(platform: Copy, demo: Path) -> None:
    assert answer(platform, "search", "Maillard", "--json")["hits"]
    status = answer(platform, "status", "--json")
    assert "indexed" in json.dumps(status)


def test_a_clip_cut_from_an_episode_finds_it(platform: Copy, demo: Path) -> None:
    found = answer(platform, "clip", str(next(demo.glob("*/come-here.flac"))), "--json")
    assert found["hits"][0]["episode"]["title"] == "Come Here"
    assert "telephone" in found["heard"]["text"].lower()


def test_a_feed_that_is_none_is_refused_with_the_reason(platform: Copy, api: Api) -> None:
    done = earmark(platform, "add", f"{platform.url}/livez")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) == 1


def test_subscriptions_go_out_and_come_back_in(platform: Copy, demo: Path, tmp_path: Path) -> None:
    file = tmp_path / "feeds.opml"
    assert earmark(platform, "opml", "export", str(file)).returncode == 0
    assert file.read_text().count("xmlUrl") >= 3
    assert earmark(platform, "opml", "import", str(file)).returncode == 0
