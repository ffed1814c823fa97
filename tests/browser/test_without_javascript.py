"""Typing, reading, playing and signing in need no JavaScript."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.app.web import library

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page(java_script_enabled=False)


def test_a_word_is_typed_and_heard(page: Page, base_url: str) -> None:
    page.goto(base_url)
    page.get_by_role("searchbox", name="Search").fill("pruned")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_have_text("pruned")
    page.locator("a.moment").first.click()
    assert f"/episodes/{library.APPLES}?t=" in page.url
    expect(page.get_by_text("An apple tree should be pruned in late winter")).to_be_visible()
    audio = page.locator("audio[controls]")
    expect(audio).to_be_visible()
    audio.focus()
    page.keyboard.press("Space")
    expect(audio).to_have_js_property("paused", False)
    began = audio.evaluate("audio => audio.currentTime")
    assert began >= 20, "it begins where the word is said"
    expect(audio).not_to_have_js_property("currentTime", began)


def test_what_cannot_work_is_not_offered(page: Page, base_url: str) -> None:
    page.goto(base_url)
    expect(page.locator("#mic")).to_be_hidden()
    page.goto(f"{base_url}/?q=pruned")
    expect(page.get_by_role("region", name="Player")).to_be_hidden()


def test_filters_apply_and_are_cleared(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/?q=lighthouse&language=de&w_meaning=0")
    page.get_by_role("link", name="Search without the filters").click()
    expect(page.get_by_text("My grandmother kept the").first).to_be_visible()


def test_the_language_is_chosen(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/admin/sign-in")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_admin_signs_in(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/admin")
    page.get_by_label("Admin token").fill("test-token")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.get_by_text("Harbour Stories").first).to_be_visible()
