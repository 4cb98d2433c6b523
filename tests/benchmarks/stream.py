"""A stream of events over HTTP, for as long as is asked. Requests are prepared, so that the client costs little."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import msgspec

from campaigns import keys
from tests.benchmarks.path import waiting
from tests.benchmarks.sender import purchase, zipf
from tests.benchmarks.web import Call, post

EVENTS_A_REQUEST = 500
PREPARED = 60  #: requests; each is sent again and again, with other ids
CONNECTIONS = 2

#: Events that wait when clients pause: enough to keep a node busy, too few to spill.
ENOUGH = 20_000

#: In a prepared request: where the number of the request goes.
MARK = "@"


def prepare(tenants: Sequence[str], *, seed: int = 1) -> list[Call]:
    """Requests of one tenant each, tenants by Zipf's law."""
    chance = random.Random(seed)
    issued = {tenant: keys.issue(tenant, name="benchmark")[1] for tenant in tenants}
    return [Call(issued[tenant], _lines(chance)) for tenant in chance.choices(tenants, zipf(tenants), k=PREPARED)]


def _lines(chance: random.Random) -> bytes:
    events = [purchase(chance, f"{MARK}-{number}") for number in range(EVENTS_A_REQUEST)]
    return b"".join(msgspec.json.encode(one) + b"\n" for one in events)


@dataclass
class Stream:
    """Sends to a web service until it is told to stop; pauses while workers have enough."""

    port: int
    calls: Sequence[Call]
    tenants: int
    sent: int = 0  #: events accepted
    _numbers: int = 0
    _is_full: bool = False
    _faults: list[Exception] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, go_on: Callable[[], bool]) -> None:
        """Until go_on(), asked every 20 ms, says no. Raises what a client met."""
        ended = threading.Event()
        clients = [threading.Thread(target=self._client, args=(ended,)) for _ in range(CONNECTIONS)]
        for client in clients:
            client.start()
        while go_on() and not self._faults:
            self._is_full = waiting(self.tenants) > ENOUGH
            time.sleep(0.02)
        ended.set()
        for client in clients:
            client.join()
        if self._faults:
            raise self._faults[0]

    def _client(self, ended: threading.Event) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            try:
                while not ended.is_set():
                    if self._is_full:
                        time.sleep(0.005)
                    else:
                        self._send(connection)
            except Exception as error:
                self._faults.append(error)

    def _send(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._numbers += 1
            number = self._numbers
        call = self.calls[number % len(self.calls)]
        status, said = post(connection, Call(call.key, call.body.replace(MARK.encode(), b"%d" % number)))
        if status != 202:
            raise RuntimeError(f"{status}: {said[:300]!r}")
        with self._lock:
            self.sent += EVENTS_A_REQUEST
