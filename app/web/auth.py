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
from app.web import password
from app.web.i18n import gettext as _
from app.web.problems import Problem
from app.web.redis import get_redis

ATTEMPTS = 10  # tries to sign in from one address, per ...
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


def _mark(token: str) -> str:
    """What a session of the admin holds: another token or password ends it."""
    return _fingerprint(f"signed in {password.kept_hash()}", token)


def signed_in() -> bool:
    """Whether the browser's session belongs to the admin, under the present token and password."""
    token, mark = _token(), session.get("admin")
    return bool(token and mark) and hmac.compare_digest(str(mark), _mark(str(token)))


def sign_in(given: str) -> bool:
    """Start an admin session if the password or the token is right; tries count by address."""
    key = f"earmark:sign-in:{request.remote_addr}"
    _count_try(key)
    token = _token()
    if token is None or not (is_admin_token(given.strip()) or password.is_password(given)):
        return False
    get_redis().delete(key)
    session.clear()
    session.permanent = True
    session["admin"] = _mark(token)
    return True


def _count_try(key: str) -> None:
    """Count before anything is compared, so that tries at once are no way around the limit."""
    redis = get_redis()
    with redis.pipeline() as together:
        together.set(key, 0, ex=ATTEMPTS_WINDOW_S, nx=True)
        together.incr(key)
        tries = int(together.execute()[-1])
    if tries > ATTEMPTS:
        raise Problem(
            429,
            _("Too many tries to sign in from your address: wait five minutes."),
            headers={"Retry-After": str(max(1, int(redis.ttl(key))))},
        )


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
