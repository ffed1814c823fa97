"""The pages' languages: which one a reader gets, and the catalogues of texts.

English is written in the code; ``translations/LANGUAGE`` holds the others as gettext's .po files,
which are read as they are: nothing has to be compiled.
"""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import flask_babel
from babel.core import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Blueprint, Flask, Response, redirect, request
from werkzeug.wrappers import Response as Redirect

from app.web import programs

LANGUAGES = {"en": "English", "de": "Deutsch"}
SOURCE = "en"
COOKIE = "language"
YEAR_S = 365 * 24 * 3600
TRANSLATIONS = Path(__file__).with_name("translations")

# Flask-Babel ships no types. A text that is declared outside a request is a lazy one.
gettext: Callable[..., str] = flask_babel.gettext
ngettext: Callable[..., str] = flask_babel.ngettext
lazy_gettext: Callable[[str], Any] = flask_babel.lazy_gettext

blueprint = Blueprint("i18n", __name__)


def chosen() -> str:
    """The reader's choice, else what the browser asks for; programs are answered in English."""
    if programs.asks():
        return SOURCE
    cookie = request.cookies.get(COOKIE)
    if cookie in LANGUAGES:
        return cookie
    return request.accept_languages.best_match(LANGUAGES, SOURCE)


def language() -> str:
    """The code of the language that the present page is in; English outside a request."""
    locale = flask_babel.get_locale()
    return locale.language if locale else SOURCE


def formats() -> Locale:
    """The locale whose dates the present page has; English ones are British."""
    return Locale("en", "GB") if language() == SOURCE else Locale.parse(language())


def path(code: str) -> Path:
    """The catalogue of a language other than English."""
    return TRANSLATIONS / code / "LC_MESSAGES" / "messages.po"


def read(code: str) -> Catalog:
    """The texts of a language, as translators see them."""
    with path(code).open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def translated(message: Message) -> bool:
    """Whether every form of a text has its translation, and nobody has to look at it again."""
    return all(_forms(message)) and not message.fuzzy


def _forms(message: Message) -> list[str]:
    """The translations of a text: one, or one for each plural."""
    given = message.string or ""
    return [given] if isinstance(given, str) else list(given)


@cache
def _translations(code: str) -> NullTranslations:
    if code == SOURCE:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read(code))
    compiled.seek(0)
    return Translations(compiled)


class _Catalogues(flask_babel.Domain):  # type: ignore[misc] # Flask-Babel ships no types
    """Takes texts from the .po files instead of compiled ones."""

    def get_translations(self) -> NullTranslations:
        return _translations(language())


@cache
def for_scripts(code: str) -> dict[str, list[str]]:
    """The texts that modules of ours use, by their English: one, or one for each plural."""
    if code == SOURCE:
        return {}
    found: dict[str, list[str]] = {}
    for message in read(code):
        if translated(message) and any(file.endswith(".js") for file, _ in message.locations):
            name = message.id if isinstance(message.id, str) else message.id[0]
            found[name] = _forms(message)
    return found


@blueprint.post("/language")
def choose() -> Redirect:
    """Keep the reader's choice in a cookie, and show the page again."""
    back = redirect(_own(request.form.get("next", "")), 303)
    code = request.form.get("language")
    if code in LANGUAGES:
        secure = request.is_secure
        back.set_cookie(COOKIE, code, max_age=YEAR_S, samesite="Lax", httponly=True, secure=secure)
    return back


def _own(address: str) -> str:
    """The address if it is one of this site's, else that of the front page."""
    parts = urlsplit(address)
    own = address.startswith("/") and not parts.netloc and "\\" not in address
    return address if own else "/"


def _vary(response: Response) -> Response:
    """Tell caches that another reader may get this page in another language."""
    if response.mimetype == "text/html":
        response.vary.update(("Accept-Language", "Cookie"))
    return response


def install(app: Flask) -> None:
    """Choose a language for each request, and give templates ``_``, ``ngettext`` and the rest."""
    babel = flask_babel.Babel(app, locale_selector=chosen)
    babel.domain_instance = _Catalogues()
    app.register_blueprint(blueprint)
    app.after_request(_vary)
    app.jinja_env.globals.update(
        language=language, languages_of_pages=LANGUAGES, texts_for_scripts=for_scripts
    )
