"""A campaign's steps as a flat program: nested steps lie behind their owners, and each step knows what comes after it.

A place in it is all that has to be kept of a run's position, whatever it is nested in.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

import msgspec

from campaigns.actions import ACTIONS
from campaigns.language.action import ActionSpec, Bound, Run, prepare
from campaigns.language.checkpoints import check_undoing
from campaigns.language.condition import Matches
from campaigns.language.context import Context
from campaigns.language.executing import REQUEST, named_by
from campaigns.language.faults import Fault
from campaigns.language.filtertree import compile_filter
from campaigns.language.frozen import frozen
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed
from campaigns.language.scope import Scope, no_body
from campaigns.language.values import show
from campaigns.language.variables import begin_variables

STEPS_LIMIT = 200
NESTING_LIMIT = 8
CHOICES_LIMIT = 100
CHOICE = "choice"  #: in the memory of a step that a run rests at

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
    after: int | None = None  #: the place of the next; None at the end; ~place goes back to the owner of a loop
    hears: frozenset[str] = frozenset()  #: types of events that wake a run parked here
    watches: bool = False  #: any change of the lead wakes a run parked here

    def choose(self, lead: LeadState, context: Context) -> Choice | None:
        """The first choice that matches, then the default, then nothing."""
        for choice in self.choices:
            if choice.when is None or choice.when(lead, context):
                return choice
        return None

    def chosen(self, memory: dict[str, Any], lead: LeadState, context: Context) -> Choice | None:
        """The choice that a run rests with, whatever matches by now."""
        name = memory.get(CHOICE)
        found = next((choice for choice in self.choices if choice.name == name), None)
        return found or self.choose(lead, context)


class Program(msgspec.Struct, frozen=True):
    """All steps of a document."""

    steps: tuple[Step, ...]
    places: dict[str, int]  #: of each step by its id
    hears: frozenset[str]  #: types of events that wake runs
    parks: bool  #: whether a run may outlive its event
    joins: frozenset[str] = frozenset()  #: campaigns that a step waits for


def compile_program(raw: Any, scope: Scope) -> Program | None:
    """Check the steps and compile them. Notes every fault; None when there are no steps at all."""
    builder = _Builder(scope)
    scope.compile_body = builder.compile_body
    begin_variables(scope)
    builder.compile_list(raw, "steps", None)
    builder.check_targets()
    scope.compile_body = no_body  # or the two hold each other until the garbage collector looks
    scope.faults = builder.faults
    check_undoing(scope)
    _check_joins(raw, scope)
    steps = tuple(step for step in builder.steps if step is not None)
    if not steps:
        return None
    joins = frozen(key for _, key in scope.joins)
    hears = frozen(chain.from_iterable(step.hears for step in steps))
    return Program(steps, {step.id: place for place, step in enumerate(steps)}, hears, scope.parks, joins)


def _check_joins(raw: Any, scope: Scope) -> None:
    """What a step waits for must be asked for by another."""
    requested = named_by(raw, REQUEST) if scope.joins else frozenset()
    for path, key in scope.joins:
        if key not in requested:
            scope.fault(path, f"no step of this campaign requests {show(key)}{scope.hint(key, requested)}")


def failing(step: Step, reason: str) -> Step:
    """The step when what it refers to is gone since publication: each execution of it fails."""
    failed = Failed(reason)
    return Step(step.id, step.logs, lambda lead, params, context: failed, Bound(None, None), after=step.after)


def _nothing(lead: LeadState, params: Any, context: Context) -> Failed:
    return Failed("the step cannot be read")


class _Builder:
    """Lays the steps out while the walk goes down and comes back."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.steps: list[Step | None] = []
        self.faults: list[Fault] = []
        self.seen: dict[str, str] = {}
        self.owners: list[tuple[int, int | None]] = []  #: place, and what comes after it
        self.enclosed: dict[str, str] = {}  #: steps that only their owner enters, and where that is
        self.owner = ""  #: of those being compiled, if they are such

    def compile_list(self, raw: Any, path: str, after: int | None) -> int | None:
        """Compile steps that run one after the other. Returns the place of the first."""
        if not isinstance(raw, list) or not raw:
            return self.refuse(path, "expected a list of at least one step")
        first = len(self.steps)
        if first + len(raw) > STEPS_LIMIT:
            return self.refuse(path, f"has {first + len(raw)} steps, at most {STEPS_LIMIT} are allowed")
        self.steps.extend([None] * len(raw))
        for index, item in enumerate(raw):
            following = first + index + 1 if index + 1 < len(raw) else after
            self.compile_one(item, f"{path}[{index}]", first + index, following)
        return first

    def refuse(self, path: str, message: str) -> None:
        """Note a fault of the list itself."""
        self.faults.append(Fault(path, message))

    def compile_one(self, raw: Any, path: str, place: int, after: int | None) -> None:
        """Compile one step into its place; one with faults fails each time it is executed."""
        scope = self.scope
        self.owners.append((place, after))
        if self.owner and isinstance(raw, dict):
            self.enclosed[str(raw.get("id"))] = self.owner
        step = _compile_step(raw, scope, path, self.seen) or Step(f"#{place}", "step_failed", _nothing, None)
        self.owners.pop()
        if after is not None and _is_final(raw):
            scope.fault(path, f"no step may come after {raw['action']}: make it the last one of its way")
        found = scope.take_faults()
        step = msgspec.structs.replace(step, after=after)
        self.steps[place] = failing(step, str(found[0])) if found else step
        self.faults.extend(found)

    def compile_body(self, raw: Any, path: str, loops: bool) -> int | None:
        """Compile the steps in a parameter of the step being compiled. Returns the place of the first."""
        place, after = self.owners[-1]
        if raw == []:
            return ~place if loops else after
        if len(self.owners) >= NESTING_LIMIT:
            return self.refuse(path, f"is nested more than {NESTING_LIMIT} levels deep")
        own, hears, watches = self.scope.take_faults(), self.scope.hears, self.scope.watches
        outer = self.owner
        if self.scope.enclosure is not None:
            self.owner = outer or path.rpartition(".params.")[0]
        first = self.compile_list(raw, path, ~place if loops else after)
        self.owner = outer
        self.scope.faults, self.scope.hears, self.scope.watches = own, hears, watches
        return first

    def check_targets(self) -> None:
        """Steps that others name must exist."""
        for path, target in self.scope.targets:
            if target not in self.seen:
                self.refuse(path, f"there is no step {show(target)}{self.scope.hint(target, self.seen)}")
            elif target in self.enclosed:
                self.refuse(path, f"step '{target}' is entered by {self.enclosed[target]} alone; name that one")


def _is_final(raw: Any) -> bool:
    name = raw.get("action") if isinstance(raw, dict) else None
    spec = ACTIONS.get(name) if isinstance(name, str) else None
    return spec is not None and spec.final


def _compile_step(raw: Any, scope: Scope, path: str, seen: dict[str, str]) -> Step | None:
    if not isinstance(raw, dict):
        scope.fault(path, "expected an object with id, action and params")
        return None
    scope.expect_keys(raw, path, ("id", "action", "params", "choices", "default"))
    identity = _check_id(raw.get("id"), scope, path, seen)
    spec = _find_action(raw.get("action"), scope, path)
    if spec is None:
        return None
    if scope.enclosure is not None and spec.kind not in scope.enclosure.natures:
        scope.fault(f"{path}.action", f"{spec.name} cannot stand here: {scope.enclosure.why}")
    scope.hears, scope.watches = set(spec.hears), False
    scope.parks |= spec.parks
    compile_bound = _compile_choices if "choices" in raw or "default" in raw else _compile_params
    return compile_bound(raw, identity, spec, scope, path)


def _compile_params(raw: dict[str, Any], identity: str, spec: ActionSpec, scope: Scope, path: str) -> Step | None:
    if "params" not in raw:
        scope.fault(path, "has neither params nor choices")
        return None
    return _step(identity, spec, scope, prepare(spec, raw["params"], scope, f"{path}.params"))


def _step(identity: str, spec: ActionSpec, scope: Scope, bound: Bound | None, choices: tuple[Choice, ...] = ()) -> Step:
    return Step(identity, spec.logs, spec.run, bound, choices, None, frozen(scope.hears), scope.watches)


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
    return _step(identity, spec, scope, None, tuple(item for item in choices if item is not None))


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
