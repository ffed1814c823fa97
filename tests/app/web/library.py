"""A small library, indexed for real: what the tests of the API and the pages search in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from app.artefacts import EpisodeArtefacts
from app.audio.landmarks import landmarks
from app.audio.mono import Floats
from app.catalog import get_catalog
from app.domain import (
    Chapter,
    Episode,
    EpisodeStatus,
    Feed,
    FeedHealth,
    Progress,
    Segment,
    Word,
    episode_id,
    feed_id,
)
from app.embedding import read_texts
from app.encoders import registry
from app.encoders.audioset import class_vector, names
from app.search.index import FieldRows, ensure_indices, write_segments
from app.search.recordings import write_landmarks
from app.search.schema import FIELDS
from app.store import get_store

GARDEN, HARBOUR, KUECHE = (
    feed_id(f"https://feeds.example/{name}.xml") for name in ("garden", "harbour", "kueche")
)
APPLES = episode_id(GARDEN, "apples")
FAILED = episode_id(GARDEN, "failed")
COMING = episode_id(HARBOUR, "coming")
FOG = episode_id(HARBOUR, "fog")
BROT = episode_id(KUECHE, "brot")
NOW = datetime.now(UTC)

SAID = {
    APPLES: [
        "Welcome back to the orchard hour. The kettle is on and the frost has been kind to us.",
        "An apple tree should be pruned in late winter, while it sleeps and before the buds swell.",
        "Cut the crossing branches first, then step back and look at the light between them.",
        "",
        "Grafting is older than writing, my neighbour says, and her pears seem to agree with her.",
        "If you keep bees, leave the first clover standing; they will thank you in blossom time.",
    ],
    FOG: [
        "The fog horn sounded three times before we saw the harbour wall, grey on grey.",
        "My grandmother kept the lighthouse log for thirty-one years and never missed an evening.",
        "She wrote down every ship, every storm, and once, in pencil, the birth of my mother.",
    ],
    BROT: [
        "Ein gutes Brot braucht Zeit, Wasser, Mehl und Salz, und sonst eigentlich gar nichts.",
        "Der Teig ruht über Nacht im Keller, und am Morgen duftet das ganze Haus.",
    ],
}
LINE_S = 18.0


def build(audio_url: str = "https://media.example/{}.mp3") -> None:
    """Index three shows; one episode failed, and one is on its way."""
    ensure_indices()
    feeds, episodes = _feeds(), _episodes(audio_url)
    for feed in feeds.values():
        get_catalog().put_feed(feed)
    for episode in episodes:
        get_catalog().put_episode(episode, wait=True)
        if episode.id in SAID:
            segments = segments_of(SAID[episode.id], episode.language)
            EpisodeArtefacts(get_store(), episode.id).save_segments(segments)
            write_segments(feeds[episode.feed_id], episode, segments, _vectors(segments))


def _vectors(segments: list[Segment]) -> dict[str, FieldRows]:
    """No sound is like another; what is said can be read closely, but has no meaning."""
    readings = read_texts(segments, registry.reader())
    return {"audio_classes": _sounds(segments), FIELDS["reader"]: readings}


def _sounds(segments: list[Segment]) -> np.ndarray:
    """Something else is faintly heard in each, and applause where nobody speaks."""
    scores = np.full((len(segments), len(names())), 0.001, np.float32)
    for number, segment in enumerate(segments):
        scores[number, number] = 0.2
        if not segment.text:
            scores[number, names().index("Applause")] = 0.9
    return np.stack([class_vector(row) for row in scores])


def record(episode: str, samples: Floats) -> None:
    """Let the episode be this recording, of mono 16 kHz audio."""
    found = get_catalog().get_episode(episode)
    assert found is not None
    write_landmarks(found, landmarks([samples]))


def sound(episode: str, **vectors: Sequence[float]) -> None:
    """Let each segment of the episode have these vectors."""
    found = get_catalog().get_episode(episode)
    assert found is not None
    feed = get_catalog().get_feed(found.feed_id)
    assert feed is not None
    segments = segments_of(SAID[episode], found.language)
    rows = {field: np.tile(np.float32(one), (len(segments), 1)) for field, one in vectors.items()}
    write_segments(feed, found, segments, _vectors(segments) | rows)


def segments_of(lines: list[str], language: str | None) -> list[Segment]:
    """A segment a line, each LINE_S long, its words evenly spread."""
    segments = []
    for number, line in enumerate(lines):
        start, texts = number * LINE_S, line.split()
        step = (LINE_S - 2) / max(1, len(texts))
        words = tuple(
            Word(("" if n == 0 else " ") + text, start + n * step, start + (n + 0.9) * step, 0.97)
            for n, text in enumerate(texts)
        )
        segments.append(Segment(start, start + LINE_S - 2, words, language if words else None))
    return segments


def _feeds() -> dict[str, Feed]:
    def feed(name: str, title: str, language: str, **more: object) -> Feed:
        url = f"https://feeds.example/{name}.xml"
        fields = {"last_polled_at": NOW, "next_poll_at": NOW + timedelta(hours=1)} | more
        return Feed(id=feed_id(url), url=url, urls=[url], title=title, language=language, **fields)

    feeds = [
        feed("garden", "The Orchard Hour", "en"),
        feed("harbour", "Harbour Stories", "en", latest=20),
        feed(
            "kueche",
            "Küchengespräche",
            "de",
            health=FeedHealth.FAILING,
            last_error="The address answered 503 (Service Unavailable).",
        ),
    ]
    return {feed.id: feed for feed in feeds}


def _episodes(audio_url: str) -> list[Episode]:
    def episode(
        feed: str, guid: str, title: str, day: int, language: str = "en", **more: object
    ) -> Episode:
        fields = {"status": EpisodeStatus.INDEXED, "duration_s": 1110.0} | more
        return Episode(
            id=episode_id(feed, guid),
            feed_id=feed,
            guid=guid,
            title=title,
            language=language,
            published=datetime(2026, 3, day, 6, tzinfo=UTC),
            audio_url=audio_url.format(guid),
            **fields,
        )

    return [
        episode(
            GARDEN,
            "apples",
            "Winter work among the apple trees",
            2,
            chapters=[Chapter(start_s=0, title="Hello"), Chapter(start_s=18, title="Pruning")],
        ),
        episode(
            GARDEN,
            "failed",
            "The one about wasps",
            9,
            status=EpisodeStatus.FAILED,
            error="The audio could not be downloaded: the address answered 404.",
        ),
        episode(HARBOUR, "fog", "Three blasts in the fog", 5, duration_s=3100.0),
        episode(
            HARBOUR,
            "coming",
            "The ferry that never came back",
            12,
            status=EpisodeStatus.TRANSCRIBING,
            progress=Progress(done_s=700, total_s=1860),
        ),
        episode(KUECHE, "brot", "Brot, sonst nichts", 7, "de"),
    ]
