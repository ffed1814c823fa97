"""What the API takes."""

from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from app.domain import EpisodeStatus, TranscriptsMode
from app.encoders import registry
from app.encoders.audioset import names
from app.search.weights import LEGS
from app.web.params import Params

Size = Annotated[int, Field(ge=1, le=100, description="How many at most")]
Cursor = Annotated[str, Field(max_length=1000, description="next_cursor of the part before")]
Weight = Annotated[float, Field(ge=0, le=100)]
Intent = Literal["words", "meaning", "sound", "recording", "voice"]
Seconds = Annotated[float, Field(ge=0)]
Latest = Annotated[int, Field(ge=1, le=1_000_000)]
Hotword = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^,\n]*$")
]
Hotwords = Annotated[list[Hotword], Field(max_length=50)]


def _date_alone(value: object) -> object:
    """A date without a time is its first moment in UTC."""
    return f"{value}T00:00:00Z" if isinstance(value, str) and len(value) == 10 else value


def _utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie within the years 1 to 9999 in UTC") from error


Moment = Annotated[datetime, BeforeValidator(_date_alone), AfterValidator(_utc)]
Language = Annotated[
    str,
    BeforeValidator(lambda v: str(v).lower().split("-")[0]),
    Field(pattern="^[a-z]{2,3}$", description="BCP-47; its primary subtag counts"),
]


def _known_sound(value: str) -> str:
    known = {name.lower(): name for name in names()}
    if value.lower() in known:
        return known[value.lower()]
    near = get_close_matches(value.lower(), known, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(known[one] for one in near)}?" if near else ""
    raise ValueError(f"knows no sound {value!r}{hint}")


SoundName = Annotated[str, AfterValidator(_known_sound)]


class Listing(Params):
    """Where in a list to read."""

    size: Size = 10
    cursor: Cursor | None = None


class EpisodeListing(Listing):
    """Which episodes to list."""

    feed: str | None = Field(None, description="A feed's id")
    status: EpisodeStatus | None = None


class NewFeed(Params):
    """A feed to add."""

    url: str = Field(min_length=1, max_length=2000)
    transcripts: TranscriptsMode | None = Field(
        None, description="The publisher's transcripts: prefer, ignore, or only those"
    )
    latest: Latest | None = Field(None, description="Only the newest so many episodes")
    hotwords: Hotwords = Field(
        default_factory=list,
        description="Names that are said in this show, spelled as they should be written",
    )


class NewPassword(Params):
    """A password of the admin's choosing."""

    password: str = Field(min_length=12, max_length=200)


class FeedChange(Params):
    """What to change of a feed; what is absent stays."""

    paused: bool | None = None
    transcripts: TranscriptsMode | None = None
    latest: Latest | None = Field(None, description="null: every episode")
    hotwords: Hotwords | None = Field(
        None,
        description="The whole list; episodes are heard with it from now on, and others when "
        "they are processed again",
    )

    @field_validator("paused", "transcripts", "hotwords", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null: leave it out to keep it as it is")
        return value

    @model_validator(mode="after")
    def _something(self) -> "FeedChange":
        if not self.model_fields_set:
            raise ValueError("must name at least one of paused, transcripts, latest, hotwords")
        return self


class Filters(Params):
    """What narrows a search and how its ways are weighed."""

    size: Size = 10
    cursor: Cursor | None = None
    show: list[str] = Field(default_factory=list, max_length=100, description="Feed ids")
    sound: list[SoundName] = Field(
        default_factory=list, max_length=10, description="Names that sounds of a hit have, all"
    )
    language: Language | None = None
    since: Moment | None = Field(None, description="Published then or later (UTC)")
    until: Moment | None = Field(None, description="Published before (UTC)")
    min_duration_s: Seconds | None = Field(None, description="Of the episode")
    max_duration_s: Seconds | None = Field(None, description="Of the episode")
    w_keyword: Weight | None = Field(None, description="Weight of the words; 0 skips them")
    w_sounds_like: Weight | None = Field(
        None, description="Weight of how the words sound, which finds those that were misheard"
    )
    w_meaning: Weight | None = Field(None, description="Weight of the meaning; 0 skips it")
    w_reading: Weight | None = Field(
        None, description="Weight of reading closely the best that words and meaning find"
    )
    w_sound: Weight | None = Field(
        None,
        description="Weight of a clip's sound, or of one named in q; 0 skips it. Given above 0, "
        "ordinary words are looked for as a sound, too",
    )
    w_recording: Weight | None = Field(
        None, description="Weight of a clip's very recording; 0 skips it"
    )
    w_voice: Weight | None = Field(None, description="Weight of the voice in a clip; 0 skips it")
    group: Literal["episode"] | None = Field(
        None, description="Answer episodes, each with its best hits"
    )

    def weights(self) -> dict[str, float]:
        """The weights that were given, by leg."""
        given = {leg: getattr(self, f"w_{leg}") for leg in LEGS}
        return {leg: weight for leg, weight in given.items() if weight is not None}


TYPED = (
    'Words, or a whole question. "A phrase" is said exactly so; -word and -"a phrase" are not '
    "said; one OR other: at least one of them is; begin* finds words that begin so; show:name, "
    'show:"two words": the show\'s title has these words. Anything else is words: nothing typed is '
    'an error. sound:applause, sound:"rain on a roof": this is heard; with other words, they are '
    "said within 30 s of it. What names no sound is told in degraded."
)


class SearchQuery(Filters):
    """A search by words."""

    q: str = Field(min_length=1, max_length=2000, description=TYPED)


class ClipQuery(Filters):
    """A search by a clip; ``q`` replaces the words that are heard in it."""

    q: str | None = Field(None, max_length=2000, description=TYPED)
    intent: Intent | None = Field(
        None,
        description="What the clip is for: the words said in it, what they mean, how it sounds, "
        "the very same recording, or who speaks. Left out, the search guesses and says what",
    )


def _chosen(value: str) -> str:
    """A field that one of the chosen engines fills. Raises ValueError for any other."""
    fields = ", ".join(registry.sound_embedders())
    if value not in registry.sound_embedders():
        raise ValueError(f"must be a field of the engines that the settings choose: {fields}")
    return value


class Rebuild(Params):
    """How to rebuild."""

    only: Annotated[str, AfterValidator(_chosen)] | None = Field(
        None,
        description="A field of sound vectors: episodes that its engine has not heard are heard "
        "by it, from their audio, which is fetched again where it is not kept",
    )


class Nothing(Params):
    """No parameters at all."""
