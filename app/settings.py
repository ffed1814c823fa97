"""Every setting, declared once, typed and frozen.

Values come from the environment. ``docs/settings.md`` describes each one, and a test
compares the two.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.search.index_options import IndexOptions
from app.search.schema import vector_fields


def _cache_dir() -> Path:
    return Path.home() / ".cache" / "earmark"


def _known_field(name: str) -> str:
    if name not in vector_fields():
        raise ValueError(f"the vector fields are {', '.join(sorted(vector_fields()))}")
    return name


def _from_json(given: object) -> object:
    try:
        return json.loads(given or "{}") if isinstance(given, str) else given
    except ValueError as error:
        raise ValueError(f"no JSON: {error}") from error


VectorField = Annotated[str, AfterValidator(_known_field)]
ByField = Annotated[
    dict[VectorField, IndexOptions],
    BeforeValidator(_from_json),
    NoDecode,  # whose own reading does not say what is wrong
]


class Settings(BaseSettings):
    """Earmark's configuration; one environment variable a field."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    # Services
    elasticsearch_url: str = Field("http://127.0.0.1:9200", validation_alias="ELASTICSEARCH_URL")
    elasticsearch_api_key: SecretStr | None = Field(None, validation_alias="ELASTICSEARCH_API_KEY")
    elasticsearch_username: str | None = Field(None, validation_alias="ELASTICSEARCH_USERNAME")
    elasticsearch_password: SecretStr | None = Field(
        None, validation_alias="ELASTICSEARCH_PASSWORD"
    )
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        validation_alias=AliasChoices("CELERY_BROKER_URL", "REDIS_URL"),
    )
    index_prefix: str = Field("earmark", validation_alias="EARMARK_INDEX_PREFIX")
    index_options: ByField = Field(default_factory=dict, validation_alias="EARMARK_INDEX_OPTIONS")
    num_candidates: int = Field(400, ge=200, le=10_000, validation_alias="EARMARK_NUM_CANDIDATES")
    store_url: str = Field("data/store", validation_alias="EARMARK_STORE_URL")
    models_dir: Path = Field(
        default_factory=lambda: _cache_dir() / "models", validation_alias="EARMARK_MODELS_DIR"
    )

    # Web
    packages_dir: Path = Field(
        default_factory=lambda: _cache_dir() / "packages", validation_alias="EARMARK_PACKAGES_DIR"
    )
    secret_key: SecretStr | None = Field(None, validation_alias="SECRET_KEY")
    admin_token: SecretStr | None = Field(None, validation_alias="EARMARK_ADMIN_TOKEN")
    admin_password_hash: str = Field(
        "",
        pattern=r"^(\$argon2id\$.+)?$",
        repr=False,
        validation_alias="EARMARK_ADMIN_PASSWORD_HASH",
    )  # empty: the one that `earmark admin password` set
    url: str = Field("http://127.0.0.1:8000", validation_alias="EARMARK_URL")
    clip_timeout_s: float = Field(60.0, gt=0, validation_alias="EARMARK_CLIP_TIMEOUT_S")
    clip_max_bytes: int = Field(25_000_000, gt=0, validation_alias="EARMARK_CLIP_MAX_BYTES")
    clip_max_s: float = Field(60.0, gt=0, validation_alias="EARMARK_CLIP_MAX_S")

    # Engines
    transcriber: str = Field("faster-whisper:base", validation_alias="EARMARK_TRANSCRIBER")
    text_embedder: str = Field("minilm-int8", validation_alias="EARMARK_TEXT_EMBEDDER")
    audio_embedder: str = Field("whisper:base,yamnet", validation_alias="EARMARK_AUDIO_EMBEDDER")
    reader: str = Field("colbert-small", validation_alias="EARMARK_READER")
    voice_embedder: str = Field("campplus", validation_alias="EARMARK_VOICE_EMBEDDER")  # or off
    threads: int = Field(0, ge=0, validation_alias="EARMARK_THREADS")  # 0: one a core

    # Ingest
    allow_private_networks: str = Field("", validation_alias="EARMARK_ALLOW_PRIVATE_NETWORKS")
    transcripts: Literal["prefer", "ignore", "only"] = Field(
        "prefer", validation_alias="EARMARK_TRANSCRIPTS"
    )
    poll_interval_s: float = Field(3600.0, gt=0, validation_alias="EARMARK_POLL_INTERVAL_S")
    feed_max_bytes: int = Field(10_000_000, gt=0, validation_alias="EARMARK_FEED_MAX_BYTES")
    download_max_bytes: int = Field(
        2_000_000_000, gt=0, validation_alias="EARMARK_DOWNLOAD_MAX_BYTES"
    )
    download_max_s: float = Field(1800.0, gt=0, validation_alias="EARMARK_DOWNLOAD_MAX_S")
    episode_max_s: float = Field(12 * 3600.0, gt=0, validation_alias="EARMARK_EPISODE_MAX_S")
    piece_max_s: float = Field(600.0, gt=30, le=600, validation_alias="EARMARK_PIECE_MAX_S")
    spool_dir: Path = Field(
        default_factory=lambda: _cache_dir() / "spool", validation_alias="EARMARK_SPOOL_DIR"
    )  # downloads that are not whole yet, on this machine's own disk
    keep_audio: bool = Field(False, validation_alias="EARMARK_KEEP_AUDIO")
    ffmpeg: str = Field("", validation_alias="EARMARK_FFMPEG")  # empty: find one

    @property
    def audio_embedders(self) -> tuple[str, ...]:
        """The names that audio_embedder lists, with commas between them."""
        names = (name.strip() for name in self.audio_embedder.split(","))
        return tuple(name for name in names if name)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings, read from the environment once."""
    return Settings()
