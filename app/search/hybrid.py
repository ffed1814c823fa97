"""A search: all legs in one ``_msearch``, fused, the best read closely, the page's hits fetched."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from elasticsearch import ApiError, Elasticsearch, TransportError

from app.encoders.base import EncoderError, Floats, Likeness
from app.search import keyword, legs
from app.search.ask import SCALES, WORTH_READING, Answers, ask
from app.search.client import get_client
from app.search.fuse import Found, Fused, Scale, fuse
from app.search.hydrate import HitsUnreadable, hydrate
from app.search.index import ModelMismatch, alias
from app.search.meaning import get_likeness, get_meaning
from app.search.near import near
from app.search.paging import Slice, by_episode, by_segment, grouped
from app.search.query import Query, QueryError
from app.search.reading import Read, read_closely
from app.search.recorded import Recorded, find_recording
from app.search.recordings import RecordingsUnavailable
from app.search.relax import Relaxed, relax
from app.search.result import Degraded, Intent, Result, SoundAsked, Total
from app.search.sound import (
    MOST_SOUNDS,
    NO_FINDER,
    NoSuchSound,
    Sound,
    check_clip,
    get_sounds,
    lacking,
    of_clip,
)
from app.search.weights import Weights
from app.search.words import Words
from app.settings import get_settings

Embed = Callable[[str], list[float]]  # a text's unit vector
Ask = Callable[[str], Floats]  # the unit vectors of a question's tokens
Sounds = Callable[[Sequence[str]], Sound]  # what names listen for
Check = Callable[[str], None]  # raises where a field's vectors are by another model
Plan = dict[str, legs.Body]

TEXT_LEGS = frozenset({"keyword", "sounds_like", "meaning"})  # of these quotes are required

# What goes on while Elasticsearch answers: the encoders leave Python's lock while they work.
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="search")


class SearchUnavailable(Exception):  # noqa: N818 - names the state, as the others here do
    """No leg could answer; says why."""


def search(query: Query) -> Result:
    """Answer a search from the configured index; see Searcher.search."""
    settings = get_settings()
    searcher = Searcher(
        get_client(),
        settings.index_prefix,
        lambda text: get_meaning().of(text),
        lambda text: get_meaning().tokens(text),
        settings.num_candidates,
        sounds=lambda names: get_sounds().of(names),
        likeness=get_likeness(),
        check=lambda field: check_clip(get_client(), settings.index_prefix, field),
    )
    return searcher.search(query)


@dataclass(frozen=True, slots=True)
class _Found:
    """The legs' answers to the words that were asked in the end, and the legs that had none.

    ``question`` is what to read them for: its tokens, or None where nothing is to be read.
    """

    answers: Answers
    relaxed: Relaxed
    absent: list[Degraded]
    question: Future[Floats] | None
    listened: "_Listened"
    recorded: Recorded = field(default_factory=Recorded)

    @property
    def scales(self) -> Mapping[str, Scale]:
        """What the legs' scores mean."""
        sound = self.listened.sound
        return {**SCALES, "sound": sound.scale} if sound else SCALES


@dataclass(frozen=True, slots=True)
class _Listened:
    """What is listened for, and what there is to say of it.

    ``near`` are the passages to which words beside a sound are held, with the sound's score
    there; None where no sound is required.
    """

    sound: Sound | None = None
    near: Sequence[Found] | None = None
    told: list[Degraded] = field(default_factory=list)
    took_ms: int = 0


@dataclass(frozen=True, slots=True)
class _Ranking:
    """What all legs found, fused."""

    ranked: list[Fused]
    took_ms: int = 0
    degraded: Sequence[Degraded] = field(default_factory=tuple)


class Searcher:
    """Answers searches of one index prefix.

    Without ``ask`` nothing is read closely, without ``sounds`` none is found by name;
    ``likeness`` is what the cosines of ``embed`` mean; ``check`` raises ModelMismatch where a
    field's vectors are not comparable with a clip's.
    """

    def __init__(
        self,
        es: Elasticsearch,
        prefix: str,
        embed: Embed,
        ask: Ask | None = None,
        candidates: int = legs.CANDIDATES,
        *,
        sounds: Sounds | None = None,
        likeness: Likeness = Likeness(),  # noqa: B008 - a tuple, which never changes
        check: Check = lambda _: None,
    ) -> None:
        self._es = es
        self._prefix = prefix
        self._embed = embed
        self._ask = ask
        self._candidates = candidates
        self._sounds = sounds
        self._likeness = likeness
        self._check = check

    def search(self, query: Query) -> Result:
        """One page of hits.

        Raises QueryError or CursorError on what cannot be asked, and SearchUnavailable where
        Elasticsearch or every leg fails; a single leg's failure is told in ``degraded``.
        """
        start, offset, words = time.perf_counter(), query.offset(), query.words()
        weights = query.weights_for(words)
        try:
            found = self._found(words, query, weights)
            ranking = self._rank(found, weights)
            ranked = ranking.ranked
            cut = (by_episode if query.group else by_segment)(ranked, offset, query.size)
            page, words = cut.segments, found.relaxed.words
            places = found.recorded.places
            hits, took_ms = hydrate(self._es, self._prefix, page, words, query, places=places)
        except (ApiError, TransportError, HitsUnreadable) as error:
            raise SearchUnavailable(f"Elasticsearch did not answer: {error}") from error
        answers, relaxed = found.answers, found.relaxed
        _require_one(answers, found.absent)
        return Result(
            hits=grouped(hits, cut.moments) if query.group else hits,
            next_cursor=None if cut.is_last else query.cursor_at(cut.end),
            total=_total(answers, ranked),
            took_ms=round(1000 * (time.perf_counter() - start), 1),
            es_took_ms=sum(
                (found.listened.took_ms, relaxed.took_ms, answers.took_ms, ranking.took_ms, took_ms)
            ),
            relaxed=list(relaxed.named),
            degraded=[
                *found.absent,
                *answers.degraded,
                *ranking.degraded,
                *found.listened.told,
                *_depth(cut, answers, ranked),
            ],
            intent=_intent(query, words, found.recorded) if query.is_clip else None,
            sound=_asked(found.listened),
        )

    def answers(self, query: Query) -> Answers:
        """What each leg of a search finds, with its own scores: what is fused, to be studied.

        What was read closely is there as the leg ``reading``.
        """
        words = query.words()
        weights = query.weights_for(words)
        found = self._found(words, query, weights)
        answers = found.answers
        read = self._read(fuse(answers.found, weights, WORTH_READING), found.question)
        return replace(answers, found={**answers.found, "reading": read.found})

    def _found(self, words: Words, query: Query, weights: Weights) -> _Found:
        """What the legs find; where no leg of the text does, with less required of them."""
        recording = self._recording(query, weights)
        listened = self._listened(words, query, weights)
        if listened.near is not None:
            query = replace(query, within=frozenset(hit.id for hit in listened.near))
        sound = listened.sound if listened.near is None else None
        plan, absent = self._plan(query, words, weights, sound)
        question = self._question(words, weights)  # after the plan's own encoder, not beside it
        answers = self._answers(plan, query)
        relaxed = self._relaxed(words, query, answers)
        if relaxed.named:
            plan, absent = self._plan(query, relaxed.words, weights, sound)
            answers = self._answers(plan, query)
        answers = _with_sound(answers, listened)
        found = _Found(answers, relaxed, absent, question, listened)
        if recording is None:
            return found
        try:
            recorded = recording.result()
        except (ValueError, RecordingsUnavailable) as error:
            return replace(found, absent=[*absent, Degraded("recording", str(error))])
        both = replace(answers, found={**answers.found, "recording": recorded.found})
        return replace(found, answers=both, recorded=recorded)

    def _recording(self, query: Query, weights: Weights) -> Future[Recorded] | None:
        """The very recording, looked for meanwhile; None where there is no clip to look for."""
        if query.landmarks is None or weights["recording"] == 0:
            return None
        return _threads.submit(find_recording, self._es, self._prefix, query)

    def _listened(self, words: Words, query: Query, weights: Weights) -> _Listened:
        """What is to be heard: by name, in a clip, or what a weight asks of ordinary words."""
        if words.sounds:
            named = self._named(words.sounds)
            if named.sound is None or not (words or query.is_clip):
                return named
            return self._beside(named, words, query)
        if query.audio_vectors and weights["sound"] > 0:
            return self._in_clip(of_clip(query.audio_vectors), words, query)
        if words and not query.is_clip and query.weights.get("sound", 0) > 0:
            return self._named([words.text])
        return _Listened()

    def _in_clip(self, sound: Sound, words: Words, query: Query) -> _Listened:
        if not _tells(sound, words, query):
            return _Listened()
        try:
            self._check(sound.field)
        except (EncoderError, ModelMismatch) as error:
            return _Listened(told=[Degraded("sound", str(error))])
        return self._told(sound)

    def _named(self, names: Sequence[str]) -> _Listened:
        if self._sounds is None:
            return _Listened(told=[Degraded("sound", NO_FINDER)])
        try:
            named = self._told(self._sounds(names[:MOST_SOUNDS]))
        except (EncoderError, ModelMismatch, NoSuchSound) as error:
            return _Listened(told=[Degraded("sound", str(error))])
        if len(names) > MOST_SOUNDS:
            reason = f"Only the first {MOST_SOUNDS} sounds are listened for."
            named.told.append(Degraded("sound", reason))
        return named

    def _told(self, sound: Sound) -> _Listened:
        return _Listened(sound, told=lacking(self._es, self._prefix, sound.field))

    def _beside(self, named: _Listened, words: Words, query: Query) -> _Listened:
        """The passages near the sound that is named, to which the words are held."""
        sound = named.sound
        assert sound is not None  # noqa: S101 - the caller has seen to it
        shows = Words(text="", loose="", shows=words.shows)  # what is not said may be heard
        body = legs.sound(sound, shows, query, self._candidates)
        found, took_ms = near(self._es, self._segments, body, sound.scale.alone)
        return replace(named, near=found, took_ms=took_ms)

    def _plan(
        self, query: Query, words: Words, weights: Weights, sound: Sound | None
    ) -> tuple[Plan, list[Degraded]]:
        """The bodies of the legs that take part, and those that cannot."""
        makers: dict[str, Callable[[], legs.Body]] = {}
        count = self._candidates
        if words:
            makers["keyword"] = lambda: keyword.keyword(words, query)
            makers["sounds_like"] = lambda: legs.sounds_like(words, query)
            makers["meaning"] = lambda: legs.meaning(
                self._embed(words.text), words, query, count, self._likeness
            )
        if sound is not None:
            makers["sound"] = lambda: legs.sound(sound, words, query, count)
        if (voice := query.voice_vector) is not None:
            makers["voice"] = lambda: self._voice(voice, words, query)
        wanted = {leg: make for leg, make in makers.items() if weights[leg] > 0}
        if makers and not wanted and not query.is_clip:
            first, legs_of_it = next(iter(makers)), ", ".join(makers)
            raise QueryError(f"w_{first}", f"Give one of {legs_of_it} a weight above 0.")
        return _made(wanted)

    def _voice(self, voice: Sequence[float], words: Words, query: Query) -> legs.Body:
        self._check("voice")
        return legs.voice(voice, words, query, self._candidates)

    def _answers(self, plan: Plan, query: Query) -> Answers:
        if not plan:
            return Answers.nothing()
        return ask(self._es, self._segments, plan, query.identity(), self._likeness)

    @property
    def _segments(self) -> str:
        return alias(self._prefix, "segments")

    def _relaxed(self, words: Words, query: Query, answers: Answers) -> Relaxed:
        """What to require where no leg of the text found what was; usually nothing else."""
        asked = TEXT_LEGS & answers.found.keys()
        if not asked or any(answers.found[leg] for leg in asked):
            return Relaxed(words)
        relaxed = relax(self._es, self._segments, words, query)
        if not relaxed.named:
            return relaxed
        return replace(relaxed, took_ms=relaxed.took_ms + answers.took_ms)

    def _question(self, words: Words, weights: Weights) -> Future[Floats] | None:
        """The question's tokens, encoded meanwhile; None where nothing is to be read closely."""
        if self._ask is None or not words or weights["reading"] == 0:
            return None
        return _threads.submit(self._ask, words.text)

    def _rank(self, found: _Found, weights: Weights) -> _Ranking:
        """Fuse what the legs found, then once more with the best read closely.

        Reading only adds, so that what lies below its depth stays below.
        """
        legs_found = found.answers.found
        worth = {**found.scales, "meaning": WORTH_READING["meaning"]}
        read = self._read(fuse(legs_found, weights, worth), found.question)
        every = {**legs_found, "reading": read.found} if read.found else legs_found
        return _Ranking(fuse(every, weights, found.scales), read.took_ms, read.degraded)

    def _read(self, ranked: Sequence[Fused], question: Future[Floats] | None) -> Read:
        if question is None:
            return Read([], 0, [])
        try:
            tokens = question.result()
        except Exception as error:  # noqa: BLE001 - whatever fails in a model costs its part only
            return Read([], 0, [Degraded("reading", str(error) or type(error).__name__)])
        return read_closely(self._es, self._segments, ranked, tokens)


def _made(makers: dict[str, Callable[[], legs.Body]]) -> tuple[Plan, list[Degraded]]:
    plan: Plan = {}
    failed: list[Degraded] = []
    for leg, make in makers.items():
        try:
            plan[leg] = make()
        except Exception as error:  # noqa: BLE001 - whatever fails in a model costs its leg only
            failed.append(Degraded(leg, str(error) or type(error).__name__))
    return plan, failed


def _require_one(answers: Answers, absent: list[Degraded]) -> None:
    failed = [*absent, *answers.degraded]
    if failed and not answers.found:
        reasons = "; ".join(f"{one.part}: {one.reason}" for one in failed)
        raise SearchUnavailable(f"No part of the search could answer. {reasons}")


def _intent(query: Query, words: Words, recorded: Recorded) -> Intent:
    """What the clip was searched for, and why."""
    if query.intent is not None:
        return Intent(query.intent, query.intent, "asked for")
    if recorded.found:
        return Intent(None, "recording", "the very recording is in the library")
    if words:
        return Intent(None, "meaning", "someone speaks in it")
    return Intent(None, "sound", "no words were heard in it")


def _tells(sound: Sound, words: Words, query: Query) -> bool:
    """Whether a clip's sound tells one passage from another, unless it was asked for by name.

    To the classes of sound all that is spoken is alike, and what was said tells more.
    """
    is_guess = query.intent is None and "sound" not in query.weights
    return not (is_guess and words and sound.field == "audio_classes")


def _with_sound(answers: Answers, listened: _Listened) -> Answers:
    """Where words were held to a sound, each hit has the sound's score, too."""
    if not listened.near:
        return answers
    said = {hit.id for hits in answers.found.values() for hit in hits}
    both = [hit for hit in listened.near if hit.id in said]
    return replace(answers, found={**answers.found, "sound": both})


def _asked(listened: _Listened) -> SoundAsked | None:
    sound = listened.sound
    return SoundAsked(sound.field, list(sound.names)) if sound else None


def _total(answers: Answers, ranked: list[Fused]) -> Total:
    """Words are counted; of the nearest vectors nobody can say how many there are.

    What the vectors found may be among the segments with the words below the depth.
    """
    with_words = len(answers.found.get("keyword", ())) + answers.unseen
    return Total(max(len(ranked), with_words), "eq" if answers.is_whole else "gte")


def _depth(cut: Slice, answers: Answers, ranked: list[Fused]) -> list[Degraded]:
    """Said on the last page where more was found than can be paged through."""
    if not (cut.is_last and answers.unseen):
        return []
    reason = f"Only the best {len(ranked)} can be paged through; narrow the search for others."
    return [Degraded("paging", reason)]
