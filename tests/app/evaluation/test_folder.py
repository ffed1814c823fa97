from pathlib import Path

import pytest

from app.evaluation.folder import FolderError, Question, read

SEGMENT = '{"id": "s1", "episode": "e", "text": "hello there"}\n'
QUERY = '{"id": "q1", "text": "who says hello"}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "segments-wer23.jsonl").write_text(SEGMENT)
    (tmp_path / "queries.jsonl").write_text(QUERY)
    (tmp_path / "qrels.tsv").write_text("q1\ts1\t1\n")
    return tmp_path


def test_a_folder_is_read(folder: Path) -> None:
    found = read(folder)
    assert list(found.conditions) == ["wer23"]
    assert found.questions == [Question("q1", "who says hello", {"s1": 1.0})]
    assert found.remarks == []
    assert set(found.hashes()) == {"segments-wer23.jsonl", "queries.jsonl", "qrels.tsv"}


def test_one_file_of_segments_without_a_name_or_episodes(folder: Path) -> None:
    (folder / "segments-wer23.jsonl").unlink()
    (folder / "segments.jsonl").write_text('{"id": 1, "text": "hello"}\n\n')
    (folder / "qrels.tsv").write_text("q1 1\n")
    found = read(folder)
    assert found.conditions["plain"][0].id == "1"
    assert found.questions[0].judged == {"1": 1.0}


def test_headings_and_the_columns_of_trec_are_understood(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\t0\ts1\t2\n")
    assert read(folder).questions[0].judged == {"s1": 2.0}


def test_what_is_left_out_is_said(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("q1\ts1\t1\nq1\tgone\t1\n")
    (folder / "queries.jsonl").write_text(QUERY + '{"id": "q2", "text": "why"}\n')
    assert read(folder).remarks == [
        "1 judgements name segments that are not there: left out",
        "1 queries have no judgement: left out",
    ]


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("segments-wer23.jsonl", "", "is empty"),
        ("segments-wer23.jsonl", '{"text": "x"}\n', "line 1 has no id"),
        ("segments-wer23.jsonl", SEGMENT * 2, "line 2: the id s1 stands twice"),
        ("queries.jsonl", "{]", "line 1 is not JSON"),
        ("queries.jsonl", '{"id": "q1", "text": " "}', "line 1 has no text"),
        ("qrels.tsv", "q1\ts1\t1\nq1\ts1\thigh\n", "line 2 is not: query id"),
        ("qrels.tsv", "q1\tanother\t1\n", "no query has a relevant segment"),
        ("qrels-more.tsv", "q1\ts1\t1\n", "needs one qrels.tsv"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, file: str, text: str, says: str) -> None:
    (folder / file).write_text(text)
    with pytest.raises(FolderError, match=says):
        read(folder)


def test_an_empty_folder_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"no segments\.jsonl"):
        read(tmp_path)
    with pytest.raises(FolderError, match="not a folder"):
        read(tmp_path / "none")
