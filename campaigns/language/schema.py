"""What a tenant has: fields, event types, stages, lists and the rest. Documents and events are checked against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.language import incoming
from campaigns.language.definition import Defined
from campaigns.language.eventtypes import UNDECLARED as UNDECLARED  # asked for here by all who read a schema
from campaigns.language.eventtypes import AttributeSpec, EventTypeSpec, event_type
from campaigns.language.faults import Fault
from campaigns.language.frozen import frozen
from campaigns.language.priority import NOTHING, Urgent
from campaigns.language.standardevents import STANDARD_EVENTS
from campaigns.language.values import TYPES, caster, day_of

CAMPAIGN_REQUESTED = "campaign.requested"
CAMPAIGN_ENTERED = "campaign.entered"
CAMPAIGN_ENDED = "campaign.ended"
APPROVAL_DECIDED = "approval.decided"
BATCH_MEMBER = "batch.member"  #: the event of a lead that is among those a batch is run for
DATE_REACHED = "date.reached"
INACTIVITY_REACHED = "inactivity.reached"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a lead."""

    key: str
    label: str
    type: str
    options: frozenset[str] | None = None  #: of a picklist or multi-select; None takes any text
    read_only: bool = False
    builtin: bool = False
    action: str | None = None  #: the only action that may change it
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)  #: of options, for people
    cast: Callable[[Any], Any] = field(init=False, repr=False, compare=False)
    dump: Callable[[Any], Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cast", caster(self.type, self.options))
        object.__setattr__(self, "dump", TYPES[self.type].dump)


#: Raised by the interpreter and by signals, or known to every tenant; a name with a dot is never a tenant's own.
SYSTEM_EVENTS: dict[str, EventTypeSpec] = {
    spec.name: spec
    for spec in (
        event_type("lead.created", label="Lead created", open=True),
        event_type("field.changed", AttributeSpec("field", "string", True), label="Field changed", open=True),
        event_type(
            "score.changed",
            AttributeSpec("field", "string", True),
            AttributeSpec("old", "integer"),
            AttributeSpec("new", "integer"),
            AttributeSpec("change", "integer"),
            label="Score changed",
        ),
        event_type("tag.added", AttributeSpec("tag", "string", True), label="Tag added"),
        event_type("tag.removed", AttributeSpec("tag", "string", True), label="Tag removed"),
        event_type("list.joined", AttributeSpec("list", "string", True), label="List joined"),
        event_type("list.left", AttributeSpec("list", "string", True), label="List left"),
        event_type(
            "moment.noted",
            AttributeSpec("type", "string", True),
            AttributeSpec("description", "string", True),
            AttributeSpec("visible_to", "string"),
            label="Interesting moment",
        ),
        event_type(
            "program.member_changed",
            AttributeSpec("program", "string", True),
            AttributeSpec("field", "string", True),
            AttributeSpec("old", "string"),
            AttributeSpec("new", "string"),
            label="Member data changed",
        ),
        event_type(
            "nurture.cadence_changed",
            AttributeSpec("nurture", "string", True),
            AttributeSpec("cadence", "string", True),
            label="Cadence of a nurture changed",
        ),
        event_type(
            "program.status_changed",
            AttributeSpec("program", "string", True),
            AttributeSpec("status", "string", True),
            AttributeSpec("old_status", "string"),
            AttributeSpec("success", "boolean", True),
            label="Program status changed",
        ),
        event_type(
            "nurture.changed",
            AttributeSpec("nurture", "string", True),
            AttributeSpec("stream", "string", True),
            AttributeSpec("exhausted", "boolean", True),
            label="Nurture changed",
        ),
        event_type(
            "subscription.changed",
            AttributeSpec("topic", "string"),
            AttributeSpec("channel", "string", True),
            AttributeSpec("state", "string", True),
            label="Subscription changed",
        ),
        event_type(
            "consent.changed",
            AttributeSpec("purpose", "string", True),
            AttributeSpec("granted", "boolean", True),
            label="Consent changed",
        ),
        event_type(
            "opportunity.changed",
            AttributeSpec("opportunity", "string", True),
            AttributeSpec("change", "string", True),
            AttributeSpec("stage", "string"),
            label="Opportunity changed",
        ),
        event_type(
            "company.changed",
            AttributeSpec("company", "string", True),
            AttributeSpec("change", "string", True),
            label="Company changed",
        ),
        event_type(
            "object.changed",
            AttributeSpec("object", "string", True),
            AttributeSpec("key", "string", True),
            AttributeSpec("change", "string", True),
            label="Object changed",
        ),
        event_type(
            "message.sent",
            AttributeSpec("channel", "string", True),
            AttributeSpec("message", "string", True),
            AttributeSpec("delivery", "string", True),
            AttributeSpec("attempts", "integer", True),
            label="Message sent",
        ),
        event_type(
            "message.failed",
            AttributeSpec("channel", "string", True),
            AttributeSpec("message", "string", True),
            AttributeSpec("outcome", "string", True),
            AttributeSpec("reason", "string", True),
            AttributeSpec("error_type", "string"),
            AttributeSpec("delivery", "string"),
            AttributeSpec("attempts", "integer"),
            label="Message skipped or failed",
        ),
        event_type(
            "webhook.called",
            AttributeSpec("webhook", "string", True),
            AttributeSpec("ok", "boolean", True),
            AttributeSpec("status", "integer"),
            AttributeSpec("reason", "string"),
            AttributeSpec("error_type", "string"),
            AttributeSpec("delivery", "string", True),
            AttributeSpec("attempts", "integer", True),
            label="Webhook called",
            open=True,
        ),
        event_type(
            "goal.reached",
            AttributeSpec("goal", "string", True),
            AttributeSpec("value", "decimal"),
            AttributeSpec("counted", "boolean", True),
            label="Goal reached",
        ),
        event_type("lead.upsert_requested", label="Change asked for by another lead's campaign", open=True),
        event_type(
            "lead.referral_credited",
            AttributeSpec("programme", "string", True),
            AttributeSpec("amount", "decimal", True),
            label="Referral credited",
            open=True,
        ),
        event_type("lead.merge_requested", label="Merge asked for", open=True),
        event_type("lead.merged", AttributeSpec("loser", "string", True), label="Leads merged"),
        event_type("lead.restored", label="Lead restored"),
        event_type(
            "lead.converted",
            AttributeSpec("lifecycle", "string", True),
            AttributeSpec("before", "string"),
            label="Lead converted",
        ),
        event_type(
            CAMPAIGN_ENTERED,
            AttributeSpec("campaign", "string", True),
            AttributeSpec("run", "string", True),
            label="Campaign entered",
        ),
        event_type(
            CAMPAIGN_ENDED,
            AttributeSpec("campaign", "string", True),
            AttributeSpec("run", "string", True),
            AttributeSpec("label", "string"),
            label="Campaign ended",
        ),
        event_type(
            APPROVAL_DECIDED,
            AttributeSpec("run", "string", True),
            AttributeSpec("number", "integer", True),
            AttributeSpec("approved", "boolean", True),
            AttributeSpec("by", "string", True),
            AttributeSpec("note", "text"),
            label="Approval decided",
        ),
        event_type(
            CAMPAIGN_REQUESTED,
            AttributeSpec("campaign", "string", True),
            label="Campaign requested",
            open=True,
            outside=True,
        ),
        event_type(
            BATCH_MEMBER,
            AttributeSpec("campaign", "string", True),
            AttributeSpec("batch", "string", True),
            label="Member of a batch",
        ),
        event_type("smart_list.joined", AttributeSpec("list", "string", True), label="Smart list joined"),
        event_type("smart_list.left", AttributeSpec("list", "string", True), label="Smart list left"),
        event_type(
            "partition.changed",
            AttributeSpec("from", "string"),
            AttributeSpec("to", "string", True),
            label="Partition changed",
        ),
        event_type(
            DATE_REACHED,
            AttributeSpec("campaign", "string", True),
            AttributeSpec("trigger", "string", True),
            AttributeSpec("occasion", "string", True),
            AttributeSpec("field", "string", True),
            AttributeSpec("date", "date", True),
            AttributeSpec("years", "integer"),
            label="Date reached",
        ),
        event_type(
            INACTIVITY_REACHED,
            AttributeSpec("campaign", "string", True),
            AttributeSpec("trigger", "string", True),
            AttributeSpec("occasion", "string", True),
            AttributeSpec("since", "datetime", True),
            label="Inactivity",
        ),
        event_type(
            "hook.received",
            AttributeSpec("hook", "string", True),
            label="Webhook received",
            open=True,
            qualifier="hook",
        ),
        *STANDARD_EVENTS,
    )
}


@dataclass(frozen=True)
class TenantSchema:
    """A tenant's vocabulary at one version. Never changed; a new version is a new object."""

    tenant: str
    timezone: str = "UTC"
    currency: str = "USD"
    week_start: int = 0  #: the day that weeks of the calendar begin on, from Monday
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    event_types: Mapping[str, EventTypeSpec] = field(default_factory=dict)
    stages: tuple[str, ...] = ()  #: keys in their order
    tags: frozenset[str] = frozenset()
    lists: Mapping[str, int] = field(default_factory=dict)  #: key to id, of lists that are not archived
    owners: Mapping[str, int] = field(default_factory=dict)  #: e-mail address to id
    inactive_owners: frozenset[str] = frozenset()  #: those of the owners who get no more leads
    campaigns: Mapping[str, str] = field(default_factory=dict)  #: key to status
    campaign_ids: Mapping[str, int] = field(default_factory=dict)  #: by key
    #: kind -> key -> what the tenant has defined
    definitions: Mapping[str, Mapping[str, Defined]] = field(default_factory=dict)
    requestable: frozenset[str] | None = None  #: campaigns that can be requested; None when not known
    #: campaign -> those that its live document executes; None when not known
    executes: Mapping[str, frozenset[str]] | None = None
    #: campaign -> those that its live document comes after; None when not known
    follows: Mapping[str, frozenset[str]] | None = None
    campaign_tags: frozenset[str] | None = None  #: of the live documents; None when not known
    urgent: Urgent = NOTHING  #: what campaigns of high priority hear
    people: frozenset[str] | None = None  #: users who may work in the tenant; None when not known

    @classmethod
    def build(cls, tenant: str, *, fields: Iterable[FieldSpec] = (), **parts: Any) -> TenantSchema:
        """A schema of the built-in fields and a tenant's own."""
        known = _builtin_fields(parts.get("stages", ()), parts.get("owners", ()))
        for spec in fields:
            known[spec.key] = spec
        return cls(tenant, fields=known, **parts)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone."""
        return ZoneInfo(self.timezone)

    @cached_property
    def stage_order(self) -> dict[str, int]:
        """Each stage's place."""
        return {key: place for place, key in enumerate(self.stages)}

    @cached_property
    def owner_of_id(self) -> dict[int, str]:
        """Owners by their id, as leads refer to them in the database."""
        return {id: email for email, id in self.owners.items()}

    @cached_property
    def list_keys(self) -> frozenset[str]:
        """The lists, as the values of the field `lists` are checked against them."""
        return frozenset(self.lists)

    @cached_property
    def list_of_id(self) -> dict[int, str]:
        """Lists by their id, as memberships refer to them in the database."""
        return {id: key for key, id in self.lists.items()}

    def defined(self, kind: str) -> Mapping[str, Defined]:
        """The tenant's definitions of a kind, by key."""
        return self.definitions.get(kind, {})

    def day(self, instant: datetime) -> date:
        """The calendar day of an instant where the tenant is."""
        return day_of(instant, self.zone)

    def find_event_type(self, name: str) -> EventTypeSpec | None:
        """A tenant's event type, or one of ours."""
        return self.event_types.get(name) or SYSTEM_EVENTS.get(name)

    def check_event(self, event_type: str, data: Any) -> tuple[dict[str, Any], list[Fault]]:
        """The typed data of an event from outside, and every fault in it. Never raises."""
        return incoming.check_event(self, event_type, data)


#: Built-in fields that are the same for every tenant: all but those whose options are a tenant's own.
_COMMON = {
    spec.key: spec
    for spec in (
        FieldSpec("email", "E-mail address", "string", builtin=True),
        FieldSpec("first_name", "First name", "string", builtin=True),
        FieldSpec("last_name", "Last name", "string", builtin=True),
        FieldSpec("phone", "Phone number", "string", builtin=True),
        FieldSpec("company", "Company", "string", builtin=True, read_only=True),
        #: Kept with the tenant's own fields: few leads have one.
        FieldSpec("lifecycle", "Lifecycle type", "string", action="convert_lead"),
    )
}
_SCORE = FieldSpec("score", "Score", "integer", builtin=True, action="change_score")


def _builtin_fields(stages: Iterable[str], owners: Iterable[str]) -> dict[str, FieldSpec]:
    owner = FieldSpec("owner", "Owner", "picklist", frozen(owners), builtin=True, action="change_owner")
    stage = FieldSpec("stage", "Stage", "picklist", frozen(stages), builtin=True, action="change_stage")
    return {**_COMMON, "owner": owner, "stage": stage, "score": _SCORE}


#: The names no custom field may take.
BUILTIN_FIELDS: frozenset[str] = frozenset(_builtin_fields((), ())) | {
    "tags",
    "lists",
}
