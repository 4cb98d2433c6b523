"""Noticing a PostgreSQL that stands still, and a connection that it knows no more: a stopped machine, a network that
swallows packets. Nothing fails then, and the end of what hangs would come by a time limit that cannot tell it from
long work, or, behind a proxy that answers TCP's own questions, never.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, NoReturn

import psycopg
from psycopg import errors

from engine.sql import load

QUERIES = load("engine.sql", "silence.sql")

#: A statement that says nothing for so long is asked about on another connection, and again after the same time.
SILENCE_SECONDS = 2.0

#: How long the server may take to let that one in.
ANSWER_SECONDS = 4


class ServerSilent(psycopg.OperationalError):
    """The server does not answer, not even on a new connection."""


def _within(seconds: float, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Raises ConnectionTimeout when something lasts longer."""
    deadline = time.monotonic() + seconds
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > deadline:
                raise errors.ConnectionTimeout(f"no answer for {seconds:.0f} s")
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value


class Question(psycopg.Connection):
    """A connection for which nobody waits longer than ANSWER_SECONDS."""

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        """Raises psycopg.errors.ConnectionTimeout."""
        return super().wait(_within(ANSWER_SECONDS, gen), *args, **kwargs)


class WatchedConnection(psycopg.Connection):
    """A connection that a silent server cannot hold: what waits ends with ServerSilent, and this is closed.

    A server that is only busy lets the question in, or refuses it, and is waited for; one that says twice that it
    does nothing for this connection has lost what was asked, or its answer is lost.
    """

    address: str = ""  #: where to ask; empty: nobody asks

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        """As psycopg's own, which wakes ten times a second."""
        return super().wait(self._heed_silence(gen) if self.address else gen, *args, **kwargs)

    def _heed_silence(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        since, idle = time.monotonic(), False
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    since, idle = time.monotonic(), False
                elif time.monotonic() - since > SILENCE_SECONDS:
                    idle = self._ask(was_idle=idle)
                    since = time.monotonic()
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _ask(self, *, was_idle: bool) -> bool:
        """Whether the server does nothing for this connection. Raises ServerSilent."""
        try:
            with Question.connect(self.address, connect_timeout=ANSWER_SECONDS, autocommit=True) as question:
                row = question.execute(QUERIES["is_at_work"], [self.info.backend_pid]).fetchone()
        except errors.ConnectionTimeout as error:
            self._give_up(f"no answer for {SILENCE_SECONDS + ANSWER_SECONDS:.0f} s", error)
        except psycopg.OperationalError:
            return False  # it speaks; or the network says that it is gone, and this connection will hear of it too
        is_idle = row == (False,)
        if is_idle and was_idle:
            self._give_up("the connection was lost without a word")
        return is_idle

    def _give_up(self, reason: str, cause: Exception | None = None) -> NoReturn:
        self.pgconn.finish()
        raise ServerSilent(reason) from cause
