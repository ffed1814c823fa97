"""The HTTP API under ``/api/v1``; each module registers its operations on the blueprint."""

from app.web.api import admin, episodes, feeds, jobs, opml, search, transcripts
from app.web.api.root import blueprint

__all__ = ["admin", "blueprint", "episodes", "feeds", "jobs", "opml", "search", "transcripts"]
