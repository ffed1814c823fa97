"""Transcripts from an episode's kept segments, in four forms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.artefacts import EpisodeArtefacts
from app.domain import Episode, Segment, Word
from app.store import get_store
from app.web.models import TranscriptOut, TranscriptSegment, TranscriptWord
from app.web.problems import Problem

CUE_CHARS = 84  # two lines of 42, the usual width of captions
CUE_S = 7.0  # a caption stays no longer


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption."""

    start_s: float
    end_s: float
    text: str
    speaker: str | None


def segments(episode: Episode) -> list[Segment]:
    """The episode's segments, spoken or not. 404 before it was transcribed."""
    kept = EpisodeArtefacts(get_store(), episode.id).segments()
    if kept is None:
        raise Problem(404, f"The episode has no transcript yet: it is {episode.status}.")
    return kept


def spoken(episode: Episode) -> list[Segment]:
    """Only the segments with words."""
    return [segment for segment in segments(episode) if segment.words]


def as_json(episode: Episode) -> TranscriptOut:
    """Every segment and word with its times."""
    return TranscriptOut(
        episode_id=episode.id,
        language=episode.language,
        times_estimated=episode.times_estimated,
        segments=[_segment(segment) for segment in spoken(episode)],
    )


def _segment(segment: Segment) -> TranscriptSegment:
    words = [
        TranscriptWord(
            word=word.text.strip(),
            start_s=word.start_s,
            end_s=word.end_s,
            probability=word.probability,
            speaker=word.speaker,
        )
        for word in segment.words
    ]
    return TranscriptSegment(
        start_s=segment.start_s,
        end_s=segment.end_s,
        language=segment.language,
        text=segment.text,
        words=words,
    )


def as_text(spoken: Sequence[Segment]) -> str:
    """The words alone, one segment a line."""
    return "".join(f"{segment.text}\n" for segment in spoken)


def as_vtt(spoken: Sequence[Segment]) -> str:
    """WebVTT."""
    return "WEBVTT\n\n" + "\n".join(_vtt_cue(cue) for cue in cues(spoken))


def _vtt_cue(cue: Cue) -> str:
    text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    voice = f"<v {cue.speaker.replace('>', '')}>" if cue.speaker else ""
    return f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n{voice}{text}\n"


def as_srt(spoken: Sequence[Segment]) -> str:
    """SubRip."""
    return "\n".join(
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n{cue.text}\n"
        for number, cue in enumerate(cues(spoken), 1)
    )


def cues(spoken: Sequence[Segment]) -> Iterator[Cue]:
    """Captions short enough to read, each within one segment and one speaker."""
    for segment in spoken:
        group: list[Word] = []
        for word in segment.words:
            if group and _full(group, word):
                yield _cue(group)
                group = []
            group.append(word)
        if group:
            yield _cue(group)


def _full(group: Sequence[Word], word: Word) -> bool:
    chars = sum(len(w.text) for w in group) + len(word.text)
    return (
        chars > CUE_CHARS
        or word.end_s - group[0].start_s > CUE_S
        or word.speaker != group[0].speaker
    )


def _cue(group: Sequence[Word]) -> Cue:
    text = "".join(word.text for word in group).strip()
    return Cue(group[0].start_s, group[-1].end_s, text, group[0].speaker)


def _clock(seconds: float, point: str) -> str:
    total_ms = round(seconds * 1000)
    minutes, ms = divmod(total_ms, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}{point}{ms % 1000:03}"
