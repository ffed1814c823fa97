"""One clip, asked for several things, heard by a real query worker."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from redis import Redis

from tests.app.audio.test_landmarks import tones
from tests.app.web import library
from tests.browser.test_microphone import LONG_MS, microphone_page
from tests.live import query_worker
from tests.spoken import speak
from tests.workers.test_clips import wav

pytestmark = pytest.mark.browser

TUNE = tones(54.0, seed=5)


@pytest.fixture(scope="module")
def hearing(base_url: str, redis: Redis) -> Iterator[str]:
    """The application's address; a tune is the recording of one of its episodes."""
    library.record(library.FOG, TUNE)
    with query_worker(redis):
        yield base_url


@pytest.fixture(autouse=True)
def no_workers() -> None:
    """The one worker stays."""


@pytest.fixture
def listening(launch: Callable[..., Browser], tmp_path: Path) -> Iterator[Page]:
    """A page whose microphone hears the tune."""
    (tmp_path / "tune.wav").write_bytes(wav(TUNE))
    yield from microphone_page(launch, tmp_path / "tune.wav")


def test_the_tune_that_is_heard_is_found_and_asked_again(listening: Page, hearing: str) -> None:
    page, sent = listening, []
    page.on("request", lambda request: sent.append(request.method))
    page.goto(hearing)
    page.get_by_role("button", name="Search with your voice").click()
    guess = page.get_by_role("radio", name="Find out what it is")
    expect(guess).to_be_checked()
    for _ in range(4):
        page.locator(".intents :checked").press("ArrowRight")
    expect(page.get_by_role("radio", name="This very recording")).to_be_checked()
    expect(page.locator(".voice-time")).to_have_text("0:04", timeout=30_000)
    page.get_by_role("button", name="Stop and search", exact=True).last.click()
    about = page.get_by_role("region", name="About the recording")
    expect(about).to_contain_text("this very recording, as you chose", timeout=LONG_MS)
    expect(page.locator(".chip").first).to_contain_text("same recording")
    expect(page.locator(".moment time").first).to_have_text(re.compile(r"^0:\d\d\.\d$"))
    page.evaluate("delete Navigator.prototype.mediaDevices")  # nothing more can be recorded
    page.get_by_role("button", name="What is said", exact=True).click()
    expect(about).to_contain_text("what is said, as you chose", timeout=LONG_MS)
    expect(page.get_by_role("heading", name="No words were heard")).to_be_visible()
    expect(page.locator("#voice")).to_be_hidden()
    page.get_by_role("button", name="This very recording", exact=True).click()
    expect(page.locator(".chip").first).to_contain_text("same recording", timeout=LONG_MS)
    assert sent.count("POST") == 3


def test_what_was_misheard_is_corrected_in_place(page: Page, hearing: str, tmp_path: Path) -> None:
    spoken = speak("When should an apple tree be pruned?", tmp_path / "question.wav")
    page.goto(f"{hearing}/?q=fog&language=en")
    page.get_by_role("button", name="Search with your voice").click()
    page.locator(".voice-file input").set_input_files(spoken)
    about = page.get_by_role("region", name="About the recording")
    expect(about).to_contain_text("because someone speaks in it", timeout=LONG_MS)
    heard = page.get_by_label("Heard in English")
    expect(heard).to_have_value("When should an apple tree be pruned?")
    search = page.get_by_role("searchbox", name="Search")
    expect(search).to_have_value("When should an apple tree be pruned?")
    heard.fill("lighthouse log")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?*q=lighthouse*")
    assert "language=en" in page.url
    expect(search).to_have_value("lighthouse log")
    expect(page.locator("mark").first).to_have_text("lighthouse")


def test_the_panel_fits_a_phone(open_page: Callable[..., Page], base_url: str) -> None:
    page = open_page(viewport={"width": 320, "height": 640})
    page.add_init_script("delete Navigator.prototype.mediaDevices")
    page.goto(base_url)
    page.get_by_role("button", name="Search with your voice").click()
    expect(page.get_by_role("radio", name="Who speaks")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
