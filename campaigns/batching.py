"""What maintenance does for batches: find their members, tell them by events, forget them.

Every turn is one transaction and one bounded piece of work. A crash repeats a turn: members that were told twice are
told by the same ids, and the ledger drops them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from campaigns.audience import Audience, InvalidFilterError
from campaigns.language.batch import batch_of
from campaigns.language.schedule import read_schedule
from campaigns.language.schema import BATCH_MEMBER
from campaigns.rounds import push_what_fits, take_turns
from campaigns.schema_source import load_sources
from engine.lanes import BROKER_ERRORS, lanes
from engine.sql import load
from engine.types import Event

logger = logging.getLogger(__name__)
QUERIES = load("campaigns.sql", "batches.sql")

#: Leads looked at in a turn, and members removed in one.
LEADS_AT_ONCE = 5_000
#: Members told in a turn.
MEMBERS_AT_ONCE = 1_000
#: No member is told while so many events of the tenant wait. With those of one turn it is what another event of the
#: tenant may find before it: MOST_BEFORE.
SHALLOW = 1_000
MOST_BEFORE = SHALLOW + MEMBERS_AT_ONCE
#: A batch of high priority has its turn as if it had waited so much longer, one of low as if so much less: it goes
#: before the tenant's others, and keeps none of them waiting for ever.
HEAD_START = timedelta(seconds=60)
#: How long a batch rests that cannot go on: the tenant's lanes are deep, or full, or its campaign is paused.
DEEP_PAUSE, FULL_PAUSE, CAMPAIGN_PAUSE = timedelta(seconds=0.4), timedelta(seconds=5), timedelta(seconds=2)
#: Then other chores are done.
SECONDS_AT_ONCE = 0.5

Clock = Callable[[], datetime]


class Turn(msgspec.Struct, frozen=True):
    """A batch whose turn it is, as it is stored."""

    id: int
    tenant: str
    campaign_id: int
    campaign: str  #: its key
    version: int
    state: str
    as_of: datetime | None
    upto: int | None
    cursor: int
    runs: bool  #: its campaign does
    emptied: bool  #: its campaign was, since
    document: dict[str, Any]
    urgent: bool  #: its campaign has high priority

    @property
    def place(self) -> dict[str, Any]:
        """What names it in statements."""
        return {"tenant": self.tenant, "batch": self.id}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def tend(worker: psycopg.Connection, clock: Clock = _utc_now) -> int:
    """Give turns to batches, round after round, one to each tenant in a round. Returns how many turns.

    Takes a connection in autocommit. Raises BrokerDown.
    """
    until = time.monotonic() + SECONDS_AT_ONCE
    while _start_planned(worker, clock()) and time.monotonic() < until:
        pass
    return take_turns(partial(_turn, worker, clock), until)


def _start_planned(worker: psycopg.Connection, now: datetime) -> bool:
    """Start what the schedule of one campaign says, and plan when it is asked next. Whether one was due."""
    with worker.transaction():
        row = worker.execute(QUERIES["take_schedule"], {"now": now}).fetchone()
        if row is None:
            return False
        tenant, campaign, version, planned, document, zone = row
        times, coming = _due(document, ZoneInfo(zone), planned, now)
        place = {"tenant": tenant, "campaign": campaign}
        worker.execute(QUERIES["insert_batches"], {**place, "version": version, "times": times, "now": now})
        worker.execute(QUERIES["plan_batch"], {**place, "planned": planned, "next": coming})
    return True


def _due(document: Any, zone: ZoneInfo, planned: datetime, now: datetime) -> tuple[list[datetime], datetime | None]:
    """Which batches are to be started, and when to ask again; a rule that has come to fail ends, and holds up none."""
    try:
        schedule = read_schedule(document, zone)
        return schedule.due(planned, now) if schedule else ([], None)
    except (ValueError, OverflowError):
        logger.exception("a schedule cannot be followed any more")
        return [], None


def _turn(worker: psycopg.Connection, clock: Clock, had: list[str]) -> str | None:
    """One turn of the batch whose turn it is, of a tenant that had none. Returns the tenant."""
    with worker.transaction():
        given = {"now": clock(), "had": had, "head_start": HEAD_START}
        row = worker.execute(QUERIES["take_batch"], given).fetchone()
        if row is None:
            return None
        turn = Turn(*row)
        _work(worker, turn, clock())
    return turn.tenant


def _work(worker: psycopg.Connection, turn: Turn, now: datetime) -> None:
    if turn.state == "cancelled":
        _remove(worker, turn, now)
    elif turn.emptied:
        _cancel(worker, turn, now, "the campaign was emptied")
    elif not turn.runs:
        _rest(worker, turn, now + CAMPAIGN_PAUSE)
    elif turn.state == "counting":
        _find(worker, turn, now)
    else:
        _tell(worker, turn, now)


def _rest(worker: psycopg.Connection, turn: Turn, until: datetime) -> None:
    worker.execute(QUERIES["postpone_batch"], {**turn.place, "next": until})


def _cancel(worker: psycopg.Connection, turn: Turn, now: datetime, note: str) -> None:
    worker.execute(QUERIES["cancel_batch"], {**turn.place, "now": now, "note": note})


def _remove(worker: psycopg.Connection, turn: Turn, now: datetime) -> None:
    removed = worker.execute(QUERIES["remove_members"], {**turn.place, "limit": LEADS_AT_ONCE}).rowcount
    _rest(worker, turn, now) if removed else worker.execute(QUERIES["retire_batch"], turn.place)


def _find(worker: psycopg.Connection, turn: Turn, now: datetime) -> None:
    """Look at some leads, as of one instant for all: who matches becomes a member."""
    if turn.as_of is None:
        worker.execute(QUERIES["begin_batch"], {**turn.place, "now": now})
        return
    page = {"cursor": turn.cursor, "upto": turn.upto, "limit": LEADS_AT_ONCE, "now": now}
    last = worker.execute(QUERIES["select_end_of_page"], {**turn.place, **page}).fetchone()[0]  # type: ignore[index]
    if last is None:
        worker.execute(QUERIES["finish_counting"], {**turn.place, "now": now})
        return
    try:
        leads = _audience(worker, turn).between(worker, turn.cursor, last)
    except InvalidFilterError as error:
        return _cancel(worker, turn, now, f"the audience does not fit any more: {error}")
    worker.execute(QUERIES["insert_members"], {**turn.place, "leads": leads})
    worker.execute(QUERIES["advance_batch"], {**turn.place, "cursor": last, "found": len(leads), "now": now})


def _audience(worker: psycopg.Connection, turn: Turn) -> Audience:
    schema = load_sources(worker, [turn.tenant])[turn.tenant][1].schema(turn.tenant)
    assert turn.as_of is not None
    return Audience((batch_of(turn.document) or {}).get("audience"), schema, turn.as_of)


def _tell(worker: psycopg.Connection, turn: Turn, now: datetime) -> None:
    """Push events for some members, while few wait; the members are removed when that is certain."""
    if not _is_shallow(turn.tenant):
        worker.execute(QUERIES["postpone_sending"], {**turn.place, "next": now + DEEP_PAUSE})
        return
    members = worker.execute(QUERIES["select_members"], {**turn.place, "limit": MEMBERS_AT_ONCE}).fetchall()
    if not members:
        worker.execute(QUERIES["finish_batch"], {**turn.place, "now": now})
        return
    events = [_event(turn, lead, key, now) for lead, key in members if key is not None]
    refused = {key for _, key in push_what_fits(events)}
    told = [lead for lead, key in members if key not in refused]
    worker.execute(QUERIES["delete_members"], {**turn.place, "leads": told})
    sent = sum(key is not None and key not in refused for _, key in members)
    next_at = now + FULL_PAUSE if refused else now
    worker.execute(QUERIES["note_sent"], {**turn.place, "sent": sent, "next": next_at, "now": now})


def _is_shallow(tenant: str) -> bool:
    """Whether so little waits that a batch is in nobody's way; what cannot be asked is not."""
    try:
        return lanes().waiting(tenant) < SHALLOW
    except BROKER_ERRORS as error:
        logger.warning("batches of tenant %s rest while the broker does not answer: %s", tenant, error)
        return False


def _event(turn: Turn, lead: int, key: str, now: datetime) -> Event:
    return Event(
        id=f"batch:{turn.id}:{lead}", tenant=turn.tenant, lead=key, type=BATCH_MEMBER, accepted_at=now,
        occurred_at=now, data={"campaign": turn.campaign, "batch": str(turn.id)}, source="batch",
        urgent=turn.urgent,
    )  # fmt: skip
