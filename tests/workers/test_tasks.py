"""What a failure of a stage means for its episode."""

import pytest
import redis
from elastic_transport import ConnectionError as SearchUnreachable
from kombu.exceptions import OperationalError

from app.catalog import get_catalog
from app.domain import Episode, EpisodeStatus
from app.search.index import ensure_indices
from workers import tasks
from workers.lease import get_redis, lease

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


def test_a_message_that_comes_twice_leaves_the_work_to_its_holder(episode: Episode) -> None:
    with lease("e:piece-0", "e"):
        tasks.transcribe("e", 0)
    now = get_catalog().get_episode("e")
    assert now is not None
    assert now.status == EpisodeStatus.TRANSCRIBING


def test_an_episode_that_workers_keep_dying_over_fails_in_the_end(
    episode: Episode, monkeypatch: pytest.MonkeyPatch
) -> None:
    resumed: list[str] = []
    pipeline = tasks.get_pipeline()
    monkeypatch.setattr(pipeline, "resume", resumed.append)
    for _ in range(tasks.MAX_DEATHS):
        get_redis().hset("earmark:running", "e:piece-0", "e")
        tasks.sweep()
    assert resumed == ["e"] * (tasks.MAX_DEATHS - 1)
    now = get_catalog().get_episode("e")
    assert now is not None
    assert now.status == EpisodeStatus.FAILED
    assert "died" in str(now.error)
