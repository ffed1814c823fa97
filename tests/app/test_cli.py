"""`earmark` against a running Earmark; every failure is one line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from redis import Redis

from app.cli import main
from app.settings import Settings, get_settings
from app.store import get_store
from app.web import create_app
from tests.app.audio.test_landmarks import tones
from tests.app.web import library
from tests.live import forget_workers, live, media, query_worker
from tests.workers.test_clips import wav

TUNE = tones(54.0, seed=5)


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    library.build()
    with live(create_app()) as address:
        yield address


@pytest.fixture(autouse=True)
def no_workers(redis: Redis) -> None:
    forget_workers(redis)


def earmark(*words: str, **env: str) -> Result:
    """Run the command with these variables, and read the settings anew around it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        get_settings.cache_clear()
        result = CliRunner().invoke(main, words)
    get_settings.cache_clear()
    return result


def fails(result: Result) -> str:
    """The one line that a failed command says."""
    assert result.exit_code != 0
    (line,) = result.stderr.strip().splitlines()
    assert result.stdout == ""
    assert "Traceback" not in line
    return line


def test_search_prints_moments(url: str) -> None:
    result = earmark("search", "lighthouse", "log", EARMARK_URL=url)
    assert result.exit_code == 0
    assert "Harbour Stories: Three blasts in the fog" in result.stdout
    as_json = earmark("search", "lighthouse log", "--json", EARMARK_URL=url)
    assert json.loads(as_json.stdout)["hits"][0]["episode"]["id"] == library.FOG


def test_status_shows_each_episode(url: str) -> None:
    result = earmark("status", EARMARK_URL=url)
    assert "The Orchard Hour: 1 of 2 searchable (ok)" in result.stdout
    assert f"{library.COMING}  transcribing 38 %" in result.stdout
    assert "the address answered 404" in result.stdout
    found = json.loads(earmark("status", "--json", EARMARK_URL=url).stdout)
    assert {len(found["feeds"]), len(found["episodes"])} == {3, 5}


def test_feeds_go_out_as_opml(url: str, tmp_path: Path) -> None:
    file = tmp_path / "feeds.opml"
    assert earmark("opml", "export", str(file), EARMARK_URL=url).exit_code == 0
    assert "https://feeds.example/garden.xml" in file.read_text("utf-8")


@pytest.fixture
def hearing(redis: Redis, no_workers: None) -> Iterator[None]:
    """A query worker; one episode is a recording that it can find."""
    library.record(library.FOG, TUNE)
    with query_worker(redis):
        yield


def test_a_clip_says_what_it_was_searched_for(url: str, hearing: None, tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    clip.write_bytes(wav(TUNE[20 * 16_000 : 23 * 16_000]))
    guessed = earmark("clip", str(clip), EARMARK_URL=url)
    assert guessed.exit_code == 0, guessed.stderr
    first, hit, *_ = guessed.stdout.splitlines()
    assert first == "Searched for: recording (the very recording is in the library)"
    assert "0:00:20  Harbour Stories: Three blasts in the fog" in hit
    asked = earmark("clip", str(clip), "--intent", "words", EARMARK_URL=url)
    assert asked.stdout.splitlines() == [
        "Searched for: words (asked for)", "Heard no words.", "Nothing was found."
    ]  # fmt: skip
    as_json = earmark("clip", str(clip), "--intent", "recording", "--json", EARMARK_URL=url)
    assert json.loads(as_json.stdout)["intent"]["asked"] == "recording"


def test_an_intent_that_is_none_is_refused(tmp_path: Path) -> None:
    result = earmark("clip", str(tmp_path / "clip.wav"), "--intent", "tune")
    assert result.exit_code != 0
    assert "'words', 'meaning', 'sound', 'recording', 'voice'" in result.stderr


def test_no_server() -> None:
    line = fails(earmark("search", "x", EARMARK_URL="http://127.0.0.1:9"))
    assert "No Earmark answers at http://127.0.0.1:9" in line


def test_an_address_without_its_scheme() -> None:
    line = fails(earmark("search", "x", EARMARK_URL="earmark.local:8000"))
    assert "should start with http:// or https://" in line


def test_a_wrong_token(url: str) -> None:
    # A process of its own: here, server and command line would share one token.
    run = "from app.cli import main; main()"
    environment = os.environ | {"EARMARK_URL": url, "EARMARK_ADMIN_TOKEN": "wrong"}
    done = subprocess.run(
        [sys.executable, "-c", run, "status"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "earmark: The admin token is wrong: check EARMARK_ADMIN_TOKEN."


def test_no_token(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARMARK_ADMIN_TOKEN")
    assert "set EARMARK_ADMIN_TOKEN" in fails(earmark("status", EARMARK_URL=url))


def test_no_worker(url: str) -> None:
    line = fails(earmark("add", "https://feeds.example/new.xml", EARMARK_URL=url))
    assert "worker-feeds" in line


def test_files_that_are_no_good(url: str, tmp_path: Path) -> None:
    missing = fails(earmark("clip", str(tmp_path / "none.wav"), EARMARK_URL=url))
    assert "cannot be read" in missing
    text = tmp_path / "notes.opml"
    text.write_text("not xml")
    assert "notes.opml" in fails(earmark("opml", "import", str(text), EARMARK_URL=url))


def test_something_else_at_the_address(tmp_path: Path) -> None:
    with live(media(tmp_path)) as address:
        assert "is not Earmark" in fails(earmark("search", "x", EARMARK_URL=address))


def test_a_password_is_set(url: str) -> None:
    typed = "correct horse battery\n" * 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARMARK_URL", url)
        get_settings.cache_clear()
        result = CliRunner().invoke(main, ["admin", "password"], input=typed)
    get_settings.cache_clear()
    get_store().remove("admin/password.json")
    assert result.exit_code == 0, result.output
    assert "The password is set" in result.output
    assert "correct horse" not in result.output
