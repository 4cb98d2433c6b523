"""Changes of leads made through the ORM (admin, scripts, shells) raise the events that campaigns hear.

The events are written with the change and pushed when it commits (engine.outbox). A lead's row is locked and read
before it is saved and read again after, so that an event says what really was and is; two short queries a save.
Workers write by their own SQL and raise events themselves; bulk_create() and update() send no signals.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connections
from django.db.models.signals import post_delete, post_save, pre_save
from django.utils import timezone

from campaigns import urgency
from campaigns.acting import acting_user
from campaigns.event_ids import new_event_id
from campaigns.models import Lead, ListMember
from campaigns.router import current_database
from engine.types import Event

SOURCE = "signal"
BEFORE = "_before_save"  #: the attribute of an instance that holds its stored row while it is saved

PLAIN = ("email", "first_name", "last_name", "phone", "stage", "score")

#: Type of event and its data.
Change = tuple[str, dict[str, Any]]


def connect() -> None:
    """Called once when Django is ready."""
    pre_save.connect(remember_lead, sender=Lead, dispatch_uid="campaigns.remember_lead")
    post_save.connect(record_lead, sender=Lead, dispatch_uid="campaigns.record_lead")
    post_save.connect(record_member, sender=ListMember, dispatch_uid="campaigns.record_member")
    post_delete.connect(record_leaving, sender=ListMember, dispatch_uid="campaigns.record_leaving")


def remember_lead(instance: Lead, raw: bool, **_: Any) -> None:
    """Keeps the lead as it is stored, locked until the end of the transaction.

    Without a transaction there is no tenant either, and row-level security refuses the save itself.
    """
    stored = None
    if not raw and instance.pk is not None and connections[current_database()].in_atomic_block:
        stored = _stored(instance.pk, lock=True)
    setattr(instance, BEFORE, stored)


def record_lead(instance: Lead, created: bool, raw: bool, **_: Any) -> None:
    """Records what the save has changed."""
    before: Lead | None = instance.__dict__.pop(BEFORE, None)
    if raw:
        return
    if created:
        record(instance, [("lead.created", {})])
    elif before is not None:
        after = _stored(instance.pk, lock=False)
        if after is not None:
            record(after, list(changes(before, after)))


def record_member(instance: ListMember, created: bool, raw: bool, **_: Any) -> None:
    """Records that a lead has joined a list."""
    if created and not raw:
        record(instance.lead, [("list.joined", {"list": instance.list.key})])


def record_leaving(instance: ListMember, origin: Any, **_: Any) -> None:
    """Records that a lead has left a list; not that the lead itself or the list was deleted."""
    if getattr(origin, "model", type(origin)) is ListMember:
        record(instance.lead, [("list.left", {"list": instance.list.key})])


def record(lead: Lead, happened: list[Change]) -> None:
    """Write events of a lead into the open transaction, in this order."""
    now = timezone.now()
    user = acting_user()
    events = [
        Event(
            id=new_event_id(now), tenant=lead.tenant_id, lead=lead.key, type=kind, accepted_at=now,
            occurred_at=now, data=data, source=f"{SOURCE}:{user}" if user else SOURCE,
        )
        for kind, data in happened
    ]  # fmt: skip
    if events:
        urgency.record(lead.tenant_id, events)


def _stored(id: int, *, lock: bool) -> Lead | None:
    rows = Lead.objects.select_related("company", "owner").filter(pk=id)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    return rows.first()


def changes(before: Lead, after: Lead) -> Iterator[Change]:
    """What makes one row differ from the other, as the events that the interpreter raises for such a change."""
    old, new = _fields(before), _fields(after)
    for name in sorted(old.keys() | new.keys()):
        was, is_now = old.get(name), new.get(name)
        if was != is_now or type(was) is not type(is_now):
            data = {"field": name, "old": was, "new": is_now}
            yield "field.changed", data
            if name == "score":
                yield "score.changed", {**data, "change": is_now - was}
    for tag in sorted(set(after.tags) - set(before.tags)):
        yield "tag.added", {"tag": tag}
    for tag in sorted(set(before.tags) - set(after.tags)):
        yield "tag.removed", {"tag": tag}


def _fields(lead: Lead) -> dict[str, Any]:
    """Every field in its JSON form; null is absent."""
    values = {name: getattr(lead, name) for name in PLAIN}
    values["owner"] = lead.owner.email if lead.owner else None
    values["company"] = lead.company.name if lead.company else None
    return lead.fields | {name: value for name, value in values.items() if value is not None}
