"""Runs that wait for a person: who is asked what, and the decision, an event in the lead's own lane."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

import msgspec
from django.db.models import BooleanField, Func, Q, QuerySet, Value
from django.utils import timezone

from campaigns import urgency
from campaigns.actions.approval import ASKED
from campaigns.exchange.comparison import steps_by_id
from campaigns.language.run import DOOR
from campaigns.language.schema import APPROVAL_DECIDED
from campaigns.models import CampaignVersion, ParkedRun
from campaigns.operations import Refused
from campaigns.tenancy import tenant_context
from engine.types import Event

PAGE = 200  #: questions shown at once, those first that were asked first
NOTE_LIMIT = 1_000  #: characters
ASKING = '$.**.action ? (@ == "approval")'


class Approval(msgspec.Struct, frozen=True):
    """A question that nobody has decided yet."""

    id: str
    run: str
    lead: str
    campaign: str
    step: str
    text: str
    approvers: list[str]  #: empty: all who look after the tenant
    until: datetime
    number: int  #: tells this question from earlier ones of the run


def open_approvals(tenant: str) -> list[Approval]:
    """What waits for a decision. A decision that was just taken is gone when its lead's lane has executed it."""
    with tenant_context(tenant):
        runs = _asking(tenant).order_by("entered_at", "lead_id", "id")
        return list(_questions(runs[:PAGE]))


def decide(
    tenant: str, id: str, *, approved: bool, by: str, note: str = "", source: str, may_all: bool = False
) -> None:
    """Approve or decline, once: of two decisions the first to be accepted counts, the other is nothing.

    Raises Refused where nothing is asked any more, and where somebody else is asked (unless may_all).
    """
    with tenant_context(tenant):
        asked = _find(tenant, id)
        if asked is None:
            raise Refused("This is not asked any more: somebody has decided, or the time was up.")
        if asked.approvers and by not in asked.approvers and not may_all:
            raise Refused(f"Only {', '.join(asked.approvers)} may decide this.")
        urgency.record(tenant, [_event(tenant, asked, approved, by, note[:NOTE_LIMIT], source)])


def _event(tenant: str, asked: Approval, approved: bool, by: str, note: str, source: str) -> Event:
    now = timezone.now()
    data = {"run": asked.run, "number": asked.number, "approved": approved, "by": by, "note": note}
    return Event(
        id=f"approval:{asked.run}:{asked.number}", tenant=tenant, lead=asked.lead, type=APPROVAL_DECIDED,
        accepted_at=now, occurred_at=now, data=data, source=source,
    )  # fmt: skip


def _find(tenant: str, id: str) -> Approval | None:
    lead, _, run = id.partition(":")
    if not (lead.isascii() and lead.isdecimal() and len(lead) < 19):
        return None
    runs = ParkedRun.objects.filter(tenant=tenant, lead_id=int(lead), id=run).select_related("lead", "campaign")
    return next(_questions(runs), None)


def _asking(tenant: str) -> QuerySet:
    """The runs that rest at a step that asks, found by the versions that have such steps: by an index."""
    has_such = Func(
        "document",
        Value(ASKING),
        function="jsonb_path_exists",
        template="%(function)s(%(expressions)s::jsonpath)",
        output_field=BooleanField(),
    )
    versions = CampaignVersion.objects.filter(tenant=tenant).filter(has_such)
    places = [
        Q(campaign_id=version.campaign_id, version=version.number, step__in=_asking_steps(version.document))
        for version in versions
    ]
    runs = ParkedRun.objects.filter(tenant=tenant).select_related("lead", "campaign")
    return runs.filter(reduce(or_, places)) if places else runs.none()


def _asking_steps(document: dict[str, Any]) -> list[str]:
    """The ids of the steps that ask, however deep."""
    return sorted(id for id, step in steps_by_id(document).items() if step.get("action") == "approval")


def _questions(runs: QuerySet) -> Iterator[Approval]:
    for run in runs:
        asked = run.state.get("memories", {}).get(run.step, {}).get(ASKED)
        if asked is not None and not run.state.get(DOOR):  # who was moved here has not asked yet
            yield Approval(
                f"{run.lead_id}:{run.id}", run.id, run.lead.key, run.campaign.name, run.step, asked["text"],
                asked["approvers"], datetime.fromisoformat(run.state["until"]), asked["number"],
            )  # fmt: skip
