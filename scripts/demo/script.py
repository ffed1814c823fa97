"""Reads the episodes' scripts: a TOML head, a line of ``+++``, then what is heard in order.

``# Title`` opens a chapter, ``[sound 6]`` plays a sound for six seconds, and ``Name: words``
is somebody's turn to speak.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

SHOWS_DIR = Path(__file__).parent / "shows"

_CUE = re.compile(r"\[(?P<sound>[a-z]+) (?P<duration_s>[\d.]+)\]")
_TURN = re.compile(r"(?P<speaker>\w+): (?P<text>.+)")
# A sentence ends at . ? ! before a space; French sets a space before ? and !.
_SENTENCE = re.compile(r".+?[.?!](?=\s+[^\s?!]|$)")


@dataclass(frozen=True)
class Heading:
    """The start of a chapter."""

    title: str


@dataclass(frozen=True)
class Cue:
    """A sound or a tune, alone."""

    sound: str
    duration_s: float


@dataclass(frozen=True)
class Sentence:
    """What one speaker says in one breath; ``turn`` counts the changes of paragraph."""

    speaker: str
    text: str
    turn: int


Item = Heading | Cue | Sentence


@dataclass(frozen=True)
class Noise:
    """A background under the whole episode, this much below the speech."""

    sound: str
    snr_db: float


@dataclass(frozen=True)
class Show:
    """A podcast."""

    id: str
    title: str
    author: str
    language: str
    category: str
    description: str
    theme: str
    colours: tuple[str, ...]


@dataclass(frozen=True)
class Script:
    """An episode, as written."""

    show: Show
    id: str
    title: str
    published: datetime
    format: str
    summary: str
    language: str
    items: tuple[Item, ...]
    voices: Mapping[str, str] = field(default_factory=dict)
    noise: Noise | None = None
    ci: bool = False
    transcript: bool = False

    @property
    def sentences(self) -> list[Sentence]:
        """Everything that is said, in order."""
        return [item for item in self.items if isinstance(item, Sentence)]


def sentences_of(text: str) -> list[str]:
    """A paragraph's sentences, each with its closing mark."""
    found = [match.strip() for match in _SENTENCE.findall(text)]
    if "".join(found).replace(" ", "") != text.replace(" ", ""):
        raise ValueError(f"end this paragraph with . ? or !: {text!r}")
    return found


def parse_body(body: str) -> tuple[Item, ...]:
    """The items of a script's body, in order; ValueError names a line it cannot read."""
    items: list[Item] = []
    for turn, line in enumerate(filter(None, map(str.strip, body.splitlines()))):
        items += _parse_line(line, turn)
    return tuple(items)


def _parse_line(line: str, turn: int) -> list[Item]:
    if line.startswith("# "):
        return [Heading(line[2:])]
    if cue := _CUE.fullmatch(line):
        return [Cue(cue["sound"], float(cue["duration_s"]))]
    if said := _TURN.fullmatch(line):
        return [Sentence(said["speaker"], text, turn) for text in sentences_of(said["text"])]
    raise ValueError(f"neither a chapter, a sound nor a speaker's turn: {line!r}")


def load_script(show: Show, path: Path) -> Script:
    """One episode's script."""
    head, body = path.read_text(encoding="utf-8").split("+++\n", 1)
    fields = tomllib.loads(head)
    noise = fields.pop("noise", None)
    script = Script(
        show=show,
        id=path.stem,
        items=parse_body(body),
        noise=Noise(**noise) if noise else None,
        **{"language": show.language, **fields},
    )
    unknown = {sentence.speaker for sentence in script.sentences} - set(script.voices)
    if unknown:
        raise ValueError(f"{path.name} gives no voice to {', '.join(sorted(unknown))}")
    return script


def load_show(folder: Path) -> Show:
    """A show's own description."""
    fields = tomllib.loads((folder / "show.toml").read_text(encoding="utf-8"))
    return Show(id=folder.name, **{**fields, "colours": tuple(fields["colours"])})


def load_all(shows_dir: Path = SHOWS_DIR) -> list[Script]:
    """Every episode, shortest scripts first, so that something can be heard soon."""
    scripts = [
        load_script(load_show(folder), path)
        for folder in sorted(shows_dir.iterdir())
        if folder.is_dir()
        for path in sorted(folder.glob("*.txt"))
    ]
    return sorted(scripts, key=lambda script: sum(len(said.text) for said in script.sentences))


def choose(
    scripts: list[Script], only: tuple[str, ...] = (), count: int | None = None, ci: bool = False
) -> list[Script]:
    """The episodes to build: by id, or the ones marked for CI, or the first few."""
    unknown = set(only) - {script.id for script in scripts}
    if unknown:
        raise ValueError(f"no demo episode is called {', '.join(sorted(unknown))}")
    chosen = [script for script in scripts if script.id in only or not only]
    return [script for script in chosen if script.ci or not ci][:count]
