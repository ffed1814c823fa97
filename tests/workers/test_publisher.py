import json
from collections.abc import Sequence

import pytest

from app.domain import Chapter, Episode, TranscriptLink, Word
from app.net import HttpClient
from tests.served import Site
from workers import child
from workers.fetch import FetchError
from workers.publisher import (
    TranscriptError,
    best_links,
    estimate_times,
    fetch_chapters,
    fetch_transcript,
    parse_chapters,
    parse_transcript,
)
from workers.transcript_document import transcript_json

Row = tuple[str, float, float, str | None]


def rows(text: str, kind: str = "", duration_s: float | None = None) -> list[Row]:
    """The words of a document, read in this process."""
    about = f"{kind} {'' if duration_s is None else duration_s}".rstrip()
    found = transcript_json(text.encode(), about)
    return [(w, round(a, 3), round(b, 3), who) for w, a, b, who in found["words"]]


def said(found: Sequence[Row]) -> str:
    return "".join(word for word, *_ in found)


def refusal(text: str, kind: str = "") -> str:
    with pytest.raises(TranscriptError) as caught:
        transcript_json(text.encode(), kind)
    return str(caught.value)


def test_vtt_gives_speakers_and_spreads_times_by_length() -> None:
    vtt = """WEBVTT
Language: en-GB

NOTE a comment --> no arrow of a cue

1
00:01.000 --> 00:03.000 align:start
<v Jane Doe>Hi <i>there</i></v>

00:00:03.000 --> 00:00:05.000
<v.loud Joe>Yes</v>
<v Jane Doe>no!</v>
"""
    assert rows(vtt) == [
        (" Hi", 1.0, 1.667, "Jane Doe"),
        (" there", 1.667, 3.0, "Jane Doe"),
        (" Yes", 3.0, 4.0, "Joe"),
        (" no!", 4.0, 5.0, "Jane Doe"),
    ]
    transcript = parse_transcript(vtt.encode(), "vtt", None)
    assert (transcript.language, transcript.timed, transcript.estimated) == ("en", True, False)
    assert transcript.words[0] == Word(" Hi", 1.0, 1.0 + 2 / 3, speaker="Jane Doe")


def test_captions_that_roll_up_are_told_once() -> None:
    vtt = """WEBVTT

00:00.000 --> 00:02.000
the first line

00:02.000 --> 00:02.010
the first line

00:02.010 --> 00:04.000
the first line
the second<00:00:03.000><c> line</c>
"""
    assert said(rows(vtt)) == " the first line the second line"


def test_srt_gives_speakers_that_hold_until_the_next() -> None:
    srt = """1
00:00:01,000 --> 00:00:02,000
JANE: Hello & welcome.

2
00:00:02,000 --> 00:00:03,000
More of it: much more.

3
00:01:03,500 --> 00:01:04,000
JOE: <b>Thanks.</b>
"""
    found = rows(srt, "srt")
    assert said(found) == " Hello & welcome. More of it: much more. Thanks."
    assert [who for *_, who in found] == ["JANE"] * 8 + ["JOE"]
    assert found[-1] == (" Thanks.", 63.5, 64.0, "JOE")


def test_a_sentence_with_a_colon_keeps_its_words() -> None:
    text = "Remember: be kind.\nAnna: I will.\nAnna: Always."
    found = rows(text, "text")
    assert said(found) == " Remember: be kind. I will. Always."
    assert [who for *_, who in found] == [None, None, None, "Anna", "Anna", "Anna"]


def test_json_of_the_podcast_namespace_is_read() -> None:
    document = {
        "version": "1.0.0",
        "segments": [
            {"speaker": "Jane", "startTime": 0.5, "endTime": 1.0, "body": "And"},
            {"speaker": "Jane", "startTime": 1.0, "endTime": 2.0, "body": "so it"},
            {"startTime": 65, "body": "ends."},
        ],
    }
    assert rows(json.dumps(document), "json", 66.0) == [
        (" And", 0.5, 1.0, "Jane"),
        (" so", 1.0, 1.5, "Jane"),
        (" it", 1.5, 2.0, "Jane"),
        (" ends.", 65.0, 66.0, None),
    ]


def test_html_gives_speakers_and_times() -> None:
    html = """<html><head><title>No word of mine</title></head><body>
<cite>Kevin:</cite><time>0:00</time><p>We have an <b>update</b>.</p>
<cite>Jane:</cite><time>0:04</time><p>Go&nbsp;on.</p>
<time>1:00:00</time><p>Later.</p><script>alert(1)</script></body></html>"""
    found = rows(html, "html", 4000.0)
    assert said(found) == " We have an update. Go on. Later."
    assert [who for *_, who in found] == ["Kevin"] * 4 + ["Jane"] * 3
    assert found[0][1:3] == (0.0, 0.6)
    assert found[3][2] == 3.8  # no slower than speech
    assert found[4][1] == 4.0
    assert found[-1][1] == 3600.0


def test_html_without_times_is_untimed() -> None:
    transcript = parse_transcript(b"<p><cite>Al</cite>One two.</p><p>Three.</p>", "html", 60.0)
    assert [(w.text, w.speaker) for w in transcript.words] == [
        (" One", "Al"),
        (" two.", "Al"),
        (" Three.", "Al"),
    ]
    assert not transcript.timed


def test_text_with_times_before_its_lines_is_timed() -> None:
    text = "[00:01] JOE: One two\n\nthree.\n\n[00:05] JANE: Four.\n"
    found = rows(text, "text", 6.0)
    assert [(w, who) for w, _, _, who in found] == [
        (" One", "JOE"),
        (" two", "JOE"),
        (" three.", "JOE"),
        (" Four.", "JANE"),
    ]
    assert (found[0][1], found[2][2], found[3][1], found[3][2]) == (1.0, 4.0, 5.0, 6.0)


def test_text_that_tells_the_time_once_is_not_timed() -> None:
    text = "12:30 was the time.\nThen we left."
    transcript = parse_transcript(text.encode(), "text", None)
    assert "".join(w.text for w in transcript.words) == " 12:30 was the time. Then we left."
    assert not transcript.timed
    assert {w.start_s for w in transcript.words} == {0.0}


def test_estimated_times_fill_the_episode_in_proportion() -> None:
    words = [Word(" one", 0, 0), Word(" three", 0, 0)]
    assert estimate_times(words, 20.0) == [Word(" one", 0.0, 8.0), Word(" three", 8.0, 20.0)]
    assert estimate_times(words, None)[-1].end_s == pytest.approx(10 / 15)


def test_han_and_kana_are_words_of_one_character() -> None:
    found = rows("WEBVTT\n\n00:00.000 --> 00:04.000\n今日は。OK です", "vtt")
    assert [w for w, *_ in found] == [" 今", "日", "は。", "OK", " で", "す"]


def test_times_out_of_order_are_put_in_order() -> None:
    srt = "00:00:05,000 --> 00:00:06,000\nb\n\n00:00:01,000 --> 00:00:02,000\na\n"
    assert said(rows(srt)) == " a b"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xef\xbb\xbfWEBVTT\r\n\r\n00:00.000 --> 00:01.000\r\ncaf\xc3\xa9\r\n", "vtt"),
        ("WEBVTT\n\n00:00.000 --> 00:01.000\ncafé".encode("utf-16"), "vtt"),
        (b"1\r\n00:00:00,000 --> 00:00:01,000\r\ncaf\xe9\r\n", "srt"),
        (b"1\n00:00:00,000 --> 00:00:01,000\ncaf\xe9\n", "text"),
        (b"1\n00:00:00.000 --> 00:00:01.000\ncaf\xe9\n", "json"),
    ],
)
def test_encodings_and_wrong_types_are_coped_with(body: bytes, kind: str) -> None:
    found = transcript_json(body, kind)
    assert found["words"] == [[" café", 0.0, 1.0, None]]


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("", "vtt", "The transcript is empty."),
        ("WEBVTT\n\n", "vtt", "The transcript holds no words."),
        ("<html>Sorry</html>", "vtt", "The transcript's address answered with a web page."),
        ("<!DOCTYPE html>Sorry", "json", "The transcript's address answered with a web page."),
        ("not found", "srt", "The transcript is not the SRT it claims to be."),
        ("not found", "json", "The transcript is not the JSON it claims to be."),
        ('{"segments": 1', "json", "The transcript is not the JSON it claims to be."),
        ('{"a": 1}', "json", "The transcript is JSON without a list of segments."),
        ("[" * 100_000, "json", "The transcript is not the JSON it claims to be."),
        ('{"segments": [{"startTime": 1e300, "body": "x"}]}', "json", "no episode reaches"),
        ("♪ ♫", "text", "The transcript holds no words."),
        ("a " * 1_000_001, "text", "The transcript holds more than 1000000 words."),
    ],
)
def test_what_is_no_transcript_is_refused_in_words(text: str, kind: str, message: str) -> None:
    assert message in refusal(text, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("WEBVTT\n\n00:00.000 --> 00:01.000\n" + "<a" * 500_000, "vtt"),
        ("WEBVTT\n\n00:00.000 --> 00:01.000\n" + "<v a" * 300_000, "vtt"),
        ("A" * 1_000_000 + "\n" + "A.b-" * 200_000, "text"),
        ("A a " * 25_000, "text"),
        ("00:00 --> " * 100_000, "srt"),
    ],
)
def test_hostile_text_is_read_in_seconds(text: str, kind: str) -> None:
    transcript_json_or_refusal(text, kind)  # a quadratic reader would take minutes


def transcript_json_or_refusal(text: str, kind: str) -> None:
    try:
        parse_transcript(text.encode(), kind, None)
    except TranscriptError as error:
        assert "limits" not in str(error)


def test_a_document_that_takes_too_long_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child, "WALL_S", 0.05)
    with pytest.raises(TranscriptError, match="within the limits of time and memory"):
        parse_transcript(VTT, "vtt", None)


def link(name: str, kind: str = "", language: str | None = None) -> TranscriptLink:
    return TranscriptLink(url=f"https://x.test/{name}", type=kind, language=language)


def test_the_best_link_is_in_the_audios_language_with_times() -> None:
    html = link("a.html", "text/html", "en")
    srt = link("a.srt?x=1", "", "en")
    vtt = link("a.vtt", "text/plain")
    german = link("de.json", "application/json", "de")
    pdf = link("a.pdf", "application/pdf")
    links = [pdf, html, german, srt, vtt]
    assert best_links(links, "en", translations=False) == [vtt, srt, html]
    assert best_links(links, "en", translations=True) == [vtt, srt, html, german]
    assert best_links(links, None, translations=False) == [german, vtt, srt, html]


def episode(*urls: str, duration_s: float | None = 10.0) -> Episode:
    links = [TranscriptLink(url=url) for url in urls]
    return Episode(
        id="e", feed_id="f", guid="g", language="en", duration_s=duration_s, transcripts=links
    )


VTT = b"WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n"


def test_a_timed_transcript_is_fetched(site: Site, http: HttpClient) -> None:
    found = fetch_transcript(episode(site.serve("/a.vtt", VTT)), http=http)
    assert found is not None
    assert (list(found.words), found.timed, found.estimated) == (
        [Word(" hello", 0, 1)],
        True,
        False,
    )


def test_a_broken_link_gives_way_to_the_next(site: Site, http: HttpClient) -> None:
    broken = site.serve("/a.json", b"<html>Sorry</html>")
    found = fetch_transcript(episode(broken, site.serve("/a.vtt", VTT)), http=http)
    assert found is not None
    assert [word.text for word in found.words] == [" hello"]


def test_untimed_words_get_estimated_times_only_where_asked(site: Site, http: HttpClient) -> None:
    untimed = episode(site.serve("/a.txt", b"one three"))
    assert fetch_transcript(untimed, http=http) is None
    found = fetch_transcript(untimed, estimate=True, http=http)
    assert found is not None
    assert list(found.words) == [Word(" one", 0.0, 4.0), Word(" three", 4.0, 10.0)]
    assert (found.timed, found.estimated) == (False, True)


def test_trouble_is_told_where_there_is_nothing_else(site: Site, http: HttpClient) -> None:
    gone = episode(site.url("/gone.vtt"))
    assert fetch_transcript(gone, http=http) is None
    with pytest.raises(FetchError, match=r"/gone\.vtt answered 404 Not Found\.$"):
        fetch_transcript(gone, estimate=True, http=http)
    page = episode(site.serve("/page.vtt", b"<html>"))
    with pytest.raises(FetchError, match=r"answered with a web page\. \(http.*page\.vtt\)"):
        fetch_transcript(page, estimate=True, http=http)
    assert fetch_transcript(episode(), estimate=True, http=http) is None


def test_chapters_are_read_in_order() -> None:
    document = {
        "version": "1.2.0",
        "chapters": [
            {"startTime": 60, "title": "Second &amp; last"},
            {"startTime": 0, "title": "First"},
            {"startTime": 30, "title": "A picture", "toc": False},
            {"startTime": 40},
        ],
    }
    assert parse_chapters(json.dumps(document).encode()) == [
        Chapter(start_s=0.0, title="First"),
        Chapter(start_s=60.0, title="Second & last"),
    ]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"chapters": 1}', b'{"chapters": [{"title": "x"}]}']
)
def test_chapters_that_are_none_are_refused(body: bytes) -> None:
    with pytest.raises(TranscriptError, match="not the JSON that they claim to be"):
        parse_chapters(body)


def test_chapters_of_the_feed_stand_in_for_a_link_that_fails(site: Site, http: HttpClient) -> None:
    own = [Chapter(start_s=1.0, title="Own")]
    linked = episode().model_copy(update={"chapters": own, "chapters_url": site.url("/c.json")})
    assert fetch_chapters(linked, http) == own
    site.serve("/c.json", b'{"chapters": [{"startTime": 2, "title": "Linked"}]}')
    assert fetch_chapters(linked, http) == [Chapter(start_s=2.0, title="Linked")]


def test_a_nul_does_not_reach_the_words() -> None:
    assert said(rows("WEBVTT\n\n00:00.000 --> 00:01.000\nnul\0led\n")) == " nulled"
