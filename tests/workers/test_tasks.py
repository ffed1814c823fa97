"""What a failure of a stage means for its episode."""

import pytest
import redis
from elastic_transport import ConnectionError as SearchUnreachable
from kombu.exceptions import OperationalError

from app.catalog import get_catalog
from app.domain import Episode, EpisodeStatus
from app.search.index import ensure_indices
from workers import tasks

pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def episode() -> Episode:
    ensure_indices()
    episode = Episode(id="e", feed_id="f", guid="g", status=EpisodeStatus.TRANSCRIBING)
    get_catalog().put_episode(episode, wait=True)
    return episode


def status_after(error: Exception) -> str:
    tasks._mark_failed(tasks.transcribe, error, ("e", 0))
    now = get_catalog().get_episode("e")
    assert now is not None
    return now.status


@pytest.mark.parametrize(
    "error",
    [
        redis.ConnectionError("gone"),
        redis.TimeoutError("slow"),
        OperationalError("no broker"),
        SearchUnreachable("gone"),
    ],
)
def test_a_service_that_is_away_ends_no_episode(episode: Episode, error: Exception) -> None:
    assert tasks._is_passing(error)
    assert status_after(error) == EpisodeStatus.TRANSCRIBING


def test_an_error_that_nobody_foresaw_ends_it_with_the_reason(episode: Episode) -> None:
    assert status_after(ZeroDivisionError("oops")) == EpisodeStatus.FAILED
    now = get_catalog().get_episode("e")
    assert now is not None
    assert "oops" in str(now.error)
