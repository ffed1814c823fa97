from datetime import UTC, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch

from app.catalog import Catalog, get_catalog
from app.domain import Episode, EpisodeStatus, Feed, FeedHealth, episode_id, feed_id, utc_now
from app.net import HttpClient, NetError
from app.search.index import ensure_indices
from app.settings import Settings
from tests.served import Request, Site
from workers.feed_types import FeedError
from workers.feeds import add, failed, normal_address, poll, spread

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalog(settings: Settings, es: Elasticsearch) -> Catalog:
    ensure_indices()
    return get_catalog()


def rss(*guids: str, title: str = "Show", extra: str = "", audio: str = "/{}.mp3") -> bytes:
    items = "".join(
        f"<item><title>{guid}</title><guid>{guid}</guid>"
        f'<enclosure url="{audio.format(guid)}" type="audio/mpeg"/></item>'
        for guid in guids
    )
    return (
        '<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0"'
        ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">'
        f"<channel><title>{title}</title>{extra}{items}</channel></rss>"
    ).encode()


def stored(catalog: Catalog, feed: str) -> dict[str, Episode]:
    return {episode.guid: episode for episode in catalog.all_episodes(feed, list(EpisodeStatus))}


def the_feed(catalog: Catalog, id_: str) -> Feed:
    feed = catalog.get_feed(id_)
    assert feed is not None
    return feed


def test_a_feed_is_added_once(site: Site, http: HttpClient, catalog: Catalog) -> None:
    url = site.serve("/feed", rss("a", "b"), headers={"ETag": '"1"'})
    added = add(f" {url} ", "ignore", 1, catalog, http)
    assert (added.created, added.feed.title, added.feed.id) == (True, "Show", feed_id(url))
    assert added.episode_ids == [episode_id(added.feed.id, "a")]
    feed = the_feed(catalog, added.feed.id)
    assert (feed.transcripts, feed.latest, feed.health, feed.etag) == ("ignore", 1, "ok", '"1"')
    assert feed.next_poll_at is not None
    assert feed.next_poll_at > utc_now()

    again = add(url, None, None, catalog, http)
    assert (again.created, again.feed.id, again.episode_ids) == (False, feed.id, ())
    assert len(site.requests) == 1


def test_a_poll_asks_only_for_what_has_changed(
    site: Site, http: HttpClient, catalog: Catalog
) -> None:
    def conditional(request: Request) -> None:
        is_known = request.headers.get("If-None-Match") == '"1"'
        request.answer(304 if is_known else 200, b"" if is_known else rss("a"), {"ETag": '"1"'})

    site.routes["/feed"] = conditional
    feed = add(site.url("/feed"), None, None, catalog, http).feed
    assert poll(feed.id, catalog, http).to_fetch in ((), [])
    assert site.requests[-1][1]["If-None-Match"] == '"1"'
    polled = the_feed(catalog, feed.id)
    assert (polled.etag, polled.health, polled.title) == ('"1"', FeedHealth.OK, "Show")
    assert poll(feed.id, catalog, http, force=True).to_fetch in ((), [])
    assert "If-None-Match" not in site.requests[-1][1]


def test_a_poll_brings_new_episodes_and_marks_the_vanished(
    site: Site, http: HttpClient, catalog: Catalog
) -> None:
    feed = add(site.serve("/feed", rss("a", "b", "c")), None, None, catalog, http).feed
    deleted, kept = episode_id(feed.id, "b"), episode_id(feed.id, "c")
    catalog.update_episode(deleted, wait=True, status=EpisodeStatus.DELETED)
    site.serve("/feed", rss("new", "a", "b"))
    assert poll(feed.id, catalog, http).to_fetch == [episode_id(feed.id, "new")]
    episodes = stored(catalog, feed.id)
    assert sorted(episodes) == ["a", "b", "c", "new"]
    assert episodes["b"].status == EpisodeStatus.DELETED
    assert [e.guid for e in episodes.values() if e.vanished] == ["c"]
    site.serve("/feed", rss("new", "a", "b", "c"))
    assert poll(feed.id, catalog, http).to_fetch in ((), [])
    assert not stored(catalog, feed.id)["c"].vanished
    assert catalog.get_episode(kept) is not None


def test_a_rotated_address_keeps_the_episode(
    site: Site, http: HttpClient, catalog: Catalog
) -> None:
    feed = add(site.serve("/feed", rss("a")), None, None, catalog, http).feed
    id_ = episode_id(feed.id, "a")
    catalog.update_episode(id_, wait=True, status=EpisodeStatus.INDEXED, indexed_at=utc_now())
    site.serve("/feed", rss("a", audio="/{}.mp3?token=2"))
    assert poll(feed.id, catalog, http).to_fetch == [id_]
    episode = stored(catalog, feed.id)["a"]
    assert episode.audio_url == site.url("/a.mp3?token=2")
    assert episode.status == EpisodeStatus.INDEXED


def test_a_moved_feed_keeps_its_id(site: Site, http: HttpClient, catalog: Catalog) -> None:
    old = site.serve("/old", rss("a"))
    feed = add(old, None, None, catalog, http).feed
    site.redirect("/old", "/new", 301)
    new = site.serve("/new", rss("b", "a"))
    assert poll(feed.id, catalog, http).to_fetch == [episode_id(feed.id, "b")]
    moved = the_feed(catalog, feed.id)
    assert (moved.url, moved.urls) == (new, [old, new])
    for url in (old, new):
        assert add(url, None, None, catalog, http).feed.id == feed.id


def test_a_temporary_redirect_moves_nothing(site: Site, http: HttpClient, catalog: Catalog) -> None:
    site.serve("/there", rss("a"))
    here = site.redirect("/here", "/there", 302)
    feed = add(here, None, None, catalog, http).feed
    assert feed.url == here
    known = add(site.url("/there"), None, None, catalog, http)
    assert (known.feed.id, known.created) == (feed.id, False)


def test_a_new_address_in_the_document_counts_if_the_podcast_is_there(
    site: Site, http: HttpClient, catalog: Catalog
) -> None:
    old = site.serve("/old", rss("a"))
    feed = add(old, None, None, catalog, http).feed
    new = site.url("/new")
    site.serve("/old", rss("a", extra=f"<itunes:new-feed-url>{new}</itunes:new-feed-url>"))
    assert poll(feed.id, catalog, http).to_fetch in ((), [])
    assert the_feed(catalog, feed.id).url == old  # nothing is there yet
    site.serve("/new", rss("x", title="Another"))
    assert poll(feed.id, catalog, http, force=True).to_fetch in ((), [])
    assert the_feed(catalog, feed.id).url == old  # another podcast is there
    site.serve("/new", rss("b", "a"))
    assert poll(feed.id, catalog, http, force=True).to_fetch == [episode_id(feed.id, "b")]
    assert the_feed(catalog, feed.id).url == new


def test_a_podcast_guid_finds_the_feed_at_an_address_never_heard_of(
    site: Site, http: HttpClient, catalog: Catalog
) -> None:
    guid = f"<podcast:guid>guid-{site.port}</podcast:guid>"
    old = site.serve("/old", rss("a", extra=guid))
    feed = add(old, None, None, catalog, http).feed
    first = site.serve("/mirror", rss("a", extra=guid))
    added = add(first, None, None, catalog, http)
    assert (added.feed.id, added.created) == (feed.id, False)
    assert the_feed(catalog, feed.id).url == old  # which still works

    site.serve("/old", b"", 404)
    poll(feed.id, catalog, http)
    added = add(site.serve("/new", rss("a", extra=guid)), None, None, catalog, http)
    moved = the_feed(catalog, feed.id)
    assert (added.feed.id, moved.url, moved.health) == (feed.id, site.url("/new"), FeedHealth.OK)


def test_failures_are_shown_and_back_off(site: Site, http: HttpClient, catalog: Catalog) -> None:
    url = site.serve("/feed", rss("a"))
    feed = add(url, None, None, catalog, http).feed
    site.serve("/feed", b"", 503, {"Retry-After": "90000"})
    assert poll(feed.id, catalog, http).to_fetch in ((), [])
    failing = the_feed(catalog, feed.id)
    assert failing.last_error == f"{url} answered 503 Service Unavailable."
    assert (failing.health, failing.failures) == (FeedHealth.FAILING, 1)
    assert failing.next_poll_at is not None
    assert failing.next_poll_at >= utc_now() + timedelta(seconds=89_000)
    site.serve("/feed", b"<html>")
    poll(feed.id, catalog, http)
    assert the_feed(catalog, feed.id).failures == 2
    assert not stored(catalog, feed.id)["a"].vanished
    site.serve("/feed", rss("a"))
    poll(feed.id, catalog, http)
    healthy = the_feed(catalog, feed.id)
    assert (healthy.health, healthy.failures, healthy.last_error) == (FeedHealth.OK, 0, None)


def test_a_feed_that_is_gone_is_polled_no_more(
    site: Site, http: HttpClient, catalog: Catalog
) -> None:
    feed = add(site.serve("/feed", rss("a")), None, None, catalog, http).feed
    site.serve("/feed", b"", 410)
    poll(feed.id, catalog, http)
    assert the_feed(catalog, feed.id).health == FeedHealth.GONE
    assert feed.id not in [due.id for due in catalog.due_feeds(utc_now() + timedelta(days=30))]


def test_a_paused_feed_is_left_alone(site: Site, http: HttpClient, catalog: Catalog) -> None:
    feed = add(site.serve("/feed", rss("a")), None, None, catalog, http).feed
    catalog.update_feed(feed.id, paused=True)
    assert poll(feed.id, catalog, http).to_fetch in ((), [])
    assert len(site.requests) == 1


def test_a_feed_that_was_removed_is_left_alone(catalog: Catalog, http: HttpClient) -> None:
    assert poll("no-such-feed", catalog, http).to_fetch in ((), [])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "/feed answered 404 Not Found."),
        (b"<html></html>", "/feed is a web page, not a feed: paste the feed address."),
    ],
)
def test_an_address_without_a_feed_is_refused_in_words(
    site: Site, http: HttpClient, catalog: Catalog, body: bytes | None, message: str
) -> None:
    url = site.url("/feed") if body is None else site.serve("/feed", body)
    with pytest.raises(FeedError) as caught:
        add(url, None, None, catalog, http)
    assert str(caught.value).endswith(message)
    assert catalog.get_feed(feed_id(url)) is None


def test_an_apple_page_is_refused_before_anything_is_fetched(
    catalog: Catalog, http: HttpClient
) -> None:
    with pytest.raises(FeedError, match="That is an Apple Podcasts page, not a feed: paste the"):
        add("https://podcasts.apple.com/us/podcast/x/id1", None, None, catalog, http)


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        (" https://A.test/Feed ", "https://a.test/Feed"),
        ("a.test/feed", "https://a.test/feed"),
        ("feed://a.test/feed", "http://a.test/feed"),
        ("feed:https://a.test/feed", "https://a.test/feed"),
        ("itpc://a.test/feed?x=1#top", "http://a.test/feed?x=1"),
        ("https://a.test", "https://a.test/"),
        ("https://Me:Pw@A.test:8/x", "https://Me:Pw@a.test:8/x"),
    ],
)
def test_pasted_addresses_get_one_spelling(pasted: str, address: str) -> None:
    assert normal_address(pasted) == address


@pytest.mark.parametrize("text", ["", "not a feed", "ftp://a.test/", "https://", "http://a:b:c/"])
def test_what_is_no_address_is_refused_in_words(text: str) -> None:
    with pytest.raises(FeedError, match="is not a web address"):
        normal_address(text)


@pytest.mark.parametrize(
    ("failures", "asked_s", "wait_s"),
    [(0, None, 3600), (1, None, 7200), (4, None, 57_600), (9, None, 86_400), (0, 9e9, 604_800)],
)
def test_each_failure_in_a_row_doubles_the_wait(
    failures: int, asked_s: float | None, wait_s: float
) -> None:
    feed = Feed(id="f", url="https://a.test/", failures=failures)
    fields = failed(feed, NetError("no", retry_after_s=asked_s), NOW)
    assert fields["next_poll_at"] == NOW + spread(wait_s, "f")


def test_feeds_are_spread_by_up_to_a_tenth() -> None:
    waits = [spread(100, str(number)).total_seconds() for number in range(50)]
    assert all(100 <= wait <= 110 for wait in waits)
    assert len(set(waits)) == 50
