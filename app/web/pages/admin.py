"""``/admin``: sign in, take feeds in, and watch episodes become searchable."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from app.catalog import get_catalog
from app.domain import EpisodeStatus
from app.web import auth, feeds, health, history, opml, reasons
from app.web.i18n import gettext as _
from app.web.i18n import ngettext
from app.web.inputs import NewFeed
from app.web.params import Params, from_values
from app.web.problems import Problem

EPISODES = 50

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


class EpisodesShown(Params):
    """Which episodes the table shows."""

    feed: str | None = None
    status: EpisodeStatus | None = None
    cursor: str | None = None


class _NewFeedForm(NewFeed):
    csrf: str = ""


@blueprint.get("/sign-in")
def sign_in_form() -> str | Redirect:
    """The form that takes the password or the admin token."""
    return redirect(url_for("admin.page")) if auth.signed_in() else render_template("sign_in.html")


@blueprint.post("/sign-in")
def sign_in() -> Any:
    """Check what was given."""
    auth.check_csrf()
    if auth.sign_in(request.form.get("token", "")):
        return redirect(url_for("admin.page"))
    return render_template("sign_in.html", wrong=True), 401


@blueprint.post("/sign-out")
@auth.admin_page
def sign_out() -> Redirect:
    """End the session."""
    auth.sign_out()
    return redirect(url_for("search.page"))


@blueprint.get("")
@auth.admin_page
def page() -> str:
    """Everything an admin needs."""
    return render_template("admin.html", **_state())


@blueprint.get("/live")
@auth.admin_page
def live() -> str:
    """The part of the page that changes by itself."""
    return render_template("admin_live.html", **_state())


def _state() -> dict[str, Any]:
    shown = from_values(EpisodesShown, request.args)
    catalog = get_catalog()
    return {
        "shown": shown,
        "values": request.args.to_dict(),
        "feeds": list(opml.every_feed()),
        "titles": {feed.id: feed.title or feed.url for feed in opml.every_feed()},
        "episodes": catalog.episodes(
            feed=shown.feed, status=shown.status, size=EPISODES, cursor=shown.cursor
        ),
        "counts": catalog.count_by_status(),
        "statuses": [s for s in EpisodeStatus if s is not EpisodeStatus.DELETED],
        "down": [part for part in health.all_parts() if not part.ok],
    }


@blueprint.post("/feeds")
@auth.admin_page
def add_feed() -> Redirect:
    """Take in one feed."""

    def act() -> str:
        new = from_values(_NewFeedForm, request.form)
        feed, created = feeds.add(new.url, new.transcripts, new.latest)
        name = feed.title or feed.url
        if created:
            return _("“%(name)s” was added; its episodes follow.", name=name)
        return _("“%(name)s” is here already.", name=name)

    return _do(act)


@blueprint.post("/feeds/<feed_id>/<any(pause,resume,refresh,remove):action>")
@auth.admin_page
def feed_action(feed_id: str, action: str) -> Redirect:
    """Pause, resume, poll or remove a feed."""
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "pause": (lambda: feeds.change(feed_id, {"paused": True}), _("The feed is paused.")),
        "resume": (lambda: feeds.change(feed_id, {"paused": False}), _("The feed goes on.")),
        "refresh": (lambda: feeds.refresh(feed_id), _("The feed is being checked now.")),
        "remove": (lambda: feeds.remove_feed(feed_id), _("The feed and its episodes are removed.")),
    }
    return _do(*acts[action])


@blueprint.post("/episodes/<episode_id>/<any(retry,remove):action>")
@auth.admin_page
def episode_action(episode_id: str, action: str) -> Redirect:
    """Process an episode again, or remove it."""
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "retry": (lambda: feeds.retry(episode_id), _("The episode is being processed again.")),
        "remove": (lambda: feeds.remove_episode(episode_id), _("The episode is removed for good.")),
    }
    return _do(*acts[action])


@blueprint.post("/opml")
@auth.admin_page
def import_opml() -> Redirect:
    """Take in every feed of a file."""
    request.max_content_length = opml.MAX_BYTES

    def act() -> str:
        outcomes = opml.take_in(opml.uploaded())
        for failed in (o for o in outcomes if o.error):
            flash(f"{failed.url}: {reasons.told(failed.error or '')}", "error")
        late = sum(1 for o in outcomes if not o.id and not o.error)
        added, known = (
            sum(o.created for o in outcomes),
            sum(bool(o.id) and not o.created for o in outcomes),
        )
        said = [
            ngettext("%(num)d feed was added", "%(num)d feeds were added", added),
            ngettext("%(num)d was here already", "%(num)d were here already", known),
        ]
        if late:
            said.append(_("%(count)d still being looked at", count=late))
        return ", ".join(said) + "."

    return _do(act)


@blueprint.get("/earmark.opml")
@auth.admin_page
def export_opml() -> Response:
    """Every feed as OPML."""
    return opml.download()


@blueprint.get("/earmark-episodes.csv")
@auth.admin_page
def export_history() -> Response:
    """Every episode and how it went, as CSV."""
    return history.download()


def _do(act: Callable[[], object], done: str | None = None) -> Redirect:
    """Carry it out, tell how it went (in its own words, or ``done``), show the page again."""
    try:
        said = act()
        flash(done or str(said), "done")
    except Problem as problem:
        flash(problem.detail, "error")
        flash(request.form.get("url", ""), "typed")
    return redirect(url_for("admin.page", **_shown()))


def _shown() -> dict[str, Any]:
    """The part of the address that says which episodes are shown."""
    return {name: request.args[name] for name in EpisodesShown.model_fields if name in request.args}
