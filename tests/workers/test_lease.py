"""Leases against the real Redis."""

from collections.abc import Iterator

import pytest
from redis import Redis

from app.settings import Settings
from workers import lease
from workers.lease import Busy, collect_dead, held


@pytest.fixture(autouse=True)
def _clean(settings: Settings, redis: Redis) -> Iterator[None]:
    yield
    for key in redis.scan_iter("earmark:lease:*"):
        redis.delete(key)
    redis.delete("earmark:running")


def test_one_holder_at_a_time() -> None:
    with lease.lease("e1:fetch", "e1"):
        assert held("e1:")
        with pytest.raises(Busy), lease.lease("e1:fetch", "e1"):
            pass
        assert held("e1:"), "the one that found it busy must not release it"
    assert not held("e1:")


def test_work_that_ended_is_not_dead() -> None:
    with lease.lease("e1:fetch", "e1"):
        assert collect_dead() == set()
    assert collect_dead() == set()


def test_an_error_releases_the_lease() -> None:
    with pytest.raises(ValueError), lease.lease("e1:fetch", "e1"):
        raise ValueError
    assert not held("e1:")
    assert collect_dead() == set()


def test_work_whose_holder_died_is_told_of_once(redis: Redis) -> None:
    with lease.lease("e1:piece-0", "e1"), lease.lease("e2:piece-0", "e2"):
        redis.delete("earmark:lease:e1:piece-0")  # as when it expires with nobody to renew it
        assert collect_dead() == {"e1"}
        assert collect_dead() == set()


def test_the_lease_is_renewed_while_its_holder_works(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LEASE_S", 0.3)
    with lease.lease("e1:fetch", "e1"):
        lifetimes = []
        while len(lifetimes) < 4:  # the lock's life grows again each time that it is renewed
            left_ms = redis.pttl("earmark:lease:e1:fetch")
            if not lifetimes or left_ms > lifetimes[-1]:
                lifetimes.append(left_ms)
            elif left_ms < lifetimes[-1]:
                lifetimes[-1] = left_ms
        assert held("e1:")
