"""Records that leads have in common: exact whatever happens at once, each under its own tenant."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg
import pytest

from campaigns import handler, rulebooks
from campaigns.models import Company, Definition, Lead, Owner, Record
from campaigns.tenancy import tenant_context
from engine import db
from engine.types import Event
from tests.integration.campaigns.world import ACME, ZETA, canary, make_campaign, make_tenant
from tests.integration.engine.bundles import executor, lane

Connect = Callable[[], psycopg.Connection]

ON = [{"type": "event", "event": "purchase"}]
ROTATE = {"id": "rotate", "action": "rotate_owner", "params": {"pool": "sales"}}
JOIN = {"id": "join", "action": "add_to_company", "params": {"company": "Hooli", "create_missing": True}}
SCORE = {"id": "score", "action": "change_company_score", "params": {"amount": 1}}


class PerThread(threading.local):
    """A cache for each thread, as each process has its own."""

    def __init__(self) -> None:
        self.current = rulebooks.RulebookCache(size=10).current


@pytest.fixture(autouse=True)
def tenants(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "_cache", PerThread())
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        with tenant_context(tenant):
            emails = [f"{name}@{tenant}.test" for name in ("ann", "bob", "cid")]
            for email in emails:
                Owner.objects.create(tenant_id=tenant, email=email, name=email)
            pool = {"owners": [{"email": email} for email in emails]}
            Definition.objects.create(tenant_id=tenant, kind="pool", key="sales", name="Sales", spec=pool)


@pytest.fixture
def connect() -> Connect:
    return partial(db.connect, os.environ["WORKER_DATABASE_URL"], "fairlane-test")


def purchases(tenant: str, leads: Sequence[str]) -> list[Event]:
    now = datetime.now(UTC)
    return [
        Event(
            id=f"{tenant}-{lead}", tenant=tenant, lead=lead, type="purchase", accepted_at=now, occurred_at=now,
            data={"amount": "1"},
        )
        for lead in leads
    ]  # fmt: skip


def at_once(connect: Connect, *workers: Sequence[Sequence[Event]]) -> None:
    """Execute bundles in as many processes' worth of connections as given, all at the same time."""
    failed: list[BaseException] = []
    ready = threading.Barrier(len(workers))

    def work(bundles: Sequence[Sequence[Event]]) -> None:
        try:
            with connect() as connection:
                connection.autocommit = True
                ready.wait(10)
                for events in bundles:
                    assert executor(connection, handler.handle).execute([lane(events)]).dead == 0
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(bundles,)) for bundles in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


def in_bundles(tenant: str, prefix: str, bundles: int, size: int) -> list[list[Event]]:
    return [purchases(tenant, [f"{prefix}-{one}-{two}" for two in range(size)]) for one in range(bundles)]


def owners_of(tenant: str) -> Counter[str]:
    with tenant_context(tenant):
        return Counter(Lead.objects.exclude(key="1").values_list("owner__email", flat=True))


def campaigns(*steps: dict[str, Any]) -> None:
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "one", {"triggers": ON, "steps": list(steps)})


def test_turns_are_exact_while_bundles_run_at_once(connect: Connect) -> None:
    campaigns(ROTATE)

    at_once(
        connect, in_bundles(ACME, "x", 20, 2), in_bundles(ACME, "y", 25, 2), in_bundles(ZETA, "x", 6, 5),
    )  # fmt: skip

    assert set(owners_of(ACME).values()) == {30} and set(owners_of(ZETA).values()) == {10}
    assert {email.partition("@")[2] for email in owners_of(ACME)} == {"acme.test"}


def test_a_score_adds_up_while_bundles_run_at_once(connect: Connect) -> None:
    campaigns(JOIN, SCORE)

    at_once(connect, in_bundles(ACME, "x", 6, 5), in_bundles(ACME, "y", 6, 5), in_bundles(ZETA, "x", 2, 5))

    scores = {}
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            hooli = Company.objects.get(name="Hooli")
            scores[tenant] = (hooli.score, Lead.objects.filter(company=hooli).count(), Company.objects.count())
    assert scores == {ACME: (60, 60, 2), ZETA: (10, 10, 2)}


def test_what_failed_took_no_turn(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    campaigns(ROTATE)
    copy = handler.copy_activities
    calls = iter([RuntimeError("the first bundle fails at its end")])

    def failing(*args: Any) -> None:
        copy(*args)
        error = next(calls, None)
        if error is not None:
            raise error

    monkeypatch.setattr(handler, "copy_activities", failing)
    at_once(connect, in_bundles(ACME, "x", 2, 6))

    assert set(owners_of(ACME).values()) == {4}


def test_records_follow_a_company_that_is_renamed_or_deleted(connect: Connect) -> None:
    campaigns(JOIN)
    at_once(connect, in_bundles(ACME, "x", 1, 1), in_bundles(ZETA, "x", 1, 1))

    with tenant_context(ACME):
        Company.objects.filter(name="Hooli").update(name="Gavin")
        assert list(Record.objects.filter(kind="company").values_list("key", flat=True)) == ["Gavin"]
        Lead.objects.filter(company__name="Gavin").update(company=None)
        Company.objects.get(name="Gavin").delete()
        assert not Record.objects.filter(kind="company").exists()
    with tenant_context(ZETA):
        assert list(Record.objects.filter(kind="company").values_list("key", flat=True)) == ["Hooli"]


def test_a_company_that_changes_makes_no_new_rulebook(connect: Connect) -> None:
    with tenant_context(ACME):
        before = Company.objects.get(name=canary(ACME)).tenant.rulebook_version
        Company.objects.update(score=5)
        Company.objects.create(tenant_id=ACME, name="Initech")
        assert Company.objects.first().tenant.rulebook_version == before
