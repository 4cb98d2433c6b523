"""PostgreSQL for which nobody waits long: a web process serves the tenants of all databases with few threads.

A connection to a silent server is given up, and until one attempt succeeds, one thread at a time tries again
while the others are refused at once.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg import IsolationLevel
from psycopg.conninfo import make_conninfo

from engine.silence import WatchedConnection

#: After a failure nobody else tries for so long.
PAUSE_SECONDS = 3.0

_next_try: dict[str, float] = {}
_lock = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """The stock back end with other connections."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection:
        """Raises psycopg.OperationalError, at once while the database is known to be away."""
        ask_leave(self.alias, time.monotonic())
        self.isolation_level = IsolationLevel.READ_COMMITTED
        try:
            connection = WatchedConnection.connect(**conn_params)
        except psycopg.OperationalError:
            with _lock:
                _next_try[self.alias] = time.monotonic() + PAUSE_SECONDS
            raise
        with _lock:
            _next_try.pop(self.alias, None)
        connection.address = self._address()
        return connection

    def _address(self) -> str:
        known = self.settings_dict
        names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
        parts = {part: known[name] for part, name in names.items() if known[name]}
        return make_conninfo("", **known["OPTIONS"] | parts)


def ask_leave(alias: str, now: float) -> None:
    """Raises psycopg.OperationalError while a failure is fresh; who gets through then is the only one to try."""
    with _lock:
        due = _next_try.get(alias)
        if due is not None and now < due:
            raise psycopg.OperationalError(f"the database {alias} did not answer a moment ago")
        if due is not None:
            _next_try[alias] = now + PAUSE_SECONDS


def forget() -> None:
    """As if nothing had ever failed."""
    _next_try.clear()
