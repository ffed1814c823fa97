"""The microphone button, with a recording in the microphone's place."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import tone
from tests.end_to_end.conftest import Api, wait_until
from tests.scripts.local.copies import Copy

pytestmark = pytest.mark.browser

LONG_MS = 90_000  # a busy machine may take its time to hear a clip


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """What the microphone hears: a tone."""
    tone(tmp_path / "tone.wav")
    return tmp_path / "tone.wav"


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """What the microphone hears: a question, spoken."""
    spoken = tmp_path / "question.wav"
    command = [sys.executable, "-m", "scripts.demo", "speak", "What did Alexander Graham Bell say?"]
    subprocess.run([*command, "--voice", "bf_emma", "--out", str(spoken)], check=True)
    return spoken


@pytest.fixture
def listening(launch: Callable[..., Browser], recording: Path) -> Iterator[Page]:
    """A page whose microphone hears the recording."""
    yield from microphone_page(launch, recording)


@pytest.fixture
def asking(launch: Callable[..., Browser], question: Path) -> Iterator[Page]:
    """A page whose microphone hears the question."""
    yield from microphone_page(launch, question)


def microphone_page(launch: Callable[..., Browser], recording: Path) -> Iterator[Page]:
    browser = launch(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={recording}",
    )
    yield browser.new_context(permissions=["microphone"]).new_page()
    browser.close()


def record(page: Page, url: str, seconds: int) -> None:
    page.goto(url)
    page.get_by_role("button", name="Search with your voice").click()
    expect(page.locator(".voice-live")).to_be_visible()
    expect(page.locator(".voice-time")).to_have_text(f"0:{seconds:02}", timeout=30_000)
    page.get_by_role("button", name="Stop and search", exact=True).last.click()


def test_a_recording_without_a_worker_says_what_is_missing(listening: Page, base_url: str) -> None:
    record(listening, base_url, 1)
    expect(listening.locator(".voice-says")).to_contain_text("start worker-query")
    expect(listening.get_by_text("Choose a recording")).to_be_visible()


def test_a_discarded_recording_is_not_sent(listening: Page, base_url: str) -> None:
    sent: list[str] = []
    listening.on("request", lambda request: sent.append(request.url))
    listening.goto(base_url)
    listening.get_by_role("button", name="Search with your voice").click()
    listening.get_by_role("button", name="Discard").click()
    expect(listening.locator("#voice")).to_be_hidden()
    assert not [url for url in sent if url.endswith("/clip")]


def test_a_chosen_file_lets_go_of_the_microphone(
    listening: Page, base_url: str, tmp_path: Path
) -> None:
    tone(tmp_path / "chosen.wav")
    listening.goto(base_url)
    listening.get_by_role("button", name="Search with your voice").click()
    expect(listening.locator(".voice-live")).to_be_visible()
    listening.locator(".voice-file input").set_input_files(tmp_path / "chosen.wav")
    expect(listening.locator(".voice-says")).to_contain_text("start worker-query")
    expect(listening.locator(".voice-live")).to_be_hidden()
    expect(listening.get_by_role("button", name="Search with your voice")).to_be_enabled()


def test_a_browser_without_a_microphone_says_why(page: Page, base_url: str) -> None:
    page.add_init_script("delete Navigator.prototype.mediaDevices")
    page.goto(base_url)
    page.get_by_role("button", name="Search with your voice").click()
    expect(page.locator(".voice-says")).to_contain_text("cannot record")


@pytest.mark.slow
def test_a_spoken_question_is_heard_and_answered(asking: Page, platform: Copy) -> None:
    wait_until(lambda: Api(platform).search("Graham Bell") or None)
    record(asking, platform.url, 5)
    expect(asking.get_by_label("Heard in English")).to_be_visible(timeout=LONG_MS)
    heard = asking.get_by_label("Heard in English").input_value()
    assert "alexander" in heard.lower()
    expect(asking.get_by_role("searchbox", name="Search")).to_have_value(heard)
    expect(asking.locator(".group").first).to_be_visible()
