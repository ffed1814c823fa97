"""How answers travel: compressed, and our own files under addresses that change with them."""

import hashlib
from pathlib import Path

from flask import Flask
from flask_compress import Compress

STATIC = Path(__file__).with_name("static")
YEAR_S = 365 * 24 * 3600


def static_address() -> str:
    """Where our own files are served: in a folder named by what is in them.

    Modules that name each other by relative addresses change with it, so all are kept for good.
    """
    digest = hashlib.sha256()
    for file in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(STATIC)}\0".encode())
        digest.update(file.read_bytes())
    return f"/static/{digest.hexdigest()[:12]}"


def install(app: Flask) -> None:
    """Compress text, and let browsers keep our own files."""
    app.config.update(
        SEND_FILE_MAX_AGE_DEFAULT=0 if app.debug else YEAR_S,
        COMPRESS_ALGORITHM=["br", "gzip"],
    )
    Compress(app)
