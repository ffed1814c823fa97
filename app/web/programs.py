"""Which requests are a program's rather than a person's at a page."""

from flask import request

PATHS = ("/api/", "/livez", "/readyz", "/metrics", "/openapi.json")


def asks() -> bool:
    """Whether the present request is a program's."""
    return request.path.startswith(PATHS)
