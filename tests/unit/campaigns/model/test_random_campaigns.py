"""Thousands of random campaigns mean the same to the interpreter as to the plainest walk over their documents."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from campaigns.language.document import validate
from campaigns.language.interpreter import run_event
from campaigns.language.lead import LeadState
from campaigns.language.rulebook import CampaignRow, Rulebook, compile_rulebook
from campaigns.language.run import RUN_DUE
from campaigns.language.schema import AttributeSpec, FieldSpec, TenantSchema, event_type
from campaigns.language.shared import Shared
from engine.types import Event
from tests.unit.campaigns.acme import Recorder
from tests.unit.campaigns.model.generation import EVENTS, LISTS, NUMBERS, TAGS, TEXTS, ZONE, happening, rulebook
from tests.unit.campaigns.model.reference import Reference, new_lead

RULEBOOKS = 1_000
PARTS = 8
START = datetime(2026, 3, 26, 9, 0, tzinfo=UTC)  #: clocks change three days later
TENANTS = ("acme", "zeta")
MUST = {kind: {name: must for name, (_, must) in found.items()} for kind, found in EVENTS.items()}


def schema(tenant: str, keys: list[str]) -> TenantSchema:
    return TenantSchema.build(
        tenant,
        timezone=ZONE,
        fields=(
            *(FieldSpec(name, name, "integer") for name in NUMBERS),
            *(FieldSpec(name, name, "string") for name in TEXTS),
        ),
        event_types={
            kind: event_type(kind, *(AttributeSpec(name, type, required=must) for name, (type, must) in found.items()))
            for kind, found in EVENTS.items()
        },
        stages=(),
        tags=frozenset(TAGS),
        lists={key: place for place, key in enumerate(LISTS, 1)},
        owners={},
        inactive_owners=frozenset(),
        campaigns=dict.fromkeys(keys, "active"),
        requestable=frozenset(keys),
        definitions={},
    )


class Both:
    """A lead of the interpreter and the same one of the reference."""

    def __init__(self, tenant: str, book: Rulebook, documents: dict[str, Any]) -> None:
        self.tenant, self.book = tenant, book
        self.lead = LeadState(id=7, tenant=tenant, key="L7", values={"score": 0}, is_new=True)
        self.lead.shared = Shared()
        campaigns = [
            {"id": place, "key": key, "document": document}
            for place, (key, document) in enumerate(documents.items(), 1)
        ]
        self.names = {campaign["id"]: campaign["key"] for campaign in campaigns}
        self.reference, self.plain = Reference(campaigns, MUST, ZONE), new_lead()

    def happen(self, id: str, type: str, data: dict[str, Any], now: datetime) -> list[Any]:
        """The same event to both; they end in the same rows and the same lead."""
        event = Event(
            id=f"{self.tenant}-{id}", lead="L7", type=type, accepted_at=now, occurred_at=now, data=data,
            tenant=self.tenant,
        )  # fmt: skip
        return self.compare(event, {"type": type, "data": data}, now)

    def compare(self, event: Event, plain: dict[str, Any], now: datetime) -> list[Any]:
        recorder = Recorder()
        run_event(self.book, self.lead, event, now, recorder)
        rows = [
            (self.names[row.campaign_id], row.step, row.data.get("outcome"))
            for row in recorder.activities
            if row.campaign_id is not None
        ]
        plain |= {"key": event.ledger_key, "at": event.occurred_at}
        assert rows == self.reference.happen(self.plain, plain, now)
        assert self.state() == plain_state(self.plain)
        return rows

    def state(self) -> Any:
        runs = {
            (run.id, self.names[run.campaign_id], run.step, run.wake_at, run.waits) for run in self.lead.runs.values()
        }
        return self.lead.values, self.lead.tags, self.lead.lists, runs

    def pass_time(self, now: datetime) -> list[Any]:
        """All whose time has come by then, first those that were to be first."""
        due = sorted((run["until"], run["id"]) for run in self.plain["runs"] if run["until"] and run["until"] <= now)
        rows = []
        for at, id in due:
            if id in self.lead.runs and self.lead.runs[id].wake_at == at:  # not since one of those before
                rows += self.wake(at, id, now)
        return rows

    def wake(self, at: datetime, id: str, now: datetime) -> list[Any]:
        waits = self.lead.runs[id].waits
        event = Event(
            id=f"run:{id}:{waits}", lead="L7", type=RUN_DUE, accepted_at=now, occurred_at=at, tenant=self.tenant,
            data={"run": id, "waits": waits},
        )  # fmt: skip
        return self.compare(event, {"type": RUN_DUE, "run": id, "waits": waits}, now)


def plain_state(lead: dict[str, Any]) -> Any:
    """What can be compared of a lead of the reference."""
    values = {name: value for name, value in lead["values"].items() if value is not None}
    runs = {(run["id"], run["campaign"]["key"], run["step"], run["until"], run["waits"]) for run in lead["runs"]}
    return values, lead["tags"], lead["lists"], runs


def compiled(tenant: str, documents: dict[str, Any]) -> Rulebook:
    """The documents, which must be free of faults."""
    vocabulary = schema(tenant, list(documents))
    for key, document in documents.items():
        assert validate(document, vocabulary, key=key) == []
    each = enumerate(documents.items(), 1)
    rows = [CampaignRow(place, key, key, 1, place, document) for place, (key, document) in each]
    return compile_rulebook(vocabulary, 1, rows)


def live(seed: int) -> Counter[str | None]:
    """Let leads of two tenants live with a random rulebook each. Returns how often each outcome came."""
    found = Counter[str | None]()
    for tenant, own in zip(TENANTS, (2 * seed, 2 * seed + 1), strict=True):
        documents = rulebook(own)
        random, now = Random(own), START
        both = Both(tenant, compiled(tenant, documents), documents)
        for number in range(random.randint(4, 10)):
            now += timedelta(minutes=random.choice((0, 1, 30, 61, 400, 1500)))
            rows = both.pass_time(now)
            rows += both.happen(f"e{number}", *happening(random), now)
            found.update(outcome for _, _, outcome in rows)
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_random_campaigns_mean_the_same_to_both(part: int) -> None:
    found = Counter[str | None]()
    for seed in range(part, RULEBOOKS // 2, PARTS):
        try:
            found += live(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    assert found.keys() == {"done", "no_op", "skipped", "failed", "deferred", None}  # None: a loop was stopped


def test_runs_that_began_at_one_moment_leave_in_the_order_they_began() -> None:
    wait = {"id": "wait", "action": "wait_duration", "params": {"wait": {"amount": 1, "unit": "days"}}}
    tag = {"id": "tag", "action": "change_tags", "params": {"add": ["hot"]}}
    exits = [{"label": "pinged", "trigger": {"type": "event", "event": "ping"}}]
    documents = {
        "c1": {"triggers": [{"type": "tag_added"}], "exits": exits, "steps": [wait]},
        "c2": {"triggers": [{"type": "event", "event": "purchase"}], "exits": exits, "steps": [tag, wait]},
    }
    both = Both("acme", compiled("acme", documents), documents)
    both.happen("e1", "purchase", {"cds": 1}, START)
    assert both.happen("e2", "ping", {}, START) == [("c2", "wait", "done"), ("c1", "wait", "done")]
