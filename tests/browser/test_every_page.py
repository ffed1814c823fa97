"""What holds of every page: a new one joins by a line in ``PAGES``."""

import gzip
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from scripts.local import packages
from tests.app.web import library

pytestmark = pytest.mark.browser

PAGES = {
    "home": "/",
    "results": "/?q=pruned+lighthouse",
    "nothing found": "/?q=lighthouse&language=de&w_meaning=0",
    "bad filter": "/?q=lighthouse&since=soon",
    "episode": f"/episodes/{library.APPLES}?t=22",
    "not found": "/nowhere",
    "sign-in": "/admin/sign-in",
    "admin": "/admin",
    "docs": "/docs",
}
FOR_ADMINS = {"admin"}
FIRST_PAGE_BYTES = 100_000
SHIFT = 0.05
WINDOWS = ((320, "en"), (320, "de"), (390, "en"), (820, "en"), (1280, "en"))


def play(page: Page) -> None:
    page.locator("a[data-play]").first.click()
    expect(page.get_by_role("region", name="Player")).to_be_visible()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()


def unfold(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()


def offer_the_microphone(page: Page) -> None:
    page.get_by_role("button", name="Search with your voice or a sound").click()
    expect(page.get_by_text("Choose a recording", exact=True)).to_be_visible()


def try_the_api_out(page: Page) -> None:
    page.get_by_role("button", name="get /api/v1/feeds", exact=True).click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text("needs the admin token")


STATES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "playing": ("results", play),
    "filters and tips": ("home", unfold),
    "voice": ("home", offer_the_microphone),
    "api": ("docs", try_the_api_out),
}

every_page = pytest.mark.parametrize("name", PAGES)

WATCH = """
window.seen = { policy: [], shifts: [] };
document.addEventListener("securitypolicyviolation", (event) =>
    window.seen.policy.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) {
        const moved = shift.sources.map((source) => source.node?.outerHTML?.slice(0, 120));
        if (!shift.hadRecentInput) window.seen.shifts.push([shift.value, moved.join(" | ")]);
    }
}).observe({ type: "layout-shift", buffered: true });
"""
# Back to where a reader begins, wherever the page has put the focus.
BEGIN = """
() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
}
"""
CONTROLS = ":is(a[href], button:enabled):not([tabindex='-1']):visible"
FOCUSED = """
() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const box = element.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height / 2, innerHeight / 2)];
    const rings = (one) => {
        const style = getComputedStyle(one);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    };
    const around = [element, element.parentElement, element.parentElement?.parentElement];
    const label = element.labels?.[0];
    const shown = box.width < 4 && label ? label : element;
    const hit = document.elementFromPoint(x, y);
    return {
        html: element.outerHTML.slice(0, 160),
        ringed: [...around, label].some((one) => one && rings(one)),
        inside: x >= 0 && y >= 0 && x <= innerWidth && y <= innerHeight,
        free: Boolean(hit) && (shown.contains(hit) || hit.contains(element)),
    };
}
"""


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    folder = packages.install(dev=True) / "node_modules" / "axe-core"
    return (folder / "axe.min.js").read_text("utf-8")


@pytest.fixture
def visit(open_page: Callable[..., Page], base_url: str) -> Callable[..., Page]:
    """Opens one of the pages, signed in where it needs that, and waits until it is at rest."""

    def go(name: str, **options: object) -> Page:
        page = open_page(**options)
        page.add_init_script(WATCH)
        if name in FOR_ADMINS:
            page.goto(f"{base_url}/admin")
            page.locator("input[type=password]").fill("test-token")
            page.keyboard.press("Enter")
            page.wait_for_url(f"{base_url}/admin")
        page.goto(base_url + PAGES[name], wait_until="load")
        if name == "docs":
            page.locator(".opblock").first.wait_for()
        return page

    return go


def complaints(page: Page, axe: str) -> list[str]:
    """What axe-core finds wrong with the page, by all of its rules."""
    page.evaluate(axe)
    options = {"rules": {"target-size": {"enabled": True}}}
    found = page.evaluate("(options) => axe.run(document, options)", options)
    assert len(found["passes"]) > 10, "it looked at something"
    return [
        f"{rule['id']}: {node['html'][:160]} ({node['failureSummary']})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@every_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Callable[..., Page], axe: str, name: str, scheme: str) -> None:
    assert complaints(visit(name, color_scheme=scheme), axe) == []


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_once_a_page_is_in_use(
    visit: Callable[..., Page], axe: str, state: str, scheme: str
) -> None:
    name, act = STATES[state]
    page = visit(name, color_scheme=scheme, reduced_motion="reduce")
    act(page)
    assert complaints(page, axe) == []


@every_page
def test_the_content_policy_has_nothing_to_report(visit: Callable[..., Page], name: str) -> None:
    page = visit(name)
    assert page.evaluate("seen.policy") == []


@every_page
@pytest.mark.parametrize(("width", "language"), WINDOWS)
def test_no_page_is_wider_than_its_window(
    visit: Callable[..., Page], name: str, width: int, language: str
) -> None:
    page = visit(name, viewport={"width": width, "height": 800}, locale=language)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", ["home", "results", "episode"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_while_a_page_loads(
    visit: Callable[..., Page], name: str, width: int
) -> None:
    page = visit(name, viewport={"width": width, "height": 800})
    page.wait_for_load_state("networkidle")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    shifts = page.evaluate("seen.shifts")
    assert sum(value for value, _ in shifts) < SHIFT, shifts


@pytest.mark.parametrize("name", ["home", "results"])
def test_a_first_visit_is_light(open_page: Callable[..., Page], base_url: str, name: str) -> None:
    page = open_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright marks it
    page.goto(base_url + PAGES[name], wait_until="networkidle")
    sizes = {
        answer.url: len(gzip.compress(answer.body()))
        for answer in answers
        if urlsplit(answer.url).netloc == urlsplit(base_url).netloc
    }
    assert len(sizes) > 3
    assert sum(sizes.values()) < FIRST_PAGE_BYTES, sizes
    large = [one for one in answers if int(one.headers.get("content-length", "0")) > 5000]
    assert all("content-encoding" in answer.headers for answer in large)


@every_page
def test_the_keyboard_reaches_everything_and_is_never_lost(
    visit: Callable[..., Page], name: str
) -> None:
    page = visit(name, reduced_motion="reduce")
    page.evaluate(BEGIN)
    seen = []
    for _ in range(200):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        assert focused["ringed"], focused
        assert focused["inside"], focused
        assert focused["free"], focused
        seen.append(focused["html"])
    assert len(seen) >= page.locator(CONTROLS).count()


@every_page
def test_the_skip_link_leads_past_the_header(visit: Callable[..., Page], name: str) -> None:
    page = visit(name)
    page.evaluate(BEGIN)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
