import pytest

from app import opml
from app.domain import Feed
from app.opml import OpmlEntry, OpmlError, parse, read_opml, write

NESTED = b"""<?xml version="1.0"?>
<opml version="1.1"><head><title>Mine</title></head><body>
<outline text="Folder">
<outline text="A &amp; B" type="rss" xmlUrl=" https://a.test/feed "/>
<outline text="Inner"><outline title="C" text="c" xmlurl="feed://c.test/rss"/></outline>
</outline>
<outline text="A again" xmlUrl="https://a.test/feed"/>
<outline text="Bad" type="rss" xmlUrl="ftp://x"/>
<outline text="None" type="rss"/>
<outline text="A note"/>
</body></opml>"""


def test_nested_outlines_are_read_and_bad_lines_named() -> None:
    assert read_opml(NESTED) == [
        OpmlEntry(4, "A & B", "https://a.test/feed"),
        OpmlEntry(5, "C", "feed://c.test/rss"),
        OpmlEntry(8, "Bad", "ftp://x", "Line 8: 'ftp://x' is not a web address."),
        OpmlEntry(9, "None", "", "Line 9 names a feed without an address (xmlUrl)."),
    ]


def test_the_addresses_alone_can_be_had() -> None:
    assert parse(NESTED) == ["https://a.test/feed", "feed://c.test/rss", "ftp://x"]


def test_what_is_written_can_be_read_again() -> None:
    feeds = [
        Feed(id="1", url="https://a.test/feed?x=1&y=2", title='Tom & "Jerry" <live>\x00'),
        Feed(id="2", url="https://b.test/feed", site_url="https://b.test/"),
    ]
    written = write(feeds)
    assert written.startswith(b"<?xml")
    assert [(entry.title, entry.url, entry.error) for entry in read_opml(written)] == [
        ('Tom & "Jerry" <live>', "https://a.test/feed?x=1&y=2", None),
        ("https://b.test/feed", "https://b.test/feed", None),
    ]


BOMB = b"""<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<opml><body><outline text="&b;" xmlUrl="https://a.test/"/></body></opml>"""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The file is not OPML: line 1 is not well-formed."),
        (b"<opml>\n<body>\n<outline>", "The file is not OPML: line 3 is not well-formed."),
        (b"<rss/>", "The file is XML, but not OPML: it should begin with <opml>."),
        (b"<opml><body/></opml>", "The OPML file lists no feeds: no outline has an xmlUrl."),
        (BOMB, "The OPML file declares XML entities, which Earmark does not unpack."),
        (b" " * 5_000_001, "The OPML file is larger than 5 MB."),
    ],
)
def test_what_is_no_opml_is_refused_in_words(body: bytes, message: str) -> None:
    with pytest.raises(OpmlError) as caught:
        read_opml(body)
    assert str(caught.value) == message


def test_a_list_beyond_the_cap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opml, "MAX_FEEDS", 3)
    with pytest.raises(OpmlError, match="lists more than 3 feeds"):
        read_opml(NESTED)
