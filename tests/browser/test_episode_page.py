"""Reading along, moving about, and a player that goes on while pages change."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from app.artefacts import EpisodeArtefacts
from app.store import get_store
from tests.app.web import library

pytestmark = pytest.mark.browser

EPISODE = f"/episodes/{library.APPLES}"
PLAYS = "() => !document.querySelector('#player audio').paused"
STOPPED = "() => document.querySelector('#player audio').paused"
NOW = "() => document.querySelector('#player audio').currentTime"
# What a highlight of this name covers.
LIT = "(name) => [...(CSS.highlights.get(name) ?? [])].map((range) => range.toString())"


def now(page: Page) -> float:
    return float(page.evaluate(NOW))


def wait_until(page: Page, condition: str) -> None:
    """Until it holds of ``now``, the second that the player is at."""
    page.wait_for_function(f"() => {{ const now = ({NOW})(); return {condition}; }}")


def at(page: Page, place: str) -> None:
    """The player shows this place."""
    expect(page.locator(".player-at")).to_have_text(place)


def click_word(page: Page, line: str, word: str) -> None:
    """As a hand would: in the middle of the word."""
    text = page.locator(".line .text", has_text=line)
    text.scroll_into_view_if_needed()
    place = text.evaluate(
        """(text, word) => {
          const range = document.createRange();
          const from = text.textContent.indexOf(word);
          range.setStart(text.firstChild, from);
          range.setEnd(text.firstChild, from + word.length);
          const { x, y, width, height } = range.getBoundingClientRect();
          return [x + width / 2, y + height / 2];
        }""",
        word,
    )
    page.mouse.click(*place)


def open_episode(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("region", name="Player")).to_be_visible()
    page.wait_for_load_state("networkidle")


def test_it_is_ready_at_the_moment_and_never_plays_by_itself(page: Page, base_url: str) -> None:
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    for address in ("?t=22", "?t=22s", "?t=0:22", "#t=22", "?t=3#t=22,30"):
        page.goto("about:blank")  # else the same page with another fragment is no load
        open_episode(page, base_url + EPISODE + address)
        at(page, "0:22")
        assert page.evaluate(STOPPED)
    assert not [url for url in fetched if url.endswith(".wav")], "nor is audio fetched"
    page.get_by_role("button", name="Play from 0:22").click()
    wait_until(page, "now > 22.2 && now < 30")


def test_words_light_up_as_they_play_and_a_click_goes_there(page: Page, base_url: str) -> None:
    open_episode(page, base_url + EPISODE)
    click_word(page, "Cut the crossing", "branches")
    wait_until(page, "now > 37")
    assert now(page) < 41
    said = library.SAID[library.APPLES][2].split()
    page.wait_for_function(f"(lit) => ({LIT})('now').some((word) => word === lit)", arg=said[4])
    expect(page.locator(".line.is-here")).to_contain_text("Cut the crossing")
    page.get_by_role("link", name="Pruning").click()
    wait_until(page, "now >= 18 && now < 30")
    assert page.url.endswith("?t=18.0")


def test_a_stretch_is_played_and_then_it_stops(page: Page, base_url: str) -> None:
    open_episode(page, f"{base_url}{EPISODE}?t=20,21.5")
    page.get_by_role("button", name="Play from").click()
    page.wait_for_function(PLAYS)
    page.wait_for_function(STOPPED)
    assert now(page) == pytest.approx(21.5, abs=0.5)
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until(page, "now > 22.5")


def test_the_player_goes_on_while_the_listener_searches(page: Page, base_url: str) -> None:
    open_episode(page, f"{base_url}{EPISODE}?t=10")
    page.get_by_role("button", name="Play from 0:10").click()
    page.wait_for_function(PLAYS)
    page.evaluate("document.querySelector('#player audio').dataset.same = 'yes'")
    page.get_by_role("searchbox", name="Search", exact=True).fill("lighthouse")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_be_visible()
    assert page.url == f"{base_url}/?q=lighthouse"
    heard = now(page)
    wait_until(page, f"now > {heard + 0.5}")
    page.get_by_role("link", name="Three blasts in the fog").click()
    expect(page.get_by_role("heading", name="Three blasts in the fog")).to_be_visible()
    expect(page.locator("#player")).to_contain_text("Winter work")
    expect(page).to_have_url(re.compile("/episodes/"))  # the browser may learn of it a bit later
    page.go_back()
    expect(page.locator("mark").first).to_be_visible()
    page.locator(".player-title").click()
    expect(page.get_by_role("heading", name="Winter work among the apple trees")).to_be_visible()
    expect(page).to_have_url(re.compile("/episodes/"))
    expect(page.get_by_role("button", name="Pause")).to_have_count(2)
    assert page.evaluate(PLAYS)
    assert page.evaluate("document.querySelector('#player audio').dataset.same") == "yes"
    assert heard < now(page) < heard + 60
    page.go_back()
    page.locator("a[data-play]").first.click()
    page.locator(".player-title", has_text="Three blasts").click()
    expect(page.get_by_role("heading", name="Three blasts in the fog")).to_be_visible()
    assert page.evaluate(PLAYS)


def test_moments_that_were_found_are_marked_on_the_seek_bar(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/?q=the")
    page.wait_for_load_state("networkidle")
    group = page.locator(".group", has_text="Winter work")
    moments = group.locator("a[data-play]").count()
    group.locator("a[data-play]").first.click()
    page.wait_for_function(PLAYS)
    hits = page.locator(".ticks .hit")
    expect(hits).to_have_count(moments)
    expect(page.locator(".ticks .chapter")).to_have_count(1)  # the first one begins at 0
    group.get_by_role("link", name="Winter work").click()
    expect(page.get_by_role("heading", name="Winter work")).to_be_visible()
    expect(hits).to_have_count(moments)


def test_the_waveform_is_drawn_where_there_is_one(page: Page, base_url: str) -> None:
    path = page.locator(".wave path")
    open_episode(page, base_url + f"/episodes/{library.FOG}")
    expect(path).to_have_attribute("d", "M0 50H1000")
    peaks = np.tile(np.array([20, 250], np.uint8), 500)
    EpisodeArtefacts(get_store(), library.APPLES).save_peaks(peaks)
    open_episode(page, base_url + EPISODE)
    page.wait_for_function(
        "() => document.querySelector('.wave path').getAttribute('d').split('M').length > 40"
    )


def test_the_keyboard_moves_the_player_but_not_while_someone_types(
    page: Page, base_url: str
) -> None:
    open_episode(page, f"{base_url}{EPISODE}?t=30")
    for key, place in [("l", "0:40"), ("j", "0:30"), ("ArrowLeft", "0:25"), ("ArrowRight", "0:30")]:
        page.keyboard.press(key)
        at(page, place)
    page.keyboard.press("k")
    page.wait_for_function(PLAYS)
    page.keyboard.press("Space")
    page.wait_for_function(STOPPED)
    page.keyboard.press("5")
    at(page, "0:55")  # of the 110 s that the file has
    page.keyboard.press(">")
    expect(page.get_by_label("Speed")).to_have_value("1.25")
    page.get_by_role("searchbox", name="Find in this transcript").press_sequentially("k 5 l?")
    at(page, "0:55")
    assert page.evaluate(STOPPED)
    page.get_by_role("button", name="Back 10 seconds").press("Space")
    at(page, "0:45")
    assert page.evaluate(STOPPED), "space pressed the button and nothing else"


def test_help_lists_the_keys_and_can_switch_them_off(page: Page, base_url: str) -> None:
    open_episode(page, f"{base_url}{EPISODE}?t=30")
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help_).to_be_visible()
    page.keyboard.press("l")
    help_.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    page.keyboard.press("l")
    at(page, "0:30")
    page.reload()
    page.keyboard.press("l")
    at(page, "0:30")


def test_find_steps_through_the_transcript_and_leaves_the_player(page: Page, base_url: str) -> None:
    said = " ".join(library.SAID[library.APPLES]).lower().count("the")
    open_episode(page, f"{base_url}{EPISODE}?t=30")
    box = page.get_by_role("searchbox", name="Find in this transcript")
    says = page.locator(".find output")
    box.fill("THE")
    expect(says).to_have_text(f"{said} found")
    assert len(page.evaluate(LIT, "found")) == said
    box.press("Enter")
    expect(says).to_have_text(f"1 of {said}")
    page.get_by_role("button", name="Next").click()
    expect(says).to_have_text(f"2 of {said}")
    page.get_by_role("button", name="Previous").click()
    page.get_by_role("button", name="Previous").click()
    expect(says).to_have_text(f"{said} of {said}")
    assert [word.lower() for word in page.evaluate(LIT, "found-here")] == ["the"]
    expect(page.locator(".ticks .found")).not_to_have_count(0)
    at(page, "0:30")
    box.fill("wasps")
    expect(says).to_have_text("not found")
    box.press("Escape")
    expect(says).to_have_text("")
    assert page.evaluate(LIT, "found") == []


def test_it_follows_until_the_listener_scrolls_and_again_when_asked(
    open_page: Callable[..., Page], base_url: str
) -> None:
    page = open_page(viewport={"width": 390, "height": 500}, reduced_motion="reduce")
    open_episode(page, base_url + EPISODE)
    again = page.get_by_role("button", name="Follow along")
    in_view = """() => {
      const place = document.querySelector(".line.is-here").getBoundingClientRect();
      return place.bottom > 0 && place.top < innerHeight * 0.7;
    }"""
    click_word(page, "If you keep bees", "clover")
    page.wait_for_function(in_view)
    expect(again).to_be_hidden()
    page.mouse.move(200, 200)
    page.mouse.wheel(0, -3000)
    page.wait_for_function("() => scrollY === 0")
    expect(again).to_be_visible()
    heard = now(page)
    wait_until(page, f"now > {heard + 1.2}")
    assert page.evaluate("scrollY") == 0
    again.click()
    page.wait_for_function(in_view)
    expect(again).to_be_hidden()


def test_the_place_and_the_speed_are_remembered(page: Page, base_url: str) -> None:
    open_episode(page, f"{base_url}{EPISODE}?t=50")
    page.get_by_label("Speed").select_option("3")
    page.get_by_role("button", name="Play from 0:50").click()
    wait_until(page, "now > 53")
    page.get_by_role("button", name="Pause").last.click()
    page.goto(base_url)
    open_episode(page, base_url + EPISODE)
    expect(page.get_by_role("button", name="Play from 0:5")).to_be_visible()
    expect(page.get_by_label("Speed")).to_have_value("3")
    assert page.evaluate(STOPPED)
    open_episode(page, base_url + f"/episodes/{library.FOG}")
    at(page, "0:00")


def test_a_link_finds_its_words_again(page: Page, base_url: str) -> None:
    open_episode(page, f"{base_url}{EPISODE}?t=4&text=Grafting+is+older+than+writing")
    at(page, "1:12")
    expect(page.get_by_text("were at 0:04 when the link was made")).to_be_visible()


def test_a_headset_and_a_lock_screen_know_what_plays(page: Page, base_url: str) -> None:
    page.add_init_script(
        """const { mediaSession } = navigator;
        const known = mediaSession.setActionHandler.bind(mediaSession);
        window.acts = {};
        mediaSession.setActionHandler = (name, act) => { acts[name] = act; known(name, act); };"""
    )
    open_episode(page, f"{base_url}{EPISODE}?t=30")
    said = page.evaluate(
        "[navigator.mediaSession.metadata.title, navigator.mediaSession.metadata.artist]"
    )
    assert said == ["Winter work among the apple trees", "The Orchard Hour"]
    page.evaluate("acts.seekforward({})")
    at(page, "1:00")
    page.evaluate("acts.previoustrack()")
    at(page, "0:18")
    page.evaluate("acts.seekto({ seekTime: 12 })")
    at(page, "0:12")


def test_audio_that_is_gone_is_told(page: Page, base_url: str) -> None:
    page.route("**/*.wav", lambda route: route.fulfill(status=404))
    open_episode(page, base_url + EPISODE)
    page.get_by_role("button", name="Play", exact=True).first.click()
    told = page.locator("#player").get_by_role("alert")
    expect(told).to_have_text("The publisher’s audio could not be loaded.")


def test_a_page_that_is_not_there_is_shown_and_the_player_goes_on(
    page: Page, base_url: str
) -> None:
    open_episode(page, f"{base_url}{EPISODE}?t=10")
    page.get_by_role("button", name="Play from 0:10").click()
    page.wait_for_function(PLAYS)
    missing = f"{base_url}/episodes/none"
    page.route(f"{base_url}/", lambda route: route.fulfill(response=route.fetch(url=missing)))
    page.locator(".brand").click()
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    page.unroute_all()
    page.locator(".brand").click()
    expect(page.get_by_role("heading", name="Find the moment")).to_be_visible()
    assert page.evaluate(PLAYS)
