"""Campaigns of each shape on real processes, with a clock that is moved: waits, branches, exits, requests, loops.

Workers and maintenance are killed while runs rest. Each thing is done once, in its order, for two tenants.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from campaigns import batches, ingest, operations
from campaigns.models import Campaign, EventType, FieldDefinition
from campaigns.tenancy import tenant_context
from engine import control
from tests.acceptance import moved_clock
from tests.acceptance.harness import Worker, wait_until

SETTINGS = "tests.acceptance.campaign_settings"
TENANTS = ("acme", "zeta")
DAY = timedelta(days=1)


def on(event: str) -> dict[str, Any]:
    return {"type": "event", "event": event}


def step(id: str, action: str, **params: Any) -> dict[str, Any]:
    return {"id": id, "action": action, "params": params}


def note(id: str) -> dict[str, Any]:
    return step(id, "add_note", text=id)


def wait(id: str, days: int) -> dict[str, Any]:
    return step(id, "wait_duration", wait={"amount": days, "unit": "days"})


BIG = {"event": "amount", "operator": "at_least", "value": "100"}
CAMPAIGNS = {
    "welcome": {
        "triggers": [on("signup")],
        "qualification": {"times": 1},
        "exits": [{"label": "bought", "trigger": on("purchase")}],
        "steps": [note("hello"), wait("three", 3), note("remind"), wait("week", 7), note("last-call")],
    },
    "thanks": {
        "triggers": [on("purchase")],
        "qualification": {"inside": "parallel"},
        "steps": [
            step("how-much", "branch", cases=[{"label": "big", "when": BIG, "steps": [wait("one", 1), note("call")]}],
                 default=[note("mail")]),
            step("again", "request_campaign", campaign="loyal"),
        ],
    },
    "loyal": {
        "triggers": [{"type": "campaign_requested"}],
        "steps": [step("count", "change_score", op="add", amount=1)],
    },
    "news": {
        "triggers": [{"type": "batch", "audience": {"field": "score", "operator": "at_least", "value": 1}}],
        "steps": [note("newsletter"), wait("two", 2), note("follow-up")],
    },
    "monthly": {
        "triggers": [on("subscribe")],
        "steps": [note("issue"), wait("pause", 5), step("next", "jump_to", step="issue", max_jumps=2)],
    },
}  # fmt: skip


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLANE_TEST_CLOCK", str(tmp_path / "clock"))
    moved_clock.put_forward(timedelta(0))


@pytest.fixture
def watch(clean: None, worker_connection: psycopg.Connection) -> psycopg.Connection:
    worker_connection.autocommit = True
    return worker_connection


@pytest.fixture
def tenants(watch: psycopg.Connection) -> None:
    for tenant in TENANTS:
        operations.create_tenant(tenant, name=tenant)
        with tenant_context(tenant):
            amount = [{"name": "amount", "type": "decimal"}]
            for name in ("signup", "purchase", "subscribe"):
                EventType.objects.create(tenant_id=tenant, name=name, label=name, attributes=amount)
            FieldDefinition.objects.create(tenant_id=tenant, key="orders", label="Orders", type="integer")
            for position, key in enumerate(("loyal", "welcome", "thanks", "monthly", "news")):
                campaign = Campaign.objects.create(
                    tenant_id=tenant, key=key, name=key, position=position, draft=CAMPAIGNS[key]
                )
                operations.publish(campaign, by="ann")


class Site:
    """A node and maintenance, which can be killed and come back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started = 0
        self.worker: Worker
        self.maintenance: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        self.started += 1
        control._lane_counts.clear()
        self.worker = Worker(self.folder / f"node{self.started}.log", DJANGO_SETTINGS_MODULE=SETTINGS)
        with (self.folder / "maintain.log").open("ab") as log:
            self.maintenance = subprocess.Popen(
                [sys.executable, "manage.py", "maintain"],
                stdout=log,
                stderr=log,
                env=os.environ | {"DJANGO_SETTINGS_MODULE": SETTINGS},
            )
        wait_until(self.worker.is_ready, "the node does not start")

    def kill(self) -> None:
        """Both processes at once, without a word."""
        self.worker.kill()
        self.maintenance.kill()
        self.maintenance.wait()

    def end(self) -> None:
        self.worker.end()
        with suppress(ProcessLookupError):
            self.maintenance.kill()
        self.maintenance.wait()


@pytest.fixture
def site(clock: None, tenants: None, tmp_path: Path) -> Iterator[Site]:
    running = Site(tmp_path)
    yield running
    running.end()


def send(type: str, lead: str, id: str, amount: str = "1") -> None:
    """The same event to both tenants."""
    for tenant in TENANTS:
        raw = {"id": id, "lead": lead, "type": type, "data": {"amount": amount}}
        (outcome,) = ingest.accept(tenant, [raw], "api", moved_clock.now())
        assert isinstance(outcome, ingest.Accepted)


Told = dict[tuple[str, str], list[str]]


@pytest.fixture
def told(watch: psycopg.Connection) -> Callable[[], Told]:
    """By tenant and lead: the notes in the order in which they were written."""
    query = (
        "SELECT a.tenant_id, l.key, a.data->>'text' FROM campaigns_activity AS a"
        " JOIN campaigns_lead AS l ON l.tenant_id = a.tenant_id AND l.id = a.lead_id"
        " WHERE a.kind = 'note_added' ORDER BY a.id"
    )

    def look() -> Told:
        found: Told = {}
        for tenant, lead, text in watch.execute(query).fetchall():
            found.setdefault((tenant, lead), []).append(text)
        return found

    return look


def expect(told: Callable[[], Told], **leads: list[str]) -> None:
    """Wait until the leads of both tenants were told just that."""
    wanted = {(tenant, lead): texts for tenant in TENANTS for lead, texts in leads.items()}
    wait_until(lambda: told() == wanted, "the notes are not those expected")


def test_campaigns_of_each_shape_do_what_they_say_whoever_is_killed(
    site: Site, told: Callable[[], Told], watch: psycopg.Connection
) -> None:
    send("signup", "ann", "s1")
    send("signup", "bob", "s2")
    send("subscribe", "cat", "s3")
    expect(told, ann=["hello"], bob=["hello"], cat=["issue"])

    site.kill()  # while all three rest
    moved_clock.put_forward(3 * DAY)
    site.start()
    expect(told, ann=["hello", "remind"], bob=["hello", "remind"], cat=["issue"])

    send("purchase", "ann", "p1", amount="200")  # leaves welcome, and waits a day
    send("purchase", "bob", "p2", amount="20")
    expect(told, ann=["hello", "remind"], bob=["hello", "remind", "mail"], cat=["issue"])
    moved_clock.put_forward(DAY)
    expect(told, ann=["hello", "remind", "call"], bob=["hello", "remind", "mail"], cat=["issue"])

    for issues in (2, 3):
        moved_clock.put_forward(5 * DAY)
        expect(told, ann=["hello", "remind", "call"], bob=["hello", "remind", "mail"], cat=["issue"] * issues)

    send("signup", "ann", "s4")  # once in a lifetime
    moved_clock.put_forward(10 * DAY)
    wait_until(lambda: resting(watch) == 0, "runs are still inside")
    expect(told, ann=["hello", "remind", "call"], bob=["hello", "remind", "mail"], cat=["issue"] * 3)
    assert scores(watch) == {(tenant, lead): 1 for tenant in TENANTS for lead in ("ann", "bob")}


def test_a_batch_reaches_each_of_its_frozen_audience_once_whoever_is_killed(
    site: Site, told: Callable[[], Told], watch: psycopg.Connection
) -> None:
    leads = [f"l{number}" for number in range(40)]
    for lead in leads:
        send("purchase", lead, f"p-{lead}", amount="5")
    wait_until(lambda: len(scores(watch)) == 2 * len(leads), "the audience is not there")
    for tenant in TENANTS:
        with tenant_context(tenant):
            batches.start(Campaign.objects.get(key="news"), by="ann")
    site.kill()
    send("purchase", "late", "p-late", amount="5")  # after the audience was asked for: it may be in, or not
    moved_clock.put_forward(DAY)
    site.start()
    expect_all(told, leads, ["mail", "newsletter"])
    moved_clock.put_forward(2 * DAY)
    expect_all(told, leads, ["mail", "newsletter", "follow-up"])


def expect_all(told: Callable[[], Told], leads: list[str], texts: list[str]) -> None:
    """Wait until each of these leads of both tenants was told just that."""
    wanted = {(tenant, lead): texts for tenant in TENANTS for lead in leads}
    wait_until(
        lambda: {place: said for place, said in told().items() if place in wanted} == wanted, "not all were told"
    )


def test_a_wait_ends_within_two_seconds_of_its_time(
    site: Site, told: Callable[[], Told], watch: psycopg.Connection
) -> None:
    send("signup", "ann", "s1")
    expect(told, ann=["hello"])
    moved_clock.put_forward(3 * DAY)
    took = wait_until(lambda: all("remind" in texts for texts in told().values()), "nobody was woken")
    assert took < 2.0


def resting(watch: psycopg.Connection) -> int:
    ((count,),) = watch.execute("SELECT count(*) FROM campaigns_parkedrun").fetchall()
    return count


def scores(watch: psycopg.Connection) -> dict[tuple[str, str], int]:
    rows = watch.execute("SELECT tenant_id, key, score FROM campaigns_lead WHERE score > 0").fetchall()
    return {(tenant, key): score for tenant, key, score in rows}
