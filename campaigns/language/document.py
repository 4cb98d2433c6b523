"""A campaign's document: checked on publication, compiled for running, by the same walk."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from campaigns.actions import ACTIONS
from campaigns.language.action import ActionSpec, Bound, Run, prepare
from campaigns.language.condition import Matches
from campaigns.language.context import Context
from campaigns.language.faults import Fault
from campaigns.language.filtertree import compile_filter
from campaigns.language.jsonshape import check_shape
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed
from campaigns.language.schema import TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, compile_trigger
from campaigns.language.values import show
from campaigns.triggers import TRIGGERS

SIZE_LIMIT = 256_000  #: bytes
DEPTH_LIMIT = 60  #: levels of JSON
STEPS_LIMIT = 200
TRIGGERS_LIMIT = 50
CHOICES_LIMIT = 100

_STEP_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)


class Choice(msgspec.Struct, frozen=True):
    """Parameters, and when they apply."""

    name: int | str  #: its place among the choices, or "default"
    when: Matches | None
    bound: Bound


class Step(msgspec.Struct, frozen=True):
    """A step, ready to run."""

    id: str
    logs: str  #: the kind of its activities
    run: Run
    bound: Bound | None  #: where there is no choice
    choices: tuple[Choice, ...] = ()

    def choose(self, lead: LeadState, context: Context) -> Choice | None:
        """The first choice that matches, then the default, then nothing."""
        for choice in self.choices:
            if choice.when is None or choice.when(lead, context):
                return choice
        return None


def _failing(step: Step, reason: str) -> Step:
    """The step when what it refers to is gone since publication: each execution of it fails."""
    failed = Failed(reason)
    return Step(step.id, step.logs, lambda lead, params, context: failed, Bound(None, None))


class Compiled(msgspec.Struct, frozen=True):
    """A document, ready to run."""

    subscriptions: tuple[Subscription, ...]
    filter: Matches | None
    steps: tuple[Step, ...]
    needs_lists: bool
    needs_records: frozenset[str]  #: kinds


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
    the
    steps at fault, which fail when they are executed, and falls only with its triggers or its filter."""
    # What runs was published, and so had its shape; looking again takes longer than compiling it.
    faults = check_shape(document, depth=DEPTH_LIMIT, size=SIZE_LIMIT) if scope.publishing else []
    if not faults and not isinstance(document, dict):
        faults = [Fault("", "expected an object with triggers, filter and steps")]
    if faults:
        return None, faults
    scope.expect_keys(document, "", ("triggers", "filter", "steps"))
    subscriptions = _compile_triggers(document.get("triggers"), scope)
    condition = document.get("filter")
    matches = None if condition is None else compile_filter(condition, scope, "filter")
    outer = scope.take_faults()
    steps = _compile_steps(document.get("steps"), scope)
    faults = outer + scope.take_faults()
    if outer or not steps or (faults and scope.publishing):
        return None, faults
    return Compiled(subscriptions, matches, steps, scope.needs_lists, frozenset(scope.needs_records)), faults


def _compile_triggers(raw: Any, scope: Scope) -> tuple[Subscription, ...]:
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


def _compile_steps(raw: Any, scope: Scope) -> tuple[Step, ...]:
    if not isinstance(raw, list) or not raw:
        scope.fault("steps", "expected a list of at least one step")
        return ()
    if len(raw) > STEPS_LIMIT:
        scope.fault("steps", f"has {len(raw)} steps, at most {STEPS_LIMIT} are allowed")
        return ()
    seen: dict[str, str] = {}
    faults: list[Fault] = []
    steps = []
    for index, item in enumerate(raw):
        step = _compile_step(item, scope, f"steps[{index}]", seen)
        found = scope.take_faults()
        if step is not None:
            steps.append(_failing(step, str(found[0])) if found else step)
        faults.extend(found)
    scope.faults = faults
    return tuple(steps)


def _compile_step(raw: Any, scope: Scope, path: str, seen: dict[str, str]) -> Step | None:
    if not isinstance(raw, dict):
        scope.fault(path, "expected an object with id, action and params")
        return None
    scope.expect_keys(raw, path, ("id", "action", "params", "choices", "default"))
    identity = _check_id(raw.get("id"), scope, path, seen)
    spec = _find_action(raw.get("action"), scope, path)
    if spec is None:
        return None
    if "choices" in raw or "default" in raw:
        return _compile_choices(raw, identity, spec, scope, path)
    if "params" not in raw:
        scope.fault(path, "has neither params nor choices")
        return None
    return Step(identity, spec.logs, spec.run, prepare(spec, raw["params"], scope, f"{path}.params"))


def _check_id(raw: Any, scope: Scope, path: str, seen: dict[str, str]) -> str:
    if not isinstance(raw, str) or not _STEP_ID.fullmatch(raw):
        scope.fault(f"{path}.id", f"expected 1 to 63 letters, digits, - and _, got {show(raw)}")
        return ""
    if raw in seen:
        scope.fault(f"{path}.id", f"'{raw}' is the id of {seen[raw]} already; give each step its own")
    seen.setdefault(raw, path)
    return raw


def _find_action(raw: Any, scope: Scope, path: str) -> ActionSpec | None:
    spec = ACTIONS.get(raw) if isinstance(raw, str) else None
    if spec is None:
        what = f"unknown action {raw[:64]!r}" if isinstance(raw, str) else "names no action"
        scope.fault(f"{path}.action", what + scope.hint(raw, ACTIONS.names()))
    return spec


def _compile_choices(raw: dict[str, Any], identity: str, spec: ActionSpec, scope: Scope, path: str) -> Step | None:
    if "params" in raw:
        scope.fault(f"{path}.params", "a step has params or choices, not both")
    items = raw.get("choices")
    if not isinstance(items, list) or not 1 <= len(items) <= CHOICES_LIMIT:
        scope.fault(f"{path}.choices", f"expected a list of 1 to {CHOICES_LIMIT} choices")
        return None
    choices = [
        _compile_choice(item, place, spec, scope, f"{path}.choices[{place}]") for place, item in enumerate(items)
    ]
    if raw.get("default") is not None:
        choices.append(Choice("default", None, prepare(spec, raw["default"], scope, f"{path}.default")))
    return Step(identity, spec.logs, spec.run, None, tuple(item for item in choices if item is not None))


def _compile_choice(raw: Any, place: int, spec: ActionSpec, scope: Scope, path: str) -> Choice | None:
    if not isinstance(raw, dict):
        scope.fault(path, "expected an object with when and params")
        return None
    scope.expect_keys(raw, path, ("when", "params"))
    for name in ("when", "params"):
        if name not in raw:
            scope.fault(f"{path}.{name}", "is missing")
            return None
    when = compile_filter(raw["when"], scope, f"{path}.when")
    return Choice(place, when, prepare(spec, raw["params"], scope, f"{path}.params"))
