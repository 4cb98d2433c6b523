"""Two tenants with something to send, and what it is sent to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from campaigns import handler, rulebooks
from campaigns.sender import conf as conf_module
from campaigns.sender.conf import DeliveryConf
from campaigns.sender.loop import Sender
from engine import outbox
from tests.integration.campaigns.world import ACME, ZETA
from tests.integration.sender.mailing import prepare
from tests.outside import MailServer, WebService


@pytest.fixture(autouse=True)
def tenants(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Acme and Zeta, with campaigns that send. What is heard of deliveries stays in the outbox, to be looked at."""
    monkeypatch.setattr(handler, "_cache", rulebooks.RulebookCache(size=10))
    monkeypatch.setattr(outbox, "_push_tenant", lambda tenant: None)
    for tenant in (ACME, ZETA):
        prepare(tenant)


@pytest.fixture
def worker(worker_connection: psycopg.Connection) -> psycopg.Connection:
    worker_connection.autocommit = True
    return worker_connection


@pytest.fixture
def mails() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def web() -> Iterator[WebService]:
    service = WebService()
    yield service
    service.stop()


@pytest.fixture
def make_sender(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Sender]]:
    """A sender that may call loopback and tries again at once, unless told otherwise."""
    made: list[Sender] = []

    def make(mails: MailServer | None = None, **settings: Any) -> Sender:
        usual = {"networks": ("127.0.0.0/8",), "seconds": 5.0, "hold_seconds": 20.0, "first_wait_seconds": 0.0}
        told = DeliveryConf(**usual | ({"smtp_url": mails.url} if mails else {}) | settings)
        monkeypatch.setattr("campaigns.sender.results.conf", lambda: told)
        made.append(Sender("default", told))
        return made[-1]

    yield make
    for sender in made:
        sender.close()
    conf_module.conf.cache_clear()
