"""Opaque cursors: where a list goes on."""

import base64
import binascii
import json
from typing import Any


class CursorError(ValueError):
    """A cursor that this list did not give."""


def encode(value: Any) -> str:
    """A JSON value as URL-safe text."""
    text = json.dumps(value, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str) -> Any:
    """The value in a cursor. Raises CursorError."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, ValueError, RecursionError) as error:
        raise invalid() from error


def invalid() -> CursorError:
    """The error that says what to do."""
    return CursorError("This cursor is not one that this list gave; start again without one.")
