from datetime import UTC, datetime

import pytest

from app.domain import Chapter, TranscriptLink
from workers import child
from workers.feed_document import duration_s, read_feed
from workers.feed_parse import parse
from workers.feed_types import FeedError, ParsedEpisode, ParsedFeed

URL = "https://a.test/shows/feed.xml"

FULL = b"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
 xmlns:pc="https://podcastindex.org/namespace/1.0" xmlns:psc="http://podlove.org/simple-chapters"
 xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel>
<title>A &amp; B</title><link>https://a.test/</link>
<description>About &lt;b&gt;it&lt;/b&gt;</description>
<language>en-GB</language><itunes:author>Al</itunes:author><itunes:image href="/i.jpg"/>
<itunes:new-feed-url>https://b.test/feed.xml</itunes:new-feed-url>
<pc:guid>917393e3</pc:guid><pc:locked owner="al@a.test">yes</pc:locked>
<pc:person role="host">Jane</pc:person><pc:person>Joe</pc:person>
<pc:block id="google">yes</pc:block>
<item>
 <title>Old</title><guid isPermaLink="false"> old </guid><itunes:duration>90</itunes:duration>
 <pubDate>Mon, 01 Jan 2024 23:30:00 -0500</pubDate>
 <enclosure url="old.mp3" length="10" type="audio/mpeg"/>
</item>
<item>
 <title>New</title><guid>https://a.test/?p=2&amp;x=1</guid>
 <pubDate>Wed, 03 Jan 2024 10:00:00 GMT</pubDate>
 <description>Short</description>
 <content:encoded><![CDATA[<p>Long &amp; rich</p><p>Two</p>]]></content:encoded>
 <enclosure url="https://a.test/new.jpg" type="image/jpeg"/>
 <enclosure url="https://a.test/new.mp4" type="video/mp4"/>
 <enclosure url="https://a.test/new.m4a?x=1&amp;y=2" type="audio/x-m4a"/>
 <itunes:duration>1:02:03</itunes:duration><itunes:image href="https://a.test/new.jpg"/>
 <itunes:block>yes</itunes:block>
 <pc:transcript url="new.vtt" type="text/vtt" language="en-US"/>
 <pc:transcript url="https://a.test/new.srt" type="application/srt"/>
 <pc:person href="https://x.test">Guest One</pc:person><pc:person>Guest Two</pc:person>
 <pc:chapters url="new.json" type="application/json+chapters"/>
 <psc:chapters><psc:chapter start="00:00" title="A"/>
 <psc:chapter start="01:00.5" title="B"/></psc:chapters>
</item>
<item><title>Double</title><guid>old</guid><enclosure url="x.mp3" type="audio/mpeg"/></item>
<item><title>No guid</title><enclosure url="c.mp3" type="audio/mpeg"/></item>
</channel></rss>"""


def test_every_tag_of_rss_is_read() -> None:
    assert parse(FULL, URL) == ParsedFeed(
        podcast_guid="917393e3",
        new_url="https://b.test/feed.xml",
        title="A & B",
        description="About it",
        author="Al",
        language="en",
        image_url="https://a.test/i.jpg",
        site_url="https://a.test/",
        locked=True,
        blocked=False,
        episodes=[
            ParsedEpisode(
                identity="https://a.test/?p=2&x=1",
                title="New",
                description="Long & rich\nTwo",
                published=datetime(2024, 1, 3, 10, tzinfo=UTC),
                duration_s=3723.0,
                audio_url="https://a.test/new.m4a?x=1&y=2",
                audio_type="audio/x-m4a",
                image_url="https://a.test/new.jpg",
                link="https://a.test/?p=2&x=1",
                people=["Guest One", "Guest Two"],
                chapters=[Chapter(start_s=0.0, title="A"), Chapter(start_s=60.5, title="B")],
                chapters_url="https://a.test/shows/new.json",
                transcripts=[
                    TranscriptLink(
                        url="https://a.test/shows/new.vtt", type="text/vtt", language="en"
                    ),
                    TranscriptLink(url="https://a.test/new.srt", type="application/srt"),
                ],
                blocked=True,
            ),
            ParsedEpisode(
                identity="old",
                title="Old",
                published=datetime(2024, 1, 2, 4, 30, tzinfo=UTC),
                duration_s=90.0,
                audio_url="https://a.test/shows/old.mp3",
                audio_type="audio/mpeg",
                people=["Jane", "Joe"],
            ),
            ParsedEpisode(
                identity="https://a.test/shows/c.mp3",
                title="No guid",
                audio_url="https://a.test/shows/c.mp3",
                audio_type="audio/mpeg",
                people=["Jane", "Joe"],
            ),
        ],
    )


def test_atom_is_read() -> None:
    atom = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Der Funk</title>
<entry><id>urn:1</id><title>Eins</title><updated>2024-01-01T12:00:00+02:00</updated>
<link rel="enclosure" type="audio/ogg" href="https://a.test/1.ogg"/><link href="https://a.test/1"/>
</entry></feed>"""
    feed = read_feed(atom, URL)
    assert (feed.title, feed.language) == ("Der Funk", "de")
    (episode,) = feed.episodes
    assert episode.identity == "urn:1"
    assert episode.published == datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert (episode.audio_url, episode.link) == ("https://a.test/1.ogg", "https://a.test/1")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90.5", 90.5),
        ("62:03", 3723.0),
        ("1:02:03", 3723.0),
        ("01:02:03,5", 3723.5),
        ("PT1H2M3S", 3723.0),
        ("1h 2m 3s", 3723.0),
        ("62 min", 3720.0),
        ("0", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("soon", None),
        ("1:2:3:4", None),
        ("9" * 400, None),
    ],
)
def test_durations_are_read_in_all_their_forms(text: str | None, seconds: float | None) -> None:
    assert duration_s(text) == seconds


def rss(items: bytes, head: bytes = b"") -> bytes:
    return (
        head + b'<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0">'
        b"<channel><title>T</title>" + items + b"</channel></rss>"
    )


ITEM = b'<item><guid>1</guid><enclosure url="https://a.test/1.mp3" type="audio/mpeg"/></item>'


def test_a_feed_of_transcripts_alone_is_a_podcast() -> None:
    item = b'<item><guid>1</guid><podcast:transcript url="/1.vtt" type="text/vtt"/></item>'
    (episode,) = read_feed(rss(item), URL).episodes
    assert episode.audio_url is None
    assert episode.transcripts == [TranscriptLink(url="https://a.test/1.vtt", type="text/vtt")]


def test_a_feed_that_breaks_off_gives_what_came_before() -> None:
    feed = read_feed(rss(ITEM)[:-20] + b"<item><title>half", URL)
    assert feed.episodes[0].audio_url == "https://a.test/1.mp3"


def test_addresses_that_are_not_of_the_web_are_left_out() -> None:
    item = (
        b"<item><guid>1</guid><link>javascript:alert(1)</link>"
        b'<enclosure url="file:///etc/passwd" type="audio/mpeg"/></item>'
    )
    feed = read_feed(rss(ITEM.replace(b">1<", b">2<") + item), URL)
    bad = next(episode for episode in feed.episodes if episode.identity == "1")
    assert (bad.audio_url, bad.link) == (None, None)


BOMB = b'<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b" \n", f"{URL} answered with nothing."),
        (
            b"<!DOCTYPE html><html><head></head></html>",
            f"{URL} is a web page, not a feed: paste the feed address.",
        ),
        (
            b'<html><link rel="alternate" type="application/rss+xml" href="/rss"></html>',
            f"{URL} is a web page, not a feed: paste the feed address"
            " (the page names https://a.test/rss).",
        ),
        (b'{"a": 1}', f"{URL} is JSON, not a feed: paste the address of an RSS or Atom feed."),
        (b"\x89PNG\r\n", f"{URL} is not a feed: it could not be read as RSS or Atom."),
        (b"<note>hi</note>", f"{URL} is not a feed: it could not be read as RSS or Atom."),
        (b"/etc/passwd", f"{URL} is not a feed: it could not be read as RSS or Atom."),
        (
            rss(b"<item><guid>1</guid><title>A post</title></item>"),
            f"{URL} is a feed, but not a podcast: none of its 1 items has audio or a transcript.",
        ),
        (rss(ITEM, BOMB), "The feed declares XML entities, which Earmark does not unpack."),
        (
            rss(ITEM + b"<podcast:a>" * 200),
            "The feed nests its elements too deeply to be one.",
        ),
    ],
)
def test_what_is_no_podcast_is_refused_in_words(body: bytes, message: str) -> None:
    with pytest.raises(FeedError) as caught:
        parse(body, URL)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://podcasts.apple.com/us/podcast/x/id1", "an Apple Podcasts"),
        ("https://itunes.apple.com/us/podcast/x/id1", "an Apple Podcasts"),
        ("https://open.spotify.com/show/x", "a Spotify"),
        ("https://www.youtube.com/@x", "a YouTube"),
    ],
)
def test_a_platforms_page_gets_advice(url: str, name: str) -> None:
    with pytest.raises(FeedError) as caught:
        read_feed(b"<html></html>", url)
    assert str(caught.value) == (
        f"That is {name} page, not a feed: paste the feed address, which the podcast's own site"
        " names (often as RSS)."
    )


def test_a_feed_beyond_the_limits_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "WALL_S", 0.05)
    with pytest.raises(FeedError, match="within the limits of time and memory"):
        parse(rss(ITEM), URL)
