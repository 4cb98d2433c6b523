"""The lanes of one broker shard: one method per script in lua/.

Every script may be repeated after a lost reply (each file says why), so the client never retries by
itself: redis-py 8 would repeat any command ten times.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from math import inf
from types import MappingProxyType
from typing import Any

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from engine.answers import Glance, Lease, LeasedLane, Mode, ModesRead, Noted
from engine.conf import EngineConf, conf
from engine.keys import WAKE_QUEUE
from engine.strain import Strain

#: Errors of the connection to Redis, and of a Redis that is loading, full or read-only.
BROKER_ERRORS = (redis.RedisError, OSError)

#: Counters of back pressure are kept each so many seconds, so many times.
SAMPLE_SECONDS, SAMPLES = 10.0, 31


#: A lane that may have lost events which are in the journal.
LOST = b"lost"

NOTHING_URGENT: Mapping[tuple[str, int], int] = MappingProxyType({})


@dataclass(frozen=True)
class FetchedLane:
    """The events of one lane of a bundle, as bytes."""

    tenant: str
    lane: int
    tries: int  #: how often the first event was begun before, with no outcome
    events: Sequence[bytes]
    count: int = field(default=0, compare=False)  #: events to take
    epoch: int | None = None  #: they are in PostgreSQL, if the lane is still at this epoch of its spill mode


@dataclass(frozen=True)
class LaneOutcome:
    """How a bundle ended for one lane."""

    tenant: str
    lane: int
    done: int  #: events executed
    wait: float | None = None  #: seconds until the rest is tried again, its first event alone; None: at once
    tried: bool = False  #: that event used up one of its tries
    innocent: bool = False  #: nothing is held against that event: it does not go alone
    spilled: int = 0  #: how many of those done were in PostgreSQL and so are not to be removed from the head

    def row(self) -> list[object]:
        """The form settle.lua reads."""
        wait = -1 if self.wait is None else max(0, int(self.wait * 1000))
        tried = -1 if self.innocent else int(self.tried)
        return [self.tenant, self.lane, self.done, self.done - self.spilled, wait, tried]


@dataclass(frozen=True)
class Cost:
    """What a bundle cost for one tenant."""

    seconds: float
    events: int
    own: float | None = None  #: seconds of it spent deciding for this tenant; None: all of them

    def row(self) -> list[float]:
        """The form settle.lua reads, in milliseconds."""
        own = self.seconds if self.own is None else self.own
        return [self.seconds * 1000, self.events, own * 1000]


def connect(url: str) -> redis.Redis:
    """A client that never repeats a command by itself and never waits for ever."""
    return redis.Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=10,
        socket_connect_timeout=5,
        health_check_interval=10,
    )


def _script(client: redis.Redis, name: str) -> Script:
    lua = files("engine") / "lua"
    shared = [(lua / f"{part}.lua").read_text() for part in ("common", "ring", "work", "databases")]
    text = (lua / f"{name}.lua").read_text()
    shebang = text.split("\n", 1)[0] + "\n" if text.startswith("#!") else ""
    return client.register_script("".join([shebang, *shared, text[len(shebang) :]]))


class Lanes:
    """The lanes in one Redis. Raises redis.RedisError or OSError when it cannot be reached."""

    def __init__(self, client: redis.Redis, settings: EngineConf) -> None:
        self.client = client
        self.settings = settings
        self._scripts: dict[str, Script] = {}

    def _run(self, name: str, *args: bytes | str | int | float) -> Any:
        if name not in self._scripts:
            self._scripts[name] = _script(self.client, name)
        keys = [self.settings.prefix, WAKE_QUEUE, "journal" if self.settings.journal else ""]
        return self._scripts[name](keys=keys, args=args)

    def push(
        self, groups: Sequence[tuple[str, int, Sequence[bytes]]], urgent: Mapping[tuple[str, int], int] = NOTHING_URGENT
    ) -> list[int | bytes | None]:
        """Append events to lanes: (tenant, lane, events) each; how many there are up to the last urgent one, by lane.

        Returns the depth of each lane; -1 - epoch for one in spill mode, None for one whose tenant is being
        drained, LOST for one that is to be rebuilt from the journal, which took none.
        """
        args: list[bytes | str | int | float] = [self.settings.lane_limit]
        for tenant, lane, events in groups:
            args += [tenant, lane, len(events), urgent.get((tenant, lane), 0), *events]
        return self._run("push", *args)

    def lease(self, bundle: str, owner: str, database: str) -> list[LeasedLane]:
        """Take the fairest tenants' lanes of one database under this bundle id; empty when there is nothing to do."""
        leased = self.lease_next(bundle, owner, {database: True})
        return leased.lanes if leased else []

    def lease_next(
        self, bundle: str, owner: str, databases: Mapping[str, bool], *, pass_on: bool = False, number: int = 0
    ) -> Lease | None:
        """Take the fairest tenants' lanes of the database whose turn it is, under this bundle id; None: nothing to do.

        databases: whether this node may have one more bundle of each in work. pass_on: put back a mark that is of
        no use here, for the other nodes. number: how many bundles were settled under this id before.
        """
        limits = self.settings
        args: list[bytes | str | int | float] = [
            bundle, owner, limits.bundle_events, limits.bundle_seconds * 1000, int(limits.lease_seconds * 1000),
            limits.bundle_lanes, limits.probe_events, int(pass_on), number,
        ]  # fmt: skip
        for database, may in databases.items():
            args += [database, limits.total_bundles.get(database, 0), int(may)]
        answer = self._run("lease", *args)
        if answer is None:
            return None
        return Lease(answer[0].decode(), [(tenant, lane, count) for tenant, lane, count, _ in json.loads(answer[1])])

    def fetch(self, bundle: str) -> list[FetchedLane] | None:
        """The bundle's events; None when its lease is lost."""
        rows = self._run("fetch", bundle)
        if rows is None:
            return None
        return [
            FetchedLane(tenant.decode(), int(lane), int(tries), events, int(count), None if epoch < 0 else epoch)
            for tenant, lane, tries, count, epoch, events in rows
        ]

    def tries_of(self, tenant: str, lane: int, number: int) -> int:
        """How often the first event of a lane's part in PostgreSQL was begun before, with no outcome."""
        return self._run("tries", tenant, lane, number)

    def settle(
        self,
        bundle: str,
        lanes: Iterable[LaneOutcome],
        cost: Mapping[str, Cost],
        modes: Iterable[Mode] = (),
        strain: Strain | None = None,
        *,
        number: int = 0,
        goes_on: bool = False,
    ) -> int:
        """End the bundle with its outcome and its cost per tenant. Returns lanes settled, -1: lease lost.

        number: as it was leased. goes_on: who settles it leases the next one, so nobody is woken for that.
        """
        outcome: dict[str, object] = {
            "lanes": [lane.row() for lane in lanes],
            "cost": {tenant: each.row() for tenant, each in cost.items()},
            "modes": list(modes),
        }
        if strain:
            outcome |= {"strain": len(strain.lanes), "strained_by": strain.kind}
        return self._run("settle", bundle, json.dumps(outcome), number, int(goes_on))

    def release(
        self,
        bundles: Sequence[str],
        *,
        blame: bool,
        wait: float = 0.0,
        unreachable: bool = False,
        room_for: Sequence[str] = (),
    ) -> int:
        """Give bundles back without an outcome, to be leased again after `wait` seconds.

        blame: their events may have killed their executor. unreachable: their database does not answer here.
        room_for: databases of which this node may have a bundle in work again. Returns how many were still held.
        """
        args = int(blame), int(wait * 1000), int(unreachable), len(room_for)
        return self._run("release", *args, *room_for, *bundles)

    def renew(self, bundles: Sequence[str]) -> list[str]:
        """Hold bundles for another lease time. Returns those that are lost."""
        lost = self._run("renew", int(self.settings.lease_seconds * 1000), *bundles)
        return [bundle.decode() for bundle in lost]

    def sweep(self, databases: Sequence[str], *, take_over: bool = True, owner: str = "", slots: int = 0) -> bool:
        """Take over what expired, bring back what waited, wake workers. True when a tenant is runnable.

        owner and slots: the node that sweeps, and how many bundles it can execute at once.
        """
        return bool(self._run("sweep", int(take_over), owner, slots, *databases))

    def is_told(self) -> bool:
        """Whether note_told() was called since Redis last lost its memory."""
        return bool(self._run("told", 0))

    def note_told(self) -> None:
        """Redis knows every tenant's share and state."""
        self._run("told", 1)

    def due(self) -> float:
        """Seconds until sweep() has something to bring back; infinity when nothing waits for a time."""
        milliseconds = self._run("due")
        return milliseconds / 1000 if milliseconds >= 0 else float("inf")

    def configure(
        self, tenant: str, weight: float, cap: int, database: str, rate: float = 0.0, state: str = "active"
    ) -> None:
        """Set a tenant's share, events a second (0: no limit) and state; effective at the next lease."""
        self._run("configure", tenant, f"{weight:g}", cap, database, f"{rate:.10g}", state)

    def abort(self, tenant: str, lanes: int) -> tuple[int, list[tuple[int, int, bool]]]:
        """Throw away what waits of a tenant, and lease nothing more of it until configure() is called.

        Returns how many events, and per lane in work what its worker has fetched: lane, how many, whether they
        are in PostgreSQL.
        """
        answer = json.loads(self._run("abort", tenant, lanes))
        return answer["events"], [tuple(kept) for kept in answer["kept"] or []]

    def press(self, share: float) -> bool:
        """Say which share of Redis's memory is used. Returns whether new events go to PostgreSQL for that."""
        return bool(self._run("pressure", int(share * 1000)))

    def tell_modes(self, modes: Sequence[Mode]) -> None:
        """Tell lanes their mode; an order older than what they know changes nothing."""
        if modes:
            self._run("mode", json.dumps(modes))

    def tell_breaker(self, process: str, words: str) -> None:
        """Say what this process does not bury and why; empty: it buries again."""
        self._run("breakers", process, words)

    def breakers(self) -> dict[str, str]:
        """Processes that bury nothing because everything fails, or all events of a tenant; and why."""
        rows = [row.decode() for row in self._run("breakers")]
        return dict(zip(rows[::2], rows[1::2], strict=True))

    def lead(self, database: str, process: str, seconds: float) -> bool:
        """Whether this process is the one that reconciles for the database, for so long."""
        return bool(self._run("lead", database, process, int(seconds * 1000)))

    def reconcile(self, what: str, of: str, cursor: str, much: int) -> Glance:
        """Look through a part of Redis, repair and count what cannot be; reconcile.lua says what there is."""
        hold = int(self.settings.lease_seconds * 1000)
        return msgspec.json.decode(self._run("reconcile", what, of, cursor, much, hold), type=Glance)

    def agree(self, changes: Sequence[tuple[Mode, Mode]]) -> int:
        """Set lanes to the first mode where they are still in the second. Returns how many; they are counted."""
        rows = [[*right, *seen[2:]] for right, seen in changes]
        return self._run("agree", json.dumps(rows)) if rows else 0

    def modes_of(self, places: Sequence[tuple[str, int]]) -> list[Mode]:
        """The modes of these lanes as Redis has them, in their order."""
        return ModesRead.read(self._run("modes", "of", json.dumps(places))).modes if places else []

    def modes_known(self, database: str, much: int) -> Iterator[list[Mode]]:
        """The modes of all lanes of a database that Redis has been told of, some at a time; some twice."""
        for what in ("spill", "epochs"):
            cursor = ""
            while cursor != "0":
                part = ModesRead.read(self._run("modes", what, cursor or "0", much, database))
                yield part.modes
                cursor = part.cursor

    def count_repaired(self) -> dict[str, int]:
        """How often each invariant was found broken, as far as Redis remembers."""
        counts: dict[bytes, bytes] = self.client.hgetall(f"{self.settings.prefix}counts")  # type: ignore[assignment]
        named = {name.decode().partition("repaired:")[2]: int(count) for name, count in counts.items()}
        return {name: count for name, count in named.items() if name}

    def doors(self, tenants: Sequence[str]) -> list[bool | None]:
        """Whether each takes new events; None: Redis may have forgotten."""
        known = {0: True, 1: False}
        return [known.get(answer) for answer in self._run("doors", *tenants)]

    def marker(self, database: str) -> str | None:
        """The id of the last rebuild of a database's lanes from the journal; None: Redis may have lost some since."""
        return self._marker(database)

    def begin_rebuild(self, database: str, token: str) -> None:
        """Nothing of the database is leased or pushed directly from now on."""
        self._marker(database, token)

    def end_rebuild(self, database: str, token: str, id: str) -> bool:
        """Lease and push again. False: Redis has lost something since the beginning, or another one has begun."""
        return self._marker(database, token, id) == id

    def _marker(self, *args: str) -> str | None:
        id = self._run("marker", *args)
        return None if id is None else id.decode()

    def oldest(self, places: Sequence[tuple[str, int]]) -> list[bytes | None]:
        """The first event of each lane, None where there is none."""
        pipeline = self.client.pipeline(transaction=False)
        for tenant, lane in places:
            pipeline.lindex(f"{self.settings.prefix}t.{tenant}.{lane}", 0)
        return pipeline.execute()

    def look(self, top: int = 50) -> dict[str, Any]:
        """The deepest tenants with their standing, and the databases, for people."""
        answer = json.loads(self._run("look", top, *self.settings.databases))
        return answer | {"tenants": answer["tenants"] or []}  # Lua's empty table is an object in JSON

    def look_at_tenants(self, tenants: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The same for these tenants, by key."""
        rows = json.loads(self._run("look", "tenants", *tenants))["tenants"] or []
        return {row["tenant"]: row for row in rows}

    def look_at_databases(self) -> list[dict[str, Any]]:
        """What is in work on each database, and what limits it."""
        return json.loads(self._run("look", "databases", *self.settings.databases))["databases"]

    def look_at(self, tenant: str, lanes: int) -> list[dict[str, Any]]:
        """Each lane of one tenant with its lease."""
        return json.loads(self._run("look", "tenant", tenant, lanes))["lanes"]

    def note(self, database: str, counters: Mapping[str, int], buffered: Sequence[Sequence[object]]) -> bool:
        """Keep a sample of a database's counters, if it is time for one, and what its buffer holds."""
        every, keep = int(SAMPLE_SECONDS * 1000), SAMPLES
        return bool(self._run("note", database, every, keep, json.dumps(counters), json.dumps(buffered)))

    def figures(self, databases: Sequence[str]) -> Noted:
        """What is known of back pressure."""
        now, direct, pressure, spilling, *kept = self._run("figures", *databases)
        samples = {name: [json.loads(one) for one in each[0]] for name, each in zip(databases, kept, strict=True)}
        buffered = {name: json.loads(each[1]) for name, each in zip(databases, kept, strict=True) if each[1]}
        return Noted(now, direct, bool(pressure), spilling, samples, buffered)

    def waits(self, tenants: Sequence[str]) -> list[tuple[int, str]]:
        """Of each tenant the events in Redis, and when the oldest of them was accepted; "" where there is none."""
        return [(int(count), oldest.decode()) for count, oldest in self._run("waits", *tenants)] if tenants else []

    def cost_of(self, tenant: str) -> float | None:
        """Seconds that an event takes; infinite: the tenant is paused; None: nobody knows."""
        cost = self._run("cost", tenant)
        return None if cost is None else inf if cost < 0 else cost / 1e6

    def memory(self) -> tuple[int, int]:
        """Bytes that Redis uses, and how many it may; 0: any number."""
        memory = self.client.info("memory")
        return memory["used_memory"], memory["maxmemory"] or self.settings.memory_limit_bytes

    def waiting(self, tenant: str) -> int:
        """Events of a tenant in Redis, those in work among them."""
        return int(self.client.zscore(f"{self.settings.prefix}depth", tenant) or 0)

    def depth(self, tenant: str, lane: int) -> int:
        """Events waiting in one lane."""
        return self.client.llen(f"{self.settings.prefix}t.{tenant}.{lane}")


@cache
def _lanes_of_process(_pid: int) -> Lanes:
    return Lanes(connect(conf().redis_url), conf())


def lanes() -> Lanes:
    """This process's lanes; a forked child gets its own connection."""
    return _lanes_of_process(os.getpid())
