"""What is kept of each episode: names and forms of its artefacts in the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.audio.landmarks import LANDMARKS_VERSION, Landmarks
from app.audio.peaks import Peaks
from app.domain import Episode, Feed, Piece, Segment, Window, Word
from app.encoders.base import Floats, Tokens
from app.encoders.check import SAMPLE_RATE_HZ
from app.store import Store

_LANDMARKS = f"landmarks-{LANDMARKS_VERSION}.npy"  # other versions' are as good as none

_OF_AUDIO = ("plan", "words-", "states-", "landmarks-", "peaks")  # what begins so is heard

_FIRST_ROLE = "audio_whisper"

LanguageSpan = tuple[float, float, str]  # start_s, end_s, BCP-47 primary subtag


def words_to_json(words: Sequence[Word]) -> list[list[Any]]:
    """Words as short rows: text, start_s, end_s, probability, speaker."""
    return [
        [w.text, round(w.start_s, 3), round(w.end_s, 3), round(w.probability, 3), w.speaker]
        for w in words
    ]


def words_from_json(rows: Sequence[Sequence[Any]]) -> list[Word]:
    """The inverse of words_to_json."""
    return [Word(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Plan:
    """How an episode's audio is worked on; ``transcribed``: for its words, not for states alone.

    ``hotwords`` are the names that the transcriber is told to expect.
    """

    pieces: Sequence[Piece]
    duration_s: float
    transcribed: bool
    hotwords: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class States:
    """Encoder states, one row a second (NaN where an engine hears nothing), and their model."""

    rows: Floats
    model: str


class FeedArtefacts:
    """A feed's snapshot, from which its document can be rebuilt."""

    def __init__(self, store: Store, feed_id: str) -> None:
        self._store, self._name = store, f"feeds/{feed_id}.json.gz"

    def save(self, feed: Feed) -> None:
        """Keep the feed as it is now."""
        self._store.put_json(self._name, feed.model_dump(mode="json"))

    def remove(self) -> None:
        """Forget it."""
        self._store.remove(self._name)


def saved_feeds(store: Store) -> list[Feed]:
    """Every feed in the store."""
    return [Feed.model_validate(store.get_json(name)) for name in store.names("feeds")]


def saved_episode_ids(store: Store) -> list[str]:
    """The ids of all episodes that have a snapshot in the store."""
    names = store.names("episodes")
    return [name.split("/")[1] for name in names if name.endswith("/episode.json.gz")]


# Folders of the store whose contents pass, and for how many seconds they may be needed.
PASSING = {"clips": 3600.0, ".unfinished": 86_400.0, ".probe": 3600.0}


def remove_leftovers(store: Store) -> list[str]:
    """Remove what processes that died have left unfinished; the names."""
    return [name for folder, age_s in PASSING.items() for name in store.remove_old(folder, age_s)]


class EpisodeArtefacts:
    """One episode's artefacts."""

    def __init__(self, store: Store, episode_id: str) -> None:
        self.store = store
        self._root = f"episodes/{episode_id}"
        self.source = f"{self._root}/source"  # the enclosure's bytes

    def _name(self, leaf: str) -> str:
        return f"{self._root}/{leaf}"

    def save_episode(self, episode: Episode) -> None:
        """Keep a snapshot, from which the document can be rebuilt."""
        self.store.put_json(self._name("episode.json.gz"), episode.model_dump(mode="json"))

    def episode(self) -> Episode:
        """The snapshot. Raises FileNotFoundError."""
        return Episode.model_validate(self.store.get_json(self._name("episode.json.gz")))

    def pcm(self, sample_rate_hz: int = SAMPLE_RATE_HZ) -> str:
        """The name of the decoded audio at a rate: raw s16le, mono."""
        rate = "" if sample_rate_hz == SAMPLE_RATE_HZ else f"-{sample_rate_hz}"
        return self._name(f"audio{rate}.pcm")

    def open_pcm(self, sample_rate_hz: int = SAMPLE_RATE_HZ) -> BinaryIO:
        """The decoded audio. Raises FileNotFoundError."""
        return self.store.open(self.pcm(sample_rate_hz))

    def has_pcm(self, sample_rate_hz: int = SAMPLE_RATE_HZ) -> bool:
        """Whether the decoded audio is still kept."""
        return self.store.exists(self.pcm(sample_rate_hz))

    def save_plan(self, plan: Plan) -> None:
        """Keep how the audio is cut into pieces and windows."""
        rows = [[[w.start_s, w.end_s, w.speech] for w in piece.windows] for piece in plan.pieces]
        value = {
            "duration_s": plan.duration_s,
            "transcribed": plan.transcribed,
            "hotwords": list(plan.hotwords),
            "pieces": rows,
        }
        self.store.put_json(self._name("plan.json.gz"), value)

    def plan(self) -> Plan | None:
        """The plan, or None before there is one."""
        try:
            value = self.store.get_json(self._name("plan.json.gz"))
        except FileNotFoundError:
            return None
        pieces = [
            Piece(number, tuple(Window(*row) for row in rows))
            for number, rows in enumerate(value["pieces"])
        ]
        hotwords = value.get("hotwords", ())
        return Plan(pieces, value["duration_s"], value["transcribed"], hotwords)

    def save_piece(
        self,
        number: int,
        words: Sequence[Word],
        languages: Sequence[LanguageSpan],
        states: Mapping[str, States],
    ) -> None:
        """Keep a piece's words and each role's states; the words come last and mark it as done."""
        for role, made in states.items():
            self.store.put_array(self._states_name(role, number), made.rows.astype(np.float16))
        row = {
            "words": words_to_json(words),
            "languages": list(languages),
            "states_models": {role: made.model for role, made in states.items()},
        }
        self.store.put_json(self._name(f"words-{number}.json.gz"), row)

    def add_states(self, number: int, role: str, made: States) -> None:
        """Keep one more role's states of a done piece; what names them is written last."""
        self.store.put_array(self._states_name(role, number), made.rows.astype(np.float16))
        row = self.store.get_json(self._name(f"words-{number}.json.gz"))
        models = {**_states_models(row), role: made.model}
        self.store.put_json(self._name(f"words-{number}.json.gz"), row | {"states_models": models})

    def has_piece(self, number: int) -> bool:
        """Whether the piece is done."""
        return self.store.exists(self._name(f"words-{number}.json.gz"))

    def missing_pieces(self) -> list[int]:
        """The numbers of the plan's pieces that are not done yet; none before there is a plan."""
        plan = self.plan()
        return [p.number for p in plan.pieces if not self.has_piece(p.number)] if plan else []

    def is_heard(self) -> bool:
        """Whether there is a plan and all its pieces are done."""
        return self.plan() is not None and not self.missing_pieces()

    def piece_words(self, number: int) -> tuple[list[Word], list[LanguageSpan]]:
        """A done piece's words and the languages of its windows."""
        row = self.store.get_json(self._name(f"words-{number}.json.gz"))
        return words_from_json(row["words"]), [(a, b, c) for a, b, c in row["languages"]]

    def states_models(self, role: str) -> set[str | None]:
        """The models that made a role's states; None stands for pieces without such states."""
        plan = self.plan()
        if plan is None or not self.is_heard():
            return {None}
        return {self.states_model(role, piece.number) for piece in plan.pieces} or {None}

    def states_model(self, role: str, number: int) -> str | None:
        """The model that made a done piece's states of a role; None where it has none."""
        row = self.store.get_json(self._name(f"words-{number}.json.gz"))
        return _states_models(row).get(role)

    def piece_states(self, role: str, number: int) -> Floats:
        """A done piece's states of a role, one row a second of its audio."""
        return self.store.get_array(self._states_name(role, number)).astype(np.float32)

    def _states_name(self, role: str, number: int) -> str:
        """Those of Whisper were there before any others, and have no role's name."""
        return self._name(
            f"states-{number}.npy" if role == _FIRST_ROLE else f"states-{role}-{number}.npy"
        )

    def save_publisher(self, words: Sequence[Word], language: str | None, estimated: bool) -> None:
        """Keep the publisher's transcript."""
        row = {"words": words_to_json(words), "language": language, "estimated": estimated}
        self.store.put_json(self._name("publisher.json.gz"), row)

    def publisher(self) -> tuple[list[Word], str | None, bool] | None:
        """The publisher's words, their language, and whether their times are estimates."""
        try:
            row = self.store.get_json(self._name("publisher.json.gz"))
        except FileNotFoundError:
            return None
        return words_from_json(row["words"]), row["language"], row["estimated"]

    def remove_publisher(self) -> None:
        """Forget the publisher's transcript."""
        self.store.remove(self._name("publisher.json.gz"))

    def save_segments(self, segments: Sequence[Segment]) -> None:
        """Keep the finished segments with their words."""
        rows = [
            {
                "start_s": segment.start_s,
                "end_s": segment.end_s,
                "language": segment.language,
                "text": segment.text,
                "words": words_to_json(segment.words),
            }
            for segment in segments
        ]
        self.store.put_json(self._name("segments.json.gz"), rows)

    def segments(self) -> list[Segment] | None:
        """The finished segments, or None before the episode was."""
        try:
            rows = self.store.get_json(self._name("segments.json.gz"))
        except FileNotFoundError:
            return None
        return [
            Segment(r["start_s"], r["end_s"], words_from_json(r["words"]), r["language"])
            for r in rows
        ]

    def save_vectors(self, role: str, model: str, vectors: NDArray[Any]) -> None:
        """Keep a role's vectors, one row a segment (NaN where it has none), and their model."""
        self.store.put_array(self._name(f"{role}-vectors.npy"), vectors.astype(np.float32))
        self.store.put_json(self._name(f"{role}-vectors.json.gz"), {"model": model})

    def vectors(self, role: str, model: str) -> Floats | None:
        """A role's vectors by this very model, or None."""
        try:
            kept = self.store.get_json(self._name(f"{role}-vectors.json.gz"))
            if kept["model"] != model:
                return None
            return self.store.get_array(self._name(f"{role}-vectors.npy")).astype(np.float32)
        except FileNotFoundError:
            return None

    def save_readings(self, model: str, readings: Sequence[Tokens]) -> None:
        """Keep each segment's token vectors, and the model that made them."""
        rows = np.concatenate(readings) if readings else np.zeros((0, 0), np.int8)
        self.store.put_array(self._name("readings.npy"), rows)
        counts = [len(tokens) for tokens in readings]
        self.store.put_json(self._name("readings.json.gz"), {"model": model, "tokens": counts})

    def readings(self, model: str) -> list[Tokens] | None:
        """Each segment's token vectors by this very model, or None."""
        try:
            kept = self.store.get_json(self._name("readings.json.gz"))
            if kept["model"] != model:
                return None
            rows = self.store.get_array(self._name("readings.npy"))
        except FileNotFoundError:
            return None
        ends = np.cumsum(kept["tokens"])
        return [rows[end - count : end] for count, end in zip(kept["tokens"], ends, strict=True)]

    def save_landmarks(self, landmarks: Landmarks) -> None:
        """Keep the landmarks of the whole audio, one row each: time in frames, and bin."""
        rows = np.column_stack([landmarks.times, landmarks.bins]).astype(np.int32)
        self.store.put_array(self._name(_LANDMARKS), rows)

    def landmarks(self) -> Landmarks | None:
        """The landmarks of this version, or None."""
        try:
            rows = self.store.get_array(self._name(_LANDMARKS)).astype(np.int64)
        except FileNotFoundError:
            return None
        return Landmarks(rows[:, 0], rows[:, 1])

    def save_peaks(self, peaks: Peaks) -> None:
        """Keep the shape of the loudness."""
        self.store.put_array(self._name("peaks.npy"), peaks)

    def peaks(self) -> Peaks | None:
        """The shape of the loudness, or None for audio that was heard before it was kept."""
        try:
            return self.store.get_array(self._name("peaks.npy")).astype(np.uint8)
        except FileNotFoundError:
            return None

    def drop_audio(self) -> None:
        """Remove the decoded and the downloaded audio."""
        for name in self.store.names(self._root):
            if name.endswith(".pcm"):
                self.store.remove(name)
        self.store.remove(self.source)

    def drop_heard(self) -> None:
        """Remove what was heard of audio that has changed since; the publisher's words stay."""
        for name in self.store.names(self._root):
            if name.rsplit("/", 1)[1].startswith(_OF_AUDIO):
                self.store.remove(name)


def _states_models(row: Mapping[str, Any]) -> dict[str, str]:
    """The models of a piece's states by role; once there was one, and once it was "audio"."""
    named = dict(row.get("states_models", {}))
    first = named.pop("audio", row.get("states_model"))
    return ({_FIRST_ROLE: first} if first else {}) | named
