"""A reply that is lost: the script ran, the client does not know.

redis-py 8 repeats any command ten times by itself; the engine's client raises instead, and each script
may be repeated by the engine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import redis

from engine import lanes as engine_lanes
from engine.conf import EngineConf
from engine.lanes import BROKER_ERRORS, LaneOutcome, Lanes, connect
from tests.events import raw
from tests.integration.engine.conftest import lease, settle
from tests.proxy import Proxy, in_front_of


@pytest.fixture
def proxied() -> Iterator[tuple[Proxy, str]]:
    proxy, url = in_front_of(os.environ["REDIS_URL"])
    yield proxy, url
    proxy.close()


@pytest.fixture
def far(proxied: tuple[Proxy, str]) -> Iterator[tuple[Proxy, Lanes]]:
    """Lanes as a process of the engine has them, behind the proxy."""
    proxy, url = proxied
    with connect(url) as client:
        yield proxy, Lanes(client, EngineConf(redis_url=url, probe_events=8))


def an_eval(request: bytes) -> bool:
    return b"EVALSHA" in request


def test_the_engines_client_raises_instead_of_repeating(far: tuple[Proxy, Lanes], valkey: redis.Redis) -> None:
    proxy, lanes = far
    lanes.client.set("counter", 0)
    proxy.lose(lambda request: b"INCR" in request)

    with pytest.raises(BROKER_ERRORS):
        lanes.client.incr("counter")

    assert (proxy.lost, int(valkey.get("counter"))) == (1, 1)


def test_the_default_client_would_have_repeated(proxied: tuple[Proxy, str], valkey: redis.Redis) -> None:
    """The ablation: without our setting one call counts twice, and says nothing."""
    proxy, url = proxied
    with redis.Redis.from_url(url, retry=redis.Redis(host="any").get_retry()) as client:
        client.set("counter", 0)
        proxy.lose(lambda request: b"INCR" in request)

        assert client.incr("counter") == 2

    assert proxy.lost == 1


def test_a_push_whose_reply_is_lost_happened_once(far: tuple[Proxy, Lanes], lanes: Lanes) -> None:
    proxy, distant = far
    distant.push([("minnow", 0, raw("minnow", "bob", 1))])
    proxy.lose(an_eval)

    with pytest.raises(BROKER_ERRORS):
        distant.push([("whale", 0, raw("whale", "ada", 3))])

    assert (lanes.depth("whale", 0), lanes.depth("minnow", 0)) == (3, 1)


def test_a_lease_whose_reply_is_lost_is_found_again(far: tuple[Proxy, Lanes], lanes: Lanes) -> None:
    proxy, distant = far
    distant.push([("whale", 0, raw("whale", "ada", 3))])
    assert lease(distant, "nothing-is-cached-yet") == [("whale", 0, 3)]
    lanes.release(["nothing-is-cached-yet"], blame=False)
    proxy.lose(an_eval)

    with pytest.raises(BROKER_ERRORS):
        lease(distant, "b1")

    assert lease(lanes, "b2") == []
    assert lease(distant, "b1") == [("whale", 0, 3)]


def test_a_settle_whose_reply_is_lost_is_repeated_without_harm(far: tuple[Proxy, Lanes], lanes: Lanes) -> None:
    proxy, distant = far
    distant.push([("whale", 0, raw("whale", "ada", 5))])
    lease(distant, "b1")
    settle(distant, "b1", LaneOutcome("whale", 0, 1))
    lease(distant, "b2")
    proxy.lose(an_eval)

    with pytest.raises(BROKER_ERRORS):
        settle(distant, "b2", LaneOutcome("whale", 0, 2))
    assert settle(distant, "b2", LaneOutcome("whale", 0, 2)) == -1

    assert lanes.depth("whale", 0) == 2


def test_a_release_whose_reply_is_lost_is_repeated_without_harm(far: tuple[Proxy, Lanes], lanes: Lanes) -> None:
    proxy, distant = far
    distant.push([("whale", 0, raw("whale", "ada", 1))])
    distant.release(["unknown"], blame=True)
    lease(distant, "b1")
    distant.fetch("b1")
    proxy.lose(an_eval)

    with pytest.raises(BROKER_ERRORS):
        distant.release(["b1"], blame=True)
    assert distant.release(["b1"], blame=True) == 0

    lease(lanes, "b2")
    assert [lane.tries for lane in lanes.fetch("b2") or []] == [1]


def test_a_process_uses_the_client_that_does_not_repeat() -> None:
    retry = engine_lanes.lanes().client.get_retry()

    assert retry is not None and retry.get_retries() == 0
