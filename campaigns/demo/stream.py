"""The feeder: a skewed stream of events, sent the ways in which clients send them. A process of its own.

Three ways, each a thread, each with leads of its own, so that the order of a lead's events is certain:

direct   in this process, through the ingest that the API uses
http     POST /api/v1/events with the tenant's key, ten leads in a hundred
burst    the largest tenant sends a heap at once, as after an import

Now and then an event is sent again under its id, as a client does that got no answer, and some leads are new.
"""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import urlsplit

import msgspec

from campaigns.demo.acceptlog import BURST, DIRECT, HTTP, AcceptedEvent, Writer
from campaigns.demo.chance import one_of, skewed
from campaigns.demo.plans import REGISTRATION, Plan, book, lead_key
from campaigns.event_ids import new_event_id
from campaigns.ingest import Accepted, Refused, accept
from engine.errors import BrokerDown
from engine.lanes import lanes

#: Last digits of the numbers of the leads that each way has.
DIGITS = {DIRECT: "0123456", HTTP: "7", BURST: "89"}

TICK_SECONDS = {DIRECT: 0.05, HTTP: 0.25}
HTTP_SHARE = 0.1
BURST_AT, BURST_CHUNK = 0.4, 500  #: when, as a part of the time; events at once
SENT_AGAIN, NEW_LEAD = 0.005, 0.01  #: parts of all events
LATE_SECONDS = 1.0  #: what could not be sent within this time is left out, not made up for
FULL_SECONDS = 2.0  #: of its share a tenant may have waiting, then it sends no more for now
RETRY_SECONDS = 0.5

#: What the demo puts into a lane by hand, to show that it costs only itself.
BROKEN = b'{"id": "broken on purpose", "lead":'

RawEvent = dict[str, Any]
Send = Callable[[str, Sequence[RawEvent]], list[RawEvent]]


class Source:
    """Makes the events of one tenant and one way."""

    def __init__(self, plan: Plan, way: str, seed: int) -> None:
        self.plan, self.way = plan, way
        self.chance = Random(f"{seed} {plan.key} {way}")
        self.types, self.weights = plan.kind.draws()
        # Beyond the leads there are; far enough from those of an earlier run.
        self.new = itertools.count(plan.leads // 10 + 1 + self.chance.randrange(400_000))
        self.recent: deque[RawEvent] = deque(maxlen=50)

    def events(self, count: int) -> list[RawEvent]:
        """So many events, as a client writes them."""
        return [self._event() for _ in range(count)]

    def _event(self) -> RawEvent:
        chance = self.chance
        if self.recent and chance.random() < SENT_AGAIN:
            return chance.choice(self.recent)
        event = self._registration() if chance.random() < NEW_LEAD else self._ordinary()
        self.recent.append(event)
        return event

    def _ordinary(self) -> RawEvent:
        type, draw = self.chance.choices(self.types, self.weights)[0]
        tens = skewed(self.chance, max(1, self.plan.leads // 10))
        return self._written(type, tens, draw(self.chance))

    def _registration(self) -> RawEvent:
        first, last = one_of(self.chance, book().first_names), one_of(self.chance, book().last_names)
        tens = next(self.new)
        email = f"{first}.{last}.{tens}@example.com".lower()
        data = {"email": email, "first_name": first, "last_name": last, "source": "website"}
        return self._written(REGISTRATION, tens, data)

    def _written(self, type: str, tens: int, data: dict[str, Any]) -> RawEvent:
        number = tens * 10 + int(one_of(self.chance, DIGITS[self.way]))
        return {"id": new_event_id(datetime.now(UTC)), "lead": lead_key(number), "type": type, "data": data}


class Brake:
    """Tenants that have too much waiting to send more now. A burst stops its own tenant only."""

    def __init__(self, limits: dict[str, float]) -> None:
        self.limits = limits
        self.full: frozenset[str] = frozenset()
        self._looked_at = 0.0

    def look(self) -> None:
        """Look at the lanes, twice a second at most."""
        if time.monotonic() - self._looked_at < 0.5:
            return
        self._looked_at = time.monotonic()
        waiting = {row["tenant"]: row["waiting"] for row in lanes().look()["tenants"]}
        self.full = frozenset(key for key, count in waiting.items() if count > self.limits.get(key, 0))


class Feeder:
    """Sends for some seconds, then ends."""

    def __init__(
        self,
        plans: Sequence[Plan],
        log: Writer,
        *,
        seconds: float,
        rate: int,
        burst: int,
        api: str,
        keys: dict[str, str],
    ) -> None:
        self.plans, self.log = plans, log
        self.seconds, self.rate, self.burst = seconds, rate, burst
        self.api, self.keys = api, keys
        limits = {plan.key: 50 + FULL_SECONDS * rate * plan.share for plan in plans}
        limits[plans[0].key] += burst
        self.brake = Brake(limits)
        self.seed = time.time_ns()
        self.began = 0.0
        self.errors: list[BaseException] = []

    def run(self) -> None:
        """Returns when all was sent. Raises what one of the threads raised."""
        self.began = time.monotonic()
        parts = (self._send_direct, self._send_http, self._send_burst)
        threads = [threading.Thread(target=self._guard, args=(part,), daemon=True) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def _guard(self, part: Callable[[], None]) -> None:
        try:
            part()
        except BaseException as error:
            self.errors.append(error)

    def _send_direct(self) -> None:
        broken_at = self.began + self.seconds * 0.6
        for tick in self._ticks(DIRECT, self.rate * (1 - HTTP_SHARE), send_here):
            self.brake.look()
            if time.monotonic() > broken_at:
                lanes().push([(self.plans[-1].key, 0, [BROKEN])])
                broken_at = float("inf")
            tick()

    def _send_http(self) -> None:
        client = HttpClient(self.api, self.keys)
        for tick in self._ticks(HTTP, self.rate * HTTP_SHARE, client.send):
            tick()

    def _send_burst(self) -> None:
        time.sleep(self.seconds * BURST_AT)
        source = Source(self.plans[0], BURST, self.seed)
        for first in range(0, self.burst, BURST_CHUNK):
            self._deliver(source, min(BURST_CHUNK, self.burst - first), send_here)

    def _ticks(self, way: str, rate: float, send: Send) -> Any:
        """A function to call now and then, which sends what is due."""
        sources = [Source(plan, way, self.seed) for plan in self.plans]
        weights = [plan.share for plan in self.plans]
        chance = Random(f"{self.seed} {way}")
        sent = 0
        while (elapsed := time.monotonic() - self.began) < self.seconds:
            due = int(rate * elapsed) - sent
            sent += due
            count = min(due, int(rate * LATE_SECONDS))
            chosen = Counter(chance.choices(range(len(sources)), weights, k=count))
            yield lambda chosen=chosen: [self._deliver(sources[at], n, send) for at, n in chosen.items()]
            time.sleep(TICK_SECONDS[way])

    def _deliver(self, source: Source, count: int, send: Send) -> None:
        """Send events of one tenant and note those that were accepted."""
        tenant, way = source.plan.key, source.way
        if tenant in self.brake.full and way != BURST:
            return
        accepted = send(tenant, source.events(count))
        self.log.append([AcceptedEvent(tenant, raw["lead"], raw["id"], way) for raw in accepted])


def send_here(tenant: str, events: Sequence[RawEvent]) -> list[RawEvent]:
    """Those that were accepted. What may have been accepted is sent again until that is certain."""
    while True:
        try:
            outcomes = accept(tenant, events, "demo", datetime.now(UTC))
        except BrokerDown:
            time.sleep(RETRY_SECONDS)
            continue
        refused = [item for item in outcomes if isinstance(item, Refused) and not item.retry]
        if refused:
            raise RuntimeError(f"an event of {tenant} was refused: {refused[0]}")
        return [event for event, outcome in zip(events, outcomes, strict=True) if isinstance(outcome, Accepted)]


class HttpClient:
    """Posts lists of events, one connection for all."""

    def __init__(self, address: str, keys: dict[str, str]) -> None:
        self.host = urlsplit(address).netloc
        self.keys = keys
        self.connection = http.client.HTTPConnection(self.host, timeout=10)

    def send(self, tenant: str, events: Sequence[RawEvent]) -> list[RawEvent]:
        """Those that were accepted. Without an answer the same events are sent again under the same ids."""
        headers = {"Authorization": f"Bearer {self.keys[tenant]}", "Content-Type": "application/json"}
        body = msgspec.json.encode(list(events))
        while True:
            try:
                self.connection.request("POST", "/api/v1/events", body, headers)
                answer = self.connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                self.connection.close()
                time.sleep(RETRY_SECONDS)
                continue
            if answer.status >= 500:
                time.sleep(RETRY_SECONDS)
                continue
            if answer.status not in (202, 429):
                raise RuntimeError(f"the API answered {answer.status}: {content[:500]!r}")
            statuses = [event["status"] for event in msgspec.json.decode(content)["events"]]
            return [event for event, status in zip(events, statuses, strict=True) if status == "accepted"]
