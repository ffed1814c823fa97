"""Clips: heard by the query worker, and deleted whatever comes of it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from flask import request

from app import queue
from app.settings import get_settings
from app.store import get_store
from app.web import reasons
from app.web.i18n import gettext as _
from app.web.problems import Fault, Problem
from app.web.tasks import ask, require_worker

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class HeardClip:
    """What the query worker made of a clip."""

    heard: dict[str, Any] | None  # text, language, words
    audio_vectors: dict[str, list[float]] = field(default_factory=dict)  # by field
    voice_vector: list[float] | None = None
    landmarks: dict[str, Any] | None = None
    noise: dict[str, Any] | None = None  # snr_db, denoised
    degraded: list[dict[str, str]] = field(default_factory=list)


def uploaded() -> str:
    """Put the request's clip into the store; its id there. 422 where there is none."""
    file = request.files.get("clip")
    if file is None:
        raise _fault(_("The clip is missing: send the recording as the multipart part clip."))
    require_worker(queue.QUEUES[queue.HEAR_CLIP])
    clip_id, limit = uuid4().hex, get_settings().clip_max_bytes
    size = 0
    with get_store().write(f"clips/{clip_id}") as stored:
        while chunk := file.stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > limit:
                raise Problem(413, _too_large(limit))
            stored.write(chunk)
        if size == 0:
            raise _fault(_("The clip is empty: record again, or choose another file."))
    return clip_id


def hear(clip_id: str, intent: str | None = None) -> HeardClip:
    """What is said in the clip and how it sounds, as far as ``intent`` needs it.

    The clip is gone afterwards.
    """
    late = _(
        "Hearing the clip took too long; the machine may be busy. Try again, or a shorter one."
    )
    timeout_s = get_settings().clip_timeout_s
    try:
        result = ask(queue.HEAR_CLIP, clip_id, intent, timeout_s=timeout_s, late=late)
    finally:
        get_store().remove(f"clips/{clip_id}")
    if result.get("error"):
        raise _fault(reasons.told(result["error"]))
    return HeardClip(**{name: value for name, value in result.items() if name != "error"})


def _too_large(limit: int) -> str:
    return _(
        "The clip is too large: at most %(limit)s MB are taken.", limit=format(limit / 1e6, "g")
    )


def _fault(detail: str) -> Problem:
    return Problem(422, detail, errors=[Fault("clip", detail)])
