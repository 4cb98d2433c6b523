"""Noticing a PostgreSQL that stands still: a stopped machine, a network that swallows packets. Nothing fails then, and
the end of what hangs would come by a time limit that cannot tell it from long work.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import psycopg
from psycopg import errors

#: A statement that says nothing for so long is asked about on another connection, and again after the same time.
SILENCE_SECONDS = 2.0

#: How long the server may take to let that one in.
ANSWER_SECONDS = 4


class ServerSilent(psycopg.OperationalError):
    """The server does not answer, not even on a new connection."""


class WatchedConnection(psycopg.Connection):
    """A connection that a silent server cannot hold: what waits ends with ServerSilent, and this is closed.

    A server that is only busy lets the question in, or refuses it, and is waited for.
    """

    address: str = ""  #: where to ask; empty: nobody asks

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        """As psycopg's own, which wakes ten times a second."""
        return super().wait(self._heed_silence(gen) if self.address else gen, *args, **kwargs)

    def _heed_silence(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        since = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    since = time.monotonic()
                elif time.monotonic() - since > SILENCE_SECONDS:
                    self._ask()
                    since = time.monotonic()
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _ask(self) -> None:
        """Raises ServerSilent."""
        try:
            psycopg.connect(self.address, connect_timeout=ANSWER_SECONDS).close()
        except errors.ConnectionTimeout as error:
            self.pgconn.finish()
            raise ServerSilent(f"no answer for {SILENCE_SECONDS + ANSWER_SECONDS:.0f} s") from error
        except psycopg.OperationalError:
            return  # it speaks; or the network says that it is gone, and this connection will hear of it too
