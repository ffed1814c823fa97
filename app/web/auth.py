"""Who may do what: a bearer token for programs, a signed session for pages."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Flask, redirect, request, session, url_for
from werkzeug.wrappers import Response

from app.settings import get_settings
from app.web.i18n import gettext as _
from app.web.problems import Problem
from app.web.redis import get_redis

ATTEMPTS = 10  # wrong tokens from one address, per ...
ATTEMPTS_WINDOW_S = 300
SESSION_DAYS = 14


def _token() -> str | None:
    secret = get_settings().admin_token
    return secret.get_secret_value() if secret else None


def is_admin_token(given: str) -> bool:
    """Whether this is the admin token, compared in constant time."""
    token = _token()
    return token is not None and hmac.compare_digest(given.encode(), token.encode())


def require_token() -> None:
    """Let the request through only with the admin's bearer token."""
    if _token() is None:
        raise Problem(503, "No admin token is set: start Earmark with EARMARK_ADMIN_TOKEN.")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and is_admin_token(given.strip()):
        return
    detail = (
        "This call needs the admin token: send Authorization: Bearer TOKEN."
        if not given
        else "The admin token is wrong."
    )
    challenge = 'Bearer realm="earmark"' + (', error="invalid_token"' if given else "")
    raise Problem(401, detail, headers={"WWW-Authenticate": challenge})


def session_key() -> str:
    """The key that signs sessions: SECRET_KEY, else one derived from the admin token."""
    settings = get_settings()
    if settings.secret_key:
        return settings.secret_key.get_secret_value()
    token = _token()
    return _fingerprint("session", token) if token else secrets.token_hex()


def _fingerprint(purpose: str, token: str) -> str:
    return hmac.new(token.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def signed_in() -> bool:
    """Whether the browser's session belongs to the admin, under the present token."""
    token = _token()
    mark = str(session.get("admin", ""))
    return token is not None and hmac.compare_digest(mark, _fingerprint("signed in", token))


def sign_in(given: str) -> bool:
    """Start an admin session if the token is right; counts wrong ones by address."""
    key = f"earmark:sign-in:{request.remote_addr}"
    redis = get_redis()
    if int(redis.get(key) or 0) >= ATTEMPTS:
        raise Problem(
            429,
            _("Too many wrong tokens from your address: wait five minutes."),
            headers={"Retry-After": str(ATTEMPTS_WINDOW_S)},
        )
    if not is_admin_token(given):
        redis.incr(key)
        redis.expire(key, ATTEMPTS_WINDOW_S)
        return False
    redis.delete(key)
    session.clear()
    session.permanent = True
    session["admin"] = _fingerprint("signed in", given)
    return True


def sign_out() -> None:
    """End the session."""
    session.clear()


def csrf_token() -> str:
    """The session's token that each form carries."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
    return str(session["csrf"])


def check_csrf() -> None:
    """Refuse a form that was not ours, or whose session has ended."""
    given = request.form.get("csrf", "")
    if not hmac.compare_digest(given.encode(), csrf_token().encode()):
        raise Problem(400, _("This form is out of date: go back, reload the page and try again."))


def admin_page(view: Callable[..., Any]) -> Callable[..., Any]:
    """A page for the admin alone; others are sent to sign in first."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not signed_in():
            return _to_sign_in()
        if request.method == "POST":
            check_csrf()
        return view(*args, **kwargs)

    return guarded


def _to_sign_in() -> Response:
    return redirect(url_for("admin.sign_in_form"))


def install(app: Flask) -> None:
    """Sign and protect the session cookie, and give templates the form token."""
    app.config.update(
        SECRET_KEY=session_key(),
        SESSION_COOKIE_NAME="earmark",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=get_settings().url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(days=SESSION_DAYS),
    )
    app.jinja_env.globals.update(csrf_token=csrf_token, signed_in=signed_in)
