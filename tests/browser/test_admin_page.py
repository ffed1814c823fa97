"""Signing in, and what an admin sees and does."""

import pytest
from playwright.sync_api import Page, expect

from app.catalog import get_catalog
from app.domain import EpisodeStatus
from tests.app.web import library

pytestmark = pytest.mark.browser


def sign_in(page: Page, base_url: str, *given: str) -> None:
    page.goto(f"{base_url}/admin")
    page.get_by_label("Admin token").fill(*given or ("test-token",))
    page.get_by_role("button", name="Sign in").click()


def test_a_wrong_token_is_refused(page: Page, base_url: str) -> None:
    sign_in(page, base_url, "wrong")
    expect(page.get_by_role("alert")).to_have_text(
        "That is neither the password nor the admin token."
    )


def test_an_episode_is_seen_moving(page: Page, base_url: str) -> None:
    sign_in(page, base_url)
    row = page.locator(".episodes li", has_text="The ferry")
    expect(row).to_contain_text("transcribing")
    expect(row).to_contain_text("11:40 of 31:00")
    get_catalog().update_episode(library.COMING, wait=True, status=EpisodeStatus.INDEXED)
    expect(row).to_contain_text("searchable", timeout=10_000)


def test_troubles_are_told_plainly(page: Page, base_url: str) -> None:
    sign_in(page, base_url)
    expect(page.locator("#live")).to_contain_text("The address answered 503")
    expect(page.locator("#live")).to_contain_text("worker-query has sent no sign of life")
    page.get_by_label("Feed address").fill("https://feeds.example/new.xml")
    page.get_by_role("button", name="Add feed").click()
    expect(page.get_by_role("alert")).to_contain_text("start worker-feeds")
    expect(page.get_by_label("Feed address")).to_have_value("https://feeds.example/new.xml")


def test_removing_asks_first(page: Page, base_url: str) -> None:
    sign_in(page, base_url)
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Remove: The one about wasps").click()
    expect(page.locator(".episodes")).to_contain_text("wasps")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove: The one about wasps").click()
    expect(page.get_by_role("status").first).to_have_text("The episode is removed for good.")
    expect(page.locator(".episodes")).not_to_contain_text("wasps")


def test_a_feed_is_paused_and_goes_on(page: Page, base_url: str) -> None:
    sign_in(page, base_url)
    page.get_by_role("button", name="Pause: Harbour Stories").click()
    expect(page.locator(".feeds li", has_text="Harbour")).to_contain_text("paused")
    page.get_by_role("button", name="Resume: Harbour Stories").click()
    expect(page.locator(".feeds li", has_text="Harbour")).to_contain_text("healthy")


def test_an_act_leaves_the_reader_in_place(page: Page, base_url: str) -> None:
    sign_in(page, base_url)
    page.get_by_role("link", name="Harbour Stories").click()
    page.wait_for_url("**/admin?feed=*")  # and its scripts
    button = page.get_by_role("button", name="Check now: Harbour Stories")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("The feed is being checked now.")
    expect(button).to_be_focused()
    assert f"feed={library.HARBOUR}" in page.url


def test_signing_out_closes_the_door(page: Page, base_url: str) -> None:
    sign_in(page, base_url)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.goto(f"{base_url}/admin")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
