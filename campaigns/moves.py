"""Those inside one version of a campaign, taken to the live one by a plan: which old step becomes which new one.

    planned = plan_move(campaign, 3, {"wait-a-week": "wait-two-days", "remind": "end"})
    move = start_move(campaign, 3, {...}, by="ann")       # the counts are said first; maintenance moves them in batches
    undo_move(campaign, move.pk)                          # takes back those who have not gone on since

A step that the plan does not name becomes the new step of the same id. One that waits and stays the same action keeps
the end of its wait; any other step begins anew. Nobody is moved without a plan: people inside stay on their version.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from campaigns.actions import ACTIONS
from campaigns.exchange.comparison import steps_by_id
from campaigns.inside import count_inside
from campaigns.language.faults import Fault
from campaigns.language.flowkinds import enclosed_steps
from campaigns.models import Campaign, CampaignVersion, Move
from campaigns.operations import Refused, WrongState
from campaigns.tenancy import connection_of, tenant_context
from engine import clock
from engine.sql import load

QUERIES = load("campaigns.sql", "moves.sql")
END = "end"
LEADS_AT_ONCE = 500
SHOWN = 20
#: A transaction that knew the old version only may still park a run on it.
OPEN_AT_LEAST = timedelta(minutes=1)

State = Move.State


class Older(msgspec.Struct, frozen=True):
    """A version before the live one that holds people."""

    version: int
    steps: dict[str, int]  #: how many rest at each

    @property
    def runs(self) -> int:
        """How many rest in it."""
        return sum(self.steps.values())


class Step(msgspec.Struct, frozen=True):
    """What becomes of those at one step."""

    step: str
    to: str | None  #: None ends them
    keeps: bool  #: its wait goes on
    runs: int


class Planned(msgspec.Struct, frozen=True):
    """A plan that can be carried out, or why not."""

    steps: list[Step]
    faults: list[Fault]

    @property
    def runs(self) -> int:
        """How many are concerned."""
        return sum(step.runs for step in self.steps)


class MoveRefused(Refused):
    """The plan has faults."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def older_versions(campaign: Campaign) -> list[Older]:
    """Where people are inside who could be moved. Needs the tenant's context."""
    held: dict[int, dict[str, int]] = {}
    for found in count_inside(campaign):
        if found.version != campaign.live_version:
            held.setdefault(found.version, {})[found.step] = found.runs
    return [Older(version, steps) for version, steps in sorted(held.items())]


def latest(campaign: Campaign, count: int = SHOWN) -> list[Move]:
    """The last ones. Needs the tenant's context."""
    return list(campaign.moves.order_by("-id")[:count])


def count_to_take_back(campaign: Campaign, move: Move) -> int:
    """How many of those moved have not gone on since. Needs the tenant's context."""
    parameters = {
        "tenant": campaign.tenant_id, "campaign": campaign.pk, "move": move.pk, "to": move.to_version,
    }  # fmt: skip
    found = connection_of(campaign.tenant_id).execute(QUERIES["count_runs_to_take_back"], parameters).fetchone()
    return int(found[0])


def plan_move(campaign: Campaign, from_version: int, plan: dict[str, str]) -> Planned:
    """What a plan would do to those inside now, with every fault. Changes nothing."""
    with tenant_context(campaign.tenant_id):
        stored = Campaign.objects.get(pk=campaign.pk)
        documents = dict(CampaignVersion.objects.filter(campaign=stored).values_list("number", "document"))
        counts = {found.step: found.runs for found in count_inside(stored) if found.version == from_version}
    to_version = stored.live_version
    if from_version not in documents or to_version is None or from_version == to_version:
        return Planned([], [Fault("from", f"there is no older version {from_version} to move anybody from")])
    enclosed = enclosed_steps(documents[to_version])
    old, new = _actions(documents[from_version]), _actions(documents[to_version])
    faults = [Fault(f"plan.{step}", f"version {from_version} has no such step") for step in plan if step not in old]
    steps = []
    for step, runs in sorted({**dict.fromkeys(plan, 0), **counts}.items()):
        target = plan.get(step, step)
        if target != END and target not in new:
            faults.append(Fault(f"plan.{step}", f"version {to_version} has no step '{target}'; name another, or end"))
        if target in enclosed:
            faults.append(Fault(f"plan.{step}", f"'{target}' is entered by its group alone; name that, or another"))
        keeps = old.get(step) == new.get(target) and _parks(old.get(step))
        steps.append(Step(step, None if target == END else target, keeps, runs))
    return Planned(steps, faults)


def start_move(campaign: Campaign, from_version: int, plan: dict[str, str], *, by: str) -> Move:
    """Begin to move them. Raises MoveRefused, and WrongState while another move of the campaign goes on."""
    with tenant_context(campaign.tenant_id):
        stored = Campaign.objects.select_for_update().get(pk=campaign.pk)
        planned = plan_move(stored, from_version, plan)
        if planned.faults:
            raise MoveRefused(planned.faults)
        if stored.moves.filter(turn_at__isnull=False).exists():
            raise WrongState("Another move of the campaign is not over yet.")
        return Move.objects.create(
            tenant_id=stored.tenant_id,
            campaign=stored,
            from_version=from_version,
            to_version=stored.live_version,
            plan={step.step: {"to": step.to, "keeps": step.keeps} for step in planned.steps},
            total=planned.runs,
            started_by=by,
        )


def undo_move(campaign: Campaign, move: int) -> Move:
    """Take back those who have not gone on since. Raises WrongState, Move.DoesNotExist."""
    with tenant_context(campaign.tenant_id):
        going = Move.objects.filter(pk=move, campaign=campaign, state__in=(State.MOVING, State.MOVED))
        if not going.update(state=State.UNDOING, turn_at=clock.now()):
            raise WrongState(f"The move is {Move.objects.get(pk=move).get_state_display().lower()}.")
        return Move.objects.get(pk=move)


def tend(worker: psycopg.Connection, now: datetime | None = None) -> int:
    """Some of one move. Returns how many leads were looked at. Takes a connection in autocommit."""
    now = clock.now() if now is None else now
    with worker.transaction():
        row = worker.execute(QUERIES["next_move"]).fetchone()
        return 0 if row is None else _turn(worker, _Turn(*row), now)


class _Turn(msgspec.Struct, frozen=True):
    """What a turn has to know of its move."""

    id: int
    tenant: str
    campaign: int
    from_version: int
    to_version: int
    plan: str
    state: str
    started_at: datetime


def _turn(worker: psycopg.Connection, move: _Turn, now: datetime) -> int:
    parameters: dict[str, Any] = {
        "move": move.id, "tenant": move.tenant, "campaign": move.campaign, "from": move.from_version,
        "to": move.to_version, "plan": move.plan, "steps": list(msgspec.json.decode(move.plan)), "now": now,
        "limit": LEADS_AT_ONCE,
    }  # fmt: skip
    undoing = move.state == State.UNDOING
    choose = "select_leads_to_take_back" if undoing else "select_leads_to_move"
    leads = [lead for (lead,) in worker.execute(QUERIES[choose], parameters)]
    parameters |= {"leads": leads}
    worker.execute(QUERIES["lock_leads_of_runs"], parameters)
    moved, ended, undone = (
        worker.execute(QUERIES[name], parameters).rowcount if wanted and leads else 0
        for name, wanted in (("move_runs", not undoing), ("end_runs_of_move", not undoing), ("take_runs_back", undoing))
    )
    over = not leads and (undoing or now - move.started_at > OPEN_AT_LEAST)
    state = (State.UNDONE if undoing else State.MOVED) if over else move.state
    said = {"moved": moved, "ended": ended, "undone": undone, "over": over, "state": str(state)}
    worker.execute(QUERIES["note_move"], parameters | said)
    return len(leads)


def _actions(document: dict[str, Any]) -> dict[str, str]:
    """Each step's action, wherever it is nested."""
    return {id: step["action"] for id, step in steps_by_id(document).items()}


def _parks(action: str | None) -> bool:
    spec = ACTIONS.get(action) if action else None
    return spec is not None and spec.parks
