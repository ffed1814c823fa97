"""From a question to a playing second."""

import pytest
from playwright.sync_api import Page, expect

from tests.app.web import library

pytestmark = pytest.mark.browser

PLAYS = """() => {
  const audio = document.querySelector("#player audio");
  return !audio.paused && audio.currentTime;
}"""


def test_a_click_plays_the_moment(page: Page, base_url: str) -> None:
    page.goto(base_url)
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    page.keyboard.type("pruned in late winter")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_be_visible()
    page.wait_for_load_state()  # a click before the modules are there follows the link
    moment = page.locator("a[data-play]").first
    at_s = float(moment.get_attribute("data-at"))
    moment.click()
    page.wait_for_function(f"() => ({PLAYS})() >= {at_s}")
    assert page.evaluate(PLAYS) < at_s + 10
    expect(page.get_by_role("region", name="Player")).to_contain_text("Winter work")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    moment.click()
    page.wait_for_function(PLAYS)
    moment.click()
    page.wait_for_function("() => document.querySelector('#player audio').paused")


def test_the_address_holds_the_whole_search(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/?q=pruned+lighthouse")
    expect(page.locator(".group")).to_have_count(2)
    page.get_by_text("Filters").click()
    page.get_by_label("Show").select_option(label="Harbour Stories")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".group")).to_have_count(1)
    assert f"show={library.HARBOUR}" in page.url
    page.go_back()
    expect(page.locator(".group")).to_have_count(2)


def test_nothing_found_says_what_to_loosen(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/?q=lighthouse&language=de&w_meaning=0")
    expect(page.get_by_role("heading", name="Nothing was found")).to_be_visible()
    page.get_by_role("link", name="Search without the filters").click()
    expect(page.locator(".group")).not_to_have_count(0)


def test_tips_open_and_what_was_relaxed_is_said(page: Page, base_url: str) -> None:
    page.goto(f'{base_url}/?q="purple lighthouse"')
    expect(page.get_by_text("No one says exactly “purple lighthouse”")).to_be_visible()
    expect(page.locator(".group")).not_to_have_count(0)
    page.get_by_text("Search tips").click()
    expect(page.get_by_text("said exactly so")).to_be_visible()


def test_a_word_that_names_no_sound_is_told(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/?q=pruned+sound:democracy")
    expect(page.get_by_text("near “democracy”")).to_be_visible()
    expect(page.locator(".tips")).to_contain_text("sound:applause")


def test_a_filter_that_cannot_be_read_says_so(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/?q=lighthouse&since=soon")
    expect(page.get_by_role("alert")).to_contain_text("The first date in this address")
    page.get_by_role("link", name="Search without filters").click()
    expect(page.locator(".group")).not_to_have_count(0)


def test_a_show_is_one_click_from_being_the_filter(page: Page, base_url: str) -> None:
    page.goto(base_url)
    page.get_by_role("link", name="Harbour Stories").click()
    page.wait_for_url("**/?show=*")
    page.get_by_role("searchbox", name="Search").fill("pruned lighthouse")
    page.keyboard.press("Enter")
    expect(page.locator(".group")).to_have_count(1)


def test_a_page_that_is_not_there(page: Page, base_url: str) -> None:
    answer = page.goto(f"{base_url}/episodes/none")
    assert answer.status == 404
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
