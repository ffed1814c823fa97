"""Is every part there? ``/livez`` for this process, ``/readyz`` for all it needs."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from uuid import uuid4

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError
from flask import Blueprint, Response, jsonify
from redis.exceptions import RedisError

from app.encoders import registry
from app.encoders.base import EncoderError
from app.search.client import get_client
from app.search.index import IndexMismatch, check_models, chosen_models, other_options
from app.settings import get_settings
from app.store import get_store
from app.web import packages
from app.web.i18n import gettext as _
from app.web.redis import get_redis

PROBE_S = 3.0
ROLES = {"text": "text embedder", "voice": "voice embedder"}
PROCESSES = ("worker-feeds", "worker-fetch", "worker-transcribe", "worker-query", "beat")

blueprint = Blueprint("health", __name__)


@dataclass(frozen=True, slots=True)
class Part:
    """One part and how it is; only a required one keeps Earmark from being ready."""

    name: str
    ok: bool
    reason: str | None = None
    required: bool = True


@blueprint.get("/livez")
def livez() -> Response:
    """This process answers."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """200 once every required part is there; each is named."""
    parts = all_parts()
    ready = all(part.ok for part in parts if part.required)
    body = {"status": "ready" if ready else "not ready", "parts": [asdict(p) for p in parts]}
    return jsonify(body), 200 if ready else 503


def all_parts() -> list[Part]:
    """Every part, asked now."""
    return [*_services(), *_processes(), *_models(), _packages()]


def _packages() -> Part:
    """What pages need of others' scripts; all that is typed, read and played works without."""
    lost = packages.missing()
    told = _("not installed: %(names)s; start scripts/run again", names=", ".join(lost))
    reason = told if lost else None
    return Part(_("front-end packages"), not lost, reason, required=False)


def _services() -> Iterator[Part]:
    yield (cluster := _probe("elasticsearch", _elasticsearch))
    unknown = Part("indices", False, _("unknown while Elasticsearch cannot be reached"))
    yield _probe("indices", _indices) if cluster.ok else unknown
    options = _probe("index options", _other_options) if cluster.ok else unknown
    yield Part("index options", options.ok, options.reason, required=False)
    yield _probe("redis", lambda: str(get_redis().ping()) and None)
    yield _probe("store", _store)


def _probe(name: str, check: Callable[[], str | None]) -> Part:
    try:
        reason = check()
    except (TransportError, ApiError, RedisError) as error:
        reason = _("cannot be reached: %(error)s", error=type(error).__name__)
    except Exception as error:  # noqa: BLE001 - a store behind fsspec may raise anything
        reason = f"{type(error).__name__}: {error}"
    return Part(name, reason is None, reason)


def _client() -> Elasticsearch:
    """One that answers soon, or says that it cannot."""
    return get_client().options(request_timeout=PROBE_S, max_retries=0)


def _elasticsearch() -> str | None:
    health = _client().cluster.health()
    return _("the cluster's state is red") if health["status"] == "red" else None


def _indices() -> str | None:
    """Whether they are there and hold vectors of the chosen models."""
    try:
        check_models(_client(), get_settings().index_prefix, chosen_models())
        return _disk_full(get_settings().index_prefix)
    except NotFoundError:
        return _("are not made yet: the workers make them when they start")
    except (IndexMismatch, EncoderError) as error:
        return str(error)


def _disk_full(prefix: str) -> str | None:
    """Elasticsearch takes in nothing more once its disk is at the flood stage (95 % full)."""
    name = "index.blocks.read_only_allow_delete"
    found = _client().indices.get_settings(index=f"{prefix}-*", name=name, flat_settings=True)
    if any(one["settings"].get(name) == "true" for one in found.values()):
        return "take in nothing: the disk of Elasticsearch is full; free some of it"
    return None


def _other_options() -> str | None:
    """Which fields wait for a re-index to be indexed as the settings say."""
    try:
        return other_options(_client(), get_settings().index_prefix)
    except NotFoundError:
        return None  # indices that are to be made are made so


def _store() -> str | None:
    name = f".probe/{uuid4().hex}"
    with get_store().write(name) as file:
        file.write(b"ok")
    get_store().remove(name)
    return None


def _processes() -> list[Part]:
    try:
        redis = get_redis()
        return [_process(name, bool(redis.exists(_heartbeat(name)))) for name in PROCESSES]
    except RedisError:
        return [Part(name, False, _("unknown while Redis cannot be reached")) for name in PROCESSES]


def _heartbeat(process: str) -> str:
    return f"earmark:worker:{process.removeprefix('worker-')}"


def _process(name: str, alive: bool) -> Part:
    return Part(name, alive, None if alive else _("has sent no sign of life for 30 seconds"))


def _called(role: str, engine: str) -> str:
    """A role as an admin knows it; of the audio embedders there may be several."""
    return f"audio embedder {engine}" if role.startswith("audio_") else ROLES.get(role, role)


def _models() -> list[Part]:
    return [
        Part(_called(role, about.name), about.present, about.reason or None)
        for role, about in registry.describe().items()
    ]
