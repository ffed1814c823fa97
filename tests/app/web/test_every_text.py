"""Each text of a page can be translated: under invented translations, none is left as it was."""

import re
from html.parser import HTMLParser

import pytest
from babel.core import Locale
from babel.support import NullTranslations
from flask.testing import FlaskClient

from app.catalog import get_catalog
from app.encoders.audioset import names
from app.web import i18n
from app.web.present import initials
from tests.app.web import library

FOR_ADMINS = ["/admin", "/admin?status=queued"]
PAGES = [
    "/",
    "/?q=pruned+lighthouse",
    "/?q=pruned&sound=Applause",
    '/?q="purple+lighthouse"',
    "/?q=pruned+sound:democracy",
    "/?q=lighthouse&language=de&w_meaning=0",
    "/?q=lighthouse&since=soon",
    f"/episodes/{library.APPLES}?t=22",
    f"/episodes/{library.FAILED}",
    f"/episodes/{library.COMING}",
    f"/episodes/{library.BROT}?t=never",
    "/nowhere",
    "/docs",
    "/admin/sign-in",
    *FOR_ADMINS,
]
SAME_EVERYWHERE = """
    Earmark API English Deutsch openapi json admin token TXT VTT SRT JSON OPML OR https http www
    sea ice trailer glacier iceberg solar sound applause rain on a roof show science daily news
    example org podcast xml worker feeds fetch transcribe query beat min dB
"""
READ_ALOUD = ("aria-label", "title", "placeholder", "alt", "data-wait", "data-confirm")
UNSEEN = ("script", "style", "svg", "code", "kbd")


class Bracketed(NullTranslations):
    """Puts each text into brackets."""

    def ugettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ungettext(self, singular: str, plural: str, n: int) -> str:
        return f"⟦{singular if n == 1 else plural}⟧"


class Texts(HTMLParser):
    """Collects what a page says, or has said by a screen reader."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.said += [given[name] or "" for name in READ_ALOUD if name in given]
        if tag in UNSEEN:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open:
            self.said.append(data)


@pytest.fixture
def bracketed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_translations", lambda code: Bracketed())


@pytest.fixture
def signed_in(client: FlaskClient) -> FlaskClient:
    page = client.get("/admin/sign-in").text
    (csrf,) = re.findall(r'name="csrf" value="([^"]+)"', page)
    client.post("/admin/sign-in", data={"csrf": csrf, "token": "test-token"})
    return client


@pytest.mark.usefixtures("bracketed")
@pytest.mark.parametrize("address", PAGES)
def test_no_text_is_left_out(signed_in: FlaskClient, address: str) -> None:
    page = Texts()
    stranger = signed_in.application.test_client()
    client = signed_in if address in FOR_ADMINS else stranger
    page.feed(client.get(address).text)
    said = "\n".join(page.said)
    assert "⟦" in said
    assert [word for word in untranslated(said) if word not in data_words(address)] == []


def untranslated(text: str) -> list[str]:
    """The words outside of brackets, which may hold brackets themselves."""
    before = ""
    while before != text:
        before, text = text, re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
    return words(text)


def words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]{2,}", text.lower())


def data_words(address: str) -> set[str]:
    """What is data, or the work of Babel."""
    catalog = get_catalog()
    feeds, episodes = catalog.feeds(100, None).items, catalog.episodes(size=100).items
    data = [SAME_EVERYWHERE, *names(), *(line for said in library.SAID.values() for line in said)]
    data += [f"{one.title} {one.url} {one.last_error} {initials(one.title)}" for one in feeds]
    data += [f"{one.title} {one.audio_url} {one.error}" for one in episodes]
    data += [chapter.title for one in episodes for chapter in one.chapters]
    english = Locale("en")
    data += [address, *english.languages.values(), *english.months["format"]["wide"].values()]
    return set(words(" ".join(data)))
