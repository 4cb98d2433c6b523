"""A tenant with some of everything, and short ways to run campaigns on a lead of theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from campaigns.language.activity import ActivityRow
from campaigns.language.definition import Defined, read_definition
from campaigns.language.document import validate
from campaigns.language.filtertree import known
from campaigns.language.interpreter import run_event
from campaigns.language.lead import LeadState
from campaigns.language.rulebook import CampaignRow, Rulebook, compile_rulebook
from campaigns.language.run import RUN_DUE
from campaigns.language.schema import AttributeSpec, FieldSpec, TenantSchema, event_type
from campaigns.language.shared import Shared
from engine.types import Event

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
THEN = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)  #: when events of these tests occurred

#: What is said of something that is no filter.
A_FILTER = f"expected an object with one of {', '.join(known())}"

COLOURS = frozenset({"red", "green", "blue"})

FIELDS = (
    FieldSpec("nickname", "Nickname", "string"),
    FieldSpec("notes", "Notes", "text"),
    FieldSpec("orders", "Orders", "integer"),
    FieldSpec("total", "Total", "decimal"),
    FieldSpec("newsletter", "Newsletter", "boolean"),
    FieldSpec("birthday", "Birthday", "date"),
    FieldSpec("last_seen", "Last seen", "datetime"),
    FieldSpec("colour", "Favourite colour", "picklist", COLOURS),
    FieldSpec("colours", "Colours", "multi_select", COLOURS),
    FieldSpec("profile", "Profile", "json"),
    FieldSpec("deal", "Deal", "currency"),
    FieldSpec("home", "Home", "geo"),
    FieldSpec("crm_id", "Id in the CRM", "string", read_only=True),
)

EVENTS = {
    spec.name: spec
    for spec in (
        event_type(
            "purchase",
            AttributeSpec("cds", "integer", required=True),
            AttributeSpec("amount", "decimal", required=True),
            AttributeSpec("shop", "string"),
            AttributeSpec("paid_at", "datetime"),
        ),
        event_type("signup", AttributeSpec("email", "string", required=True), AttributeSpec("age", "integer")),
        event_type("page_view", AttributeSpec("url", "string"), open=True),
    )
}


def defined(kind: str, key: str, *, archived: bool = False, **spec: Any) -> Defined:
    """A definition as the tenant has it; it must be free of faults."""
    read, faults = read_definition(kind, spec)
    assert faults == []
    return Defined(kind, key, key.title(), read, archived)


DEFINED = {
    kind: {one.key: one for one in ones}
    for kind, ones in {
        "program": [
            defined(
                "program",
                "webinar",
                statuses=[{"key": "invited"}, {"key": "registered"}, {"key": "attended", "success": True}],
                fields=["seat", "diet"],
            ),
            defined("program", "fair", statuses=[{"key": "met"}], archived=True),
        ],
        "nurture": [
            defined("nurture", "onboarding", streams=[{"key": "basics", "pieces": 3}, {"key": "expert", "pieces": 0}])
        ],
        "topic": [
            defined("topic", "news", channels=["email", "sms"]),
            defined("topic", "offers", double_opt_in=True),
        ],
        "purpose": [defined("purpose", "profiling", text="To suggest what may interest you")],
        "table": [
            defined(
                "table", "regions", columns=["colour", "orders"], rows={"North": ["blue", 3], "south ": ["pink", None]}
            )
        ],
        "company": [defined("company", "basics", fields={"size": "integer", "city": "string", "since": "date"})],
        "pool": [
            defined("pool", "sales", owners=[{"email": "ann@acme.test"}, {"email": "cid@acme.test"}]),
            defined("pool", "weighted", owners=[{"email": "ann@acme.test", "weight": 3}, {"email": "cid@acme.test"}]),
            defined("pool", "away", owners=[{"email": "bob@acme.test"}]),
            defined(
                "pool", "days", owners=[{"email": "ann@acme.test", "calendar": "holidays"}, {"email": "cid@acme.test"}]
            ),
            defined("pool", "lost", owners=[{"email": "ann@acme.test", "calendar": "holiday"}]),
        ],
        "object": [defined("object", "car", fields={"plate": "string", "seats": "integer", "bought": "date"})],
        "calendar": [defined("calendar", "holidays", holidays=["2026-03-16", "2026-03-17"])],
        "email": [
            defined(
                "email",
                "welcome",
                subject="Hello {{ lead.first_name | default: 'you' }}",
                text="You bought {{ event.cds }}.",
                html="<p>{{ lead.first_name }} bought {{ event.cds }}</p>",
                approved=True,
                **{"from": "Acme <news@acme.test>"},
            ),
            defined(
                "email",
                "plain",
                subject="News",
                text="News for all",
                approved=True,
                reply_to="{{ lead.owner }}",
                **{"from": "{{ lead.nickname | default: 'news@acme.test' }}"},
            ),
            defined("email", "draft", subject="Later", text="Not yet", **{"from": "news@acme.test"}),
        ],
        "webhook": [
            defined(
                "webhook",
                "crm",
                url="https://crm.example/contacts?source=fairlane",
                headers={"Authorization": {"secret": "CRM_KEY", "prefix": "Bearer "}, "X-Team": "acme"},
                body={
                    "key": "1",
                    "cds": "{{ event.cds }}",
                    "name": "Dear {{ lead.first_name }}",
                    "birthday": "{{ lead.birthday }}",
                    "tags": ["{{ lead.tags }}", {"vip": True}],
                },
                response={"crm_number": "contact.id"},
            ),
            defined("webhook", "ping", url="http://ping.example/"),
            defined("webhook", "gone", url="http://gone.example/", archived=True),
        ],
        "currency": [
            defined("currency", "eur", rates={"2026-01-01": "1.1", "2026-03-15": "1.2"}),
            defined("currency", "chf", rates={"2026-03-16": 1.25}),
        ],
        "slot": [defined("slot", "hero", variants=["spring", "autumn"])],
        "partition": [
            defined("partition", "europe"),
            defined("partition", "asia"),
            defined("partition", "mars", archived=True),
        ],
        "smart_list": [
            defined("smart_list", "buyers", filter={"field": "orders", "operator": "at_least", "value": 1}),
            defined("smart_list", "gone", archived=True, filter={"field": "orders", "operator": "is_empty"}),
        ],
        "goal": [
            defined("goal", "first-order"),
            defined("goal", "spring", begins="2026-04-01T00:00:00Z", ends="2026-05-01T00:00:00Z"),
        ],
    }.items()
}


def schema(**parts: Any) -> TenantSchema:
    """Acme's vocabulary, with some parts replaced."""
    usual: dict[str, Any] = {
        "timezone": "Europe/Berlin",
        "fields": FIELDS,
        "event_types": EVENTS,
        "stages": ("customer", "repeat", "vip"),
        "tags": frozenset({"vip", "hot", "cold"}),
        "lists": {"vips": 1, "news": 2},
        "owners": {"ann@acme.test": 1, "bob@acme.test": 2, "cid@acme.test": 3},
        "inactive_owners": frozenset({"bob@acme.test"}),
        "campaigns": {"welcome": "active", "old": "paused", "silent": "active"},
        "requestable": frozenset({"welcome", "old"}),
        "definitions": DEFINED,
    }
    return TenantSchema.build("acme", **(usual | parts))


ACME = schema()


def on(event: str, **more: Any) -> dict[str, Any]:
    """A trigger on an event."""
    return {"type": "event", "event": event, **more}


def step(action: str, id: str = "one", **params: Any) -> dict[str, Any]:
    """A step without choices."""
    return {"id": id, "action": action, "params": params}


def note(id: str) -> dict[str, Any]:
    """A step that says which it is."""
    return step("add_note", id, text=id)


def campaign(*steps: dict[str, Any], on: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A document; on a purchase unless it says otherwise."""
    return {"triggers": [on or {"type": "event", "event": "purchase"}], "steps": list(steps), **more}


def faults(document: Any, tenant: TenantSchema = ACME, key: str = "") -> list[str]:
    """The faults of a document as text."""
    return [str(fault) for fault in validate(document, tenant, key=key)]


def rulebook(*documents: Any, tenant: TenantSchema = ACME, **named: Any) -> Rulebook:
    """The documents as running campaigns, in this order; they must be free of faults."""
    every = {f"c{place}": document for place, document in enumerate(documents, 1)} | named
    rows = [CampaignRow(place, key, key, 1, place, document) for place, (key, document) in enumerate(every.items(), 1)]
    book = compile_rulebook(tenant, 1, rows)
    assert book.faults == {}
    return book


def lead(*, tags: set[str] | None = None, lists: set[str] | None = None, new: bool = False, **values: Any) -> LeadState:
    """A lead with these typed values."""
    who = LeadState(id=7, tenant="acme", key="L7", values=values, tags=tags, lists=lists, is_new=new)
    who.shared = Shared()
    return who


def record(who: LeadState, kind: str, key: str) -> dict[str, Any] | None:
    """What is kept of the lead."""
    return who.records.get((kind, key))


def event(type: str = "purchase", /, id: str = "e1", at: datetime = THEN, **data: Any) -> Event:
    """An event with JSON data; a purchase comes with what it must have."""
    usual = {"cds": 1, "amount": "10.00"} if type == "purchase" else {}
    return Event(
        id=id, lead="L7", type=type, accepted_at=at, occurred_at=at, data=usual | data, tenant="acme", source="api"
    )


class Recorder:
    """Keeps the rows, and the events for other leads."""

    def __init__(self) -> None:
        self.activities: list[ActivityRow] = []
        self.sent: list[Event] = []
        self.failed: list[int] = []
        self.looped: list[int] = []
        self.deletions_left = 10


def run(book: Rulebook, who: LeadState, *events: Event, now: datetime = NOW) -> list[ActivityRow]:
    """Run events on a lead. Returns what was logged."""
    recorder = Recorder()
    for item in events or (event(),):
        run_event(book, who, item, now, recorder)
    return recorder.activities


def answer(book: Rulebook, who: LeadState, sent: Event, now: datetime = NOW) -> tuple[list[ActivityRow], list[Event]]:
    """Run on another lead what was sent to it. Returns what was logged, and what it sent in turn."""
    recorder = Recorder()
    run_event(book, who, sent, now, recorder)
    return recorder.activities, recorder.sent


def outcomes(rows: list[ActivityRow]) -> list[tuple[str | None, str, str]]:
    """Step, kind and outcome of each row that a step logged."""
    return [(row.step, row.kind, row.data["outcome"]) for row in rows if row.step is not None]


def act(who: LeadState, action: str, *, on: Event | None = None, **params: Any) -> dict[str, Any]:
    """Run one step on a lead, by a purchase unless another event is given. Returns the data of its one row."""
    trigger = {"type": "event", "event": on.type if on else "purchase"}
    document = campaign(step(action, **params), on=trigger)
    assert faults(document) == []
    rows = [row for row in run(rulebook(document), who, *([on] if on else [])) if row.step is not None]
    assert len(rows) == 1
    return rows[0].data


def due(who: LeadState, now: datetime) -> list[Event]:
    """The events by which the lead's runs are told that their time has come."""
    return [
        event(RUN_DUE, id=f"{run.id}:{run.waits}", at=run.wake_at, run=run.id, waits=run.waits)
        for run in sorted(who.runs.values(), key=lambda run: run.id)
        if run.wake_at is not None and run.wake_at <= now
    ]


def pass_time(book: Rulebook, who: LeadState, now: datetime) -> list[ActivityRow]:
    """Run what is due by then; the clock stands at `now`. Returns what was logged."""
    return [row for item in due(who, now) for row in run(book, who, item, now=now)]
