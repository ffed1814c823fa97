"""``/``: search, filters, and results grouped by episode."""

from typing import Any, Literal

from flask import Blueprint, render_template, request
from pydantic import Field

from app.domain import Feed
from app.settings import get_settings
from app.web import clips, opml, present, searching
from app.web.inputs import (
    ClipQuery,
    Cursor,
    Intent,
    Language,
    Moment,
    SearchQuery,
    SoundName,
    Weight,
)
from app.web.models import SearchOut
from app.web.params import Params, from_values
from app.web.problems import Fault, Problem

PAGE_SIZE = 10  # episodes
FORM_BYTES = 100_000  # the clip's neighbours in the form
CLIP_ONLY = ("q", "intent")  # the clip's own words may be corrected; its intent ends with it
LENGTHS: dict[str, dict[str, float]] = {
    "short": {"max_duration_s": 15 * 60},
    "medium": {"min_duration_s": 15 * 60, "max_duration_s": 45 * 60},
    "long": {"min_duration_s": 45 * 60},
}

blueprint = Blueprint("search", __name__)


class PageQuery(Params):
    """All that the page's address can say."""

    q: str = ""
    show: list[str] = Field(default_factory=list)
    sound: list[SoundName] = Field(default_factory=list)
    language: Language | None = None
    since: Moment | None = None
    until: Moment | None = None
    length: Literal["short", "medium", "long"] | None = None
    cursor: Cursor | None = None
    w_keyword: Weight | None = None
    w_sounds_like: Weight | None = None
    w_meaning: Weight | None = None
    w_reading: Weight | None = None
    w_sound: Weight | None = None
    w_recording: Weight | None = None
    w_voice: Weight | None = None

    def search(self) -> SearchQuery:
        """As a search."""
        return SearchQuery(**self._plain({"length"}))

    def _plain(self, unused: set[str]) -> dict[str, Any]:
        given = self.model_dump(exclude=unused, exclude_none=True)
        return given | LENGTHS.get(self.length or "", {}) | {"size": PAGE_SIZE, "group": "episode"}


@blueprint.get("/")
def page() -> tuple[str, int]:
    """The search page, with results where something was asked."""
    try:
        query = from_values(PageQuery, request.args)
    except Problem as problem:
        return _render(faults=problem.errors), 422
    if not query.q:
        return _render(query), 200
    try:
        return _render(query, found=searching.by_words(query.search())), 200
    except Problem as problem:
        return _render(query, faults=problem.errors), problem.status


class PageClip(PageQuery):
    """The page's filters, sent along with a recording."""

    intent: Intent | None = None

    def clip(self) -> ClipQuery:
        """As a search by clip."""
        return ClipQuery(**self._plain({"length", "q", "cursor"}))


@blueprint.post("/clip")
def clip() -> str:
    """The results for a recording, to put into the page."""
    request.max_content_length = get_settings().clip_max_bytes + FORM_BYTES
    query = from_values(PageClip, request.form)
    found = searching.by_clip(query.clip(), clips.hear(clips.uploaded(), query.intent))
    return render_template(
        "results.html",
        query=query,
        found=found,
        clip=found,
        kept={name: request.form.getlist(name) for name in request.form if name not in CLIP_ONLY},
        faults=[],
        shows={feed.id: feed for feed in opml.every_feed()},
    )


def _render(
    query: PageQuery | None = None,
    found: SearchOut | None = None,
    faults: Any = (),
) -> str:
    shows = {feed.id: feed for feed in opml.every_feed()}
    return render_template(
        "search.html",
        query=query or PageQuery(q=request.args.get("q", "")),
        values={name: request.args.getlist(name) for name in request.args},
        found=found,
        faults=[Fault(f.name, f.detail) for f in faults],
        shows=shows,
        languages=_languages(shows),
        clip_max_s=get_settings().clip_max_s,
    )


def _languages(shows: dict[str, Feed]) -> dict[str, str]:
    """The shows' languages first, then the others."""
    own = {feed.language for feed in shows.values() if feed.language}
    first = {code: present.language(code) for code in sorted(own, key=present.language)}
    others = {
        code: present.language(code) for code in sorted(present.LANGUAGES, key=present.language)
    }
    return first | {code: name for code, name in others.items() if code not in first}
