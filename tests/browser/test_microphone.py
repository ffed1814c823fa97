"""The microphone button, with a recording in the microphone's place."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import tone

pytestmark = pytest.mark.browser

LONG_MS = 90_000  # a busy machine may take its time to hear a clip


@pytest.fixture
def listening(launch: Callable[..., Browser], tmp_path: Path) -> Iterator[Page]:
    """A page whose microphone hears EARMARK_TEST_WAV (which says EARMARK_TEST_WORD), or a tone."""
    recording = Path(os.environ.get("EARMARK_TEST_WAV", tmp_path / "tone.wav"))
    if not recording.exists():
        tone(recording)
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


def test_a_browser_without_a_microphone_says_why(page: Page, base_url: str) -> None:
    page.add_init_script("delete Navigator.prototype.mediaDevices")
    page.goto(base_url)
    page.get_by_role("button", name="Search with your voice").click()
    expect(page.locator(".voice-says")).to_contain_text("cannot record")


def test_a_spoken_question_is_heard_and_answered(listening: Page, platform_url: str) -> None:
    record(listening, platform_url, 6)
    expect(listening.locator(".heard q")).to_be_visible(timeout=LONG_MS)
    heard = listening.locator(".heard q").inner_text()
    assert os.environ.get("EARMARK_TEST_WORD", "").lower() in heard.lower()
    expect(listening.get_by_role("searchbox", name="Search")).to_have_value(heard)
    expect(listening.locator(".group").first).to_be_visible()
