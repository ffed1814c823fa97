"""Debian's chromium before the running application.

``base_url`` is the application over a small library, without workers; ``platform`` is a whole
Earmark, for what needs them.
"""

import os
import shutil
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from app.settings import Settings
from app.web import create_app
from scripts.local import packages
from tests.app.web import library
from tests.live import forget_workers, live, media

RATE_HZ, AUDIO_S = 8000, 110


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.fail("Browser tests need Debian's package chromium: apt-get install chromium")
    return path


@pytest.fixture(scope="session")
def launch(chromium_path: str) -> Iterator[Callable[..., Browser]]:
    """Starts a chromium with more switches."""
    with sync_playwright() as playwright:

        def start(*switches: str) -> Browser:
            args = ["--no-sandbox", *switches]
            return playwright.chromium.launch(executable_path=chromium_path, args=args)

        yield start


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    running = launch("--autoplay-policy=no-user-gesture-required")
    yield running
    running.close()


@pytest.fixture(scope="module")
def base_url(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The application over the library, whose audio a second server holds."""
    packages.install()
    folder = tmp_path_factory.mktemp("media")
    for guid in ("apples", "fog", "brot"):
        tone(folder / f"{guid}.wav")
    with live(media(folder)) as publisher, live(create_app()) as address:
        library.build(publisher + "/{}.wav")
        yield address


@pytest.fixture(autouse=True)
def no_workers(request: pytest.FixtureRequest) -> None:
    if "base_url" in request.fixturenames:
        forget_workers(request.getfixturevalue("redis"))


def tone(path: Path) -> None:
    samples = (3000 * np.sin(np.arange(RATE_HZ * AUDIO_S) * 0.2)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages; whatever a console or the content policy complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def new(**options: object) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        return page

    yield new
    for context in contexts:
        context.close()
    assert not [text for text in complaints if "Failed to load resource" not in text]


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()
