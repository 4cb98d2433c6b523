"""A campaign's document: checked on publication, compiled for running, by the same walk."""

from __future__ import annotations

from typing import Any

import msgspec

from campaigns.language.campaigntags import TAGS, check_tags
from campaigns.language.condition import Matches
from campaigns.language.entry import EVERYBODY, Entry, compile_entry
from campaigns.language.exits import Exit, compile_exits
from campaigns.language.faults import Fault
from campaigns.language.filtertree import compile_filter
from campaigns.language.frozen import frozen
from campaigns.language.goals import compile_goals
from campaigns.language.history import Asked
from campaigns.language.jsonshape import check_shape
from campaigns.language.limits import USUAL, Limits, compile_limits
from campaigns.language.precedence import AFTER, check_after
from campaigns.language.program import Program, compile_program
from campaigns.language.qualification import Qualification, compile_qualification
from campaigns.language.schedule import check_schedule
from campaigns.language.schema import TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, compile_trigger
from campaigns.triggers import TRIGGERS

SIZE_LIMIT = 256_000  #: bytes
DEPTH_LIMIT = 60  #: levels of JSON
TRIGGERS_LIMIT = 50
KEYS = (
    "tags",
    "after",
    "triggers",
    "filter",
    "entry",
    "qualification",
    "goals",
    "exits",
    "limits",
    "schedule",
    "steps",
)


class Compiled(msgspec.Struct, frozen=True):
    """A document, ready to run."""

    subscriptions: tuple[Subscription, ...]
    filter: Matches | None
    qualification: Qualification
    exits: tuple[Exit, ...]  #: goals first
    program: Program
    needs_lists: bool
    needs_records: frozenset[str]  #: kinds
    needs_history: frozenset[Asked]
    entry: Entry = EVERYBODY
    limits: Limits = USUAL
    reads: frozenset[str] = frozenset()  #: of the lead, by the names of touches.py, where campaigns are compared
    writes: frozenset[str] = frozenset()
    watched: dict[str, Matches] = {}  #: smart lists


def validate(document: Any, schema: TenantSchema, *, key: str = "") -> list[Fault]:
    """Every fault of a campaign document. Never raises, whatever the document is."""
    return compile_document(document, Scope(schema, key))[1]


def has_request_trigger(document: Any) -> bool:
    """Whether a document has a trigger campaign_requested."""
    triggers = document.get("triggers") if isinstance(document, dict) else None
    return isinstance(triggers, list) and any(
        isinstance(item, dict) and item.get("type") == "campaign_requested" for item in triggers
    )


def compile_document(document: Any, scope: Scope) -> tuple[Compiled | None, list[Fault]]:
    """The compiled document and every fault. On publication a fault leaves no document; a running one keeps
    the steps at fault, which fail when they are executed, and falls only with what is outside its steps."""
    # What runs was published, and so had its shape; looking again takes longer than compiling it.
    faults = check_shape(document, depth=DEPTH_LIMIT, size=SIZE_LIMIT) if scope.publishing else []
    if not faults and not isinstance(document, dict):
        faults = [Fault("", "expected an object with triggers, filter and steps")]
    if faults:
        return None, faults
    scope.expect_keys(document, "", KEYS)
    check_after(document.get(AFTER), scope)
    check_tags(document.get(TAGS), scope)
    subscriptions = compile_triggers(document.get("triggers"), scope)
    if scope.publishing:
        check_schedule(document.get("schedule"), scope)
    condition = document.get("filter")
    matches = None if condition is None else compile_filter(condition, scope, "filter")
    qualification = compile_qualification(document.get("qualification"), scope)
    scope.meets = qualification.inside == "parallel" or qualification.key is not None
    entry = compile_entry(document.get("entry"), scope)
    limits = compile_limits(document.get("limits"), scope)
    exits = compile_goals(document.get("goals"), scope) + compile_exits(document.get("exits"), scope)
    outer = scope.take_faults()
    program = compile_program(document.get("steps"), scope)
    faults = outer + scope.take_faults()
    if outer or program is None or (faults and scope.publishing):
        return None, faults
    kinds, questions = frozen(scope.needs_records), frozen(scope.needs_history)
    needs = scope.needs_lists, kinds, questions
    found = frozen(scope.reads), frozen(scope.writes), scope.watched
    return Compiled(subscriptions, matches, qualification, exits, program, *needs, entry, limits, *found), faults


def compile_triggers(raw: Any, scope: Scope) -> tuple[Subscription, ...]:
    """Check the triggers and compile them. Notes every fault."""
    if not isinstance(raw, list) or not raw:
        scope.fault("triggers", f"expected a list of at least one trigger; known: {', '.join(TRIGGERS.names())}")
        return ()
    if len(raw) > TRIGGERS_LIMIT:
        scope.fault("triggers", f"has {len(raw)} triggers, at most {TRIGGERS_LIMIT} are allowed")
        return ()
    found = [compile_trigger(item, scope, f"triggers[{index}]") for index, item in enumerate(raw)]
    subscriptions = tuple(item for item in found if item is not None)
    scope.events = [item.event for item in subscriptions]
    return subscriptions
