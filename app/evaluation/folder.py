"""A folder of judged questions: segments, queries and qrels, read and checked.

``segments-NAME.jsonl`` (or ``segments.jsonl``) is one condition of the same material, a JSON
object a line with ``id``, ``text`` and perhaps ``episode`` and ``language``; ``queries.jsonl``
has ``id``, ``text`` and perhaps ``class``; ``qrels.tsv`` has query id, segment id and relevance
(1 where it is left out; of four columns, as TREC has, the second is skipped).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Other collections call the same things so.
_ID = ("id", "_id")
_TEXT = ("text", "question", "query", "transcript")

Judged = Mapping[str, float]  # relevance above 0 by segment id


class FolderError(Exception):
    """A folder that cannot be evaluated; says which file and what to change."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A segment as the folder gives it."""

    id: str
    episode: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Question:
    """A query with its judgements; ``kind`` is its class."""

    id: str
    text: str
    judged: Judged
    kind: str = "question"


@dataclass(frozen=True, slots=True)
class Folder:
    """Conditions by name, the questions that have an answer, and what was left out and why."""

    path: Path
    conditions: Mapping[str, Sequence[Passage]]
    questions: Sequence[Question]
    remarks: Sequence[str]

    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each file that was read, by name."""
        files = [*_condition_files(self.path), *(_the(self.path, name) for name in _OTHERS)]
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


_OTHERS = {"queries": "*.jsonl", "qrels": "*.tsv"}


def read(path: Path, language: str = "en") -> Folder:
    """The whole folder; ``language`` is that of segments which do not say theirs.

    Raises FolderError.
    """
    if not path.is_dir():
        raise FolderError(f"{path} is not a folder: name one with segments*.jsonl in it.")
    conditions = {_condition(file): _passages(file, language) for file in _condition_files(path)}
    asked = _queries(_the(path, "queries"))
    known = {passage.id for passages in conditions.values() for passage in passages}
    judged, remarks = _judgements(_the(path, "qrels"), known)
    questions = [
        Question(id_, text, judged[id_], kind) for id_, text, kind in asked if judged.get(id_)
    ]
    if not questions:
        raise FolderError(
            f"{path}: no query has a relevant segment. The first column of qrels.tsv must be ids "
            "of queries.jsonl, the second ids of segments*.jsonl."
        )
    if len(questions) < len(asked):
        remarks.append(f"{len(asked) - len(questions)} queries have no judgement: left out")
    return Folder(path, conditions, questions, remarks)


def _condition_files(path: Path) -> list[Path]:
    files = sorted(path.glob("segments*.jsonl"))
    if not files:
        raise FolderError(
            f"{path} has no segments.jsonl or segments-NAME.jsonl, a JSON object with id, "
            "episode and text on each line."
        )
    return files


def _condition(file: Path) -> str:
    return file.stem.removeprefix("segments").strip("-_. ") or "plain"


def _the(path: Path, name: str) -> Path:
    """The one file of that name, with whatever follows it."""
    pattern = f"{name}{_OTHERS[name]}"
    files = sorted(path.glob(pattern))
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise FolderError(f"{path} needs one {name}{_OTHERS[name][1:]}; found: {found}.")
    return files[0]


def _passages(file: Path, language: str) -> list[Passage]:
    passages: dict[str, Passage] = {}
    for place, row in _rows(file):
        id_ = _field(row, _ID, place)
        if id_ in passages:
            raise FolderError(f"{place}: the id {id_} stands twice in this file.")
        episode = str(row.get("episode") or "")
        spoken = row.get("language") or language
        passages[id_] = Passage(id_, episode, _field(row, _TEXT, place, may_be_empty=True), spoken)
    if not passages:
        raise FolderError(f"{file} is empty.")
    return list(passages.values())


def _queries(file: Path) -> list[tuple[str, str, str]]:
    """The id, text and class of each."""
    return [
        (_field(row, _ID, place), _field(row, _TEXT, place), str(row.get("class") or "question"))
        for place, row in _rows(file)
    ]


def _rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object with its place, for messages."""
    for number, line in enumerate(_lines(file), start=1):
        place = f"{file}, line {number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise FolderError(f"{place} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise FolderError(f"{place} is not a JSON object.")
        yield place, row


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FolderError(f"{file} cannot be read: {error}") from error
    return [line for line in text.split("\n") if line.strip()]


def _field(
    row: Mapping[str, Any], names: Sequence[str], place: str, *, may_be_empty: bool = False
) -> str:
    found = next((str(row[name]) for name in names if row.get(name) is not None), None)
    if found is None or not (found.strip() or may_be_empty):
        raise FolderError(f"{place} has no {names[0]}.")
    return found.strip()


def _judgements(file: Path, known: set[str]) -> tuple[dict[str, dict[str, float]], list[str]]:
    judged: dict[str, dict[str, float]] = {}
    strange = 0
    for number, line in enumerate(_lines(file), start=1):
        query, segment, relevance = _judgement(line, f"{file}, line {number}", number == 1)
        if segment not in known:
            strange += bool(query)
        elif relevance > 0:
            judged.setdefault(query, {})[segment] = relevance
    remarks = [f"{strange} judgements name segments that are not there: left out"]
    return judged, remarks if strange else []


def _judgement(line: str, place: str, is_first: bool) -> tuple[str, str, float]:
    columns = line.split("\t") if "\t" in line else line.split()
    columns = [column.strip() for column in columns]
    if len(columns) == 4:
        columns.pop(1)
    try:
        query, segment, *relevance = columns
        return query, segment, float(relevance[0]) if relevance else 1.0
    except ValueError as error:
        if is_first:  # a line of headings
            return "", "", 0.0
        raise FolderError(f"{place} is not: query id, segment id, relevance.") from error
