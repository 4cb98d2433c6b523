"""/livez: this process answers. /readyz: it can work, that is, reach its database and its broker."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from redis.backoff import NoBackoff
from redis.retry import Retry

from campaigns.api.errors import json_response
from engine.lanes import BROKER_ERRORS

DEADLINE_SECONDS = 2  #: for each of the two; a prober waits no longer than their sum


def livez(request: HttpRequest) -> HttpResponse:
    """200 as long as the process takes requests."""
    return json_response({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database and broker answer, else 503 that names who does not."""
    state = {"database": _try(_ask_database), "broker": _try(_ask_broker)}
    return json_response(state, 200 if set(state.values()) == {"ok"} else 503)


def _try(ask: Callable[[], None]) -> str:
    try:
        ask()
    except (psycopg.Error, *BROKER_ERRORS) as error:
        return type(error).__name__
    return "ok"


def _ask_database() -> None:
    """On a connection of its own: the deadline of opening one holds also when the server hangs."""
    timeout = f"-c statement_timeout={DEADLINE_SECONDS * 1000}"
    with psycopg.connect(settings.DATABASE_URL, connect_timeout=DEADLINE_SECONDS, options=timeout) as connection:
        connection.execute("SELECT 1")


def _ask_broker() -> None:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=DEADLINE_SECONDS,
        socket_connect_timeout=DEADLINE_SECONDS,
    )
    with client:
        client.ping()
