"""The steps of a campaign in words: each with the ways that lead on from it, and where it jumps to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import singledispatchmethod
from typing import Any

import msgspec

from campaigns.actions import ACTIONS
from campaigns.admin.words import (
    bracket,
    condition_text,
    field_label,
    items,
    objects,
    show,
    spaced,
    trigger_text,
    value_text,
)
from campaigns.exchange.comparison import steps_by_id
from campaigns.language.action import ActionSpec
from campaigns.language.eventkinds import EventBranches, WatchedRule
from campaigns.language.experimentkinds import ResultTrigger, Variants
from campaigns.language.flowkinds import Body, Cases, StepRef, Ways
from campaigns.language.parameters import FieldRef, FieldRefs, FieldValues, Kind
from campaigns.language.program import NESTING_LIMIT
from campaigns.language.rules import Rule
from campaigns.language.schema import TenantSchema

#: What ways are called that one parameter holds, where its name does not say it.
LABELS = {"body": "For each", "default": "Otherwise", "steps": "All or nothing", "undo": "To undo it"}
#: Parameters that are told as ways, or by where they lead.
WAYS = (Body, Cases, EventBranches, StepRef, Variants, Ways)


class Target(msgspec.Struct, frozen=True):
    """The step that a step goes on to."""

    id: str
    label: str  #: empty where there is no such step


class Way(msgspec.Struct, frozen=True):
    """A way that leads on from a step: for whom, what is done, and the steps."""

    label: str
    text: str = ""
    steps: tuple[Step, ...] = ()
    ways: tuple[Way, ...] = ()  #: of a choice, where its parameters hold steps


class Step(msgspec.Struct, frozen=True):
    """One step."""

    id: str
    label: str
    text: str
    ways: tuple[Way, ...]
    targets: tuple[Target, ...]


def steps_in_words(document: dict[str, Any], schema: TenantSchema) -> tuple[Step, ...]:
    """All steps of a document, those within others in their ways."""
    return _Teller(schema, labels_of(document)).steps(document.get("steps"), 0)


def labels_of(document: Any) -> dict[str, str]:
    """What each step of a document does, by its id; those within others too."""
    return {id: _label(step) for id, step in steps_by_id(document).items()} if isinstance(document, dict) else {}


def _label(step: Any) -> str:
    name = step.get("action") if isinstance(step, dict) else None
    spec = ACTIONS.get(name) if isinstance(name, str) else None
    return spec.label if spec else show(name)


class _Teller:
    """Tells steps of one document."""

    def __init__(self, schema: TenantSchema, known: dict[str, str]) -> None:
        self.schema = schema
        self.known = known  #: the labels of all steps by their ids

    def steps(self, raw: Any, depth: int) -> tuple[Step, ...]:
        """The steps of a list."""
        return tuple(self.step(item, depth) for item in objects(raw))

    def step(self, raw: dict[str, Any], depth: int) -> Step:
        """One step with what lies within it."""
        spec = ACTIONS.get(raw["action"]) if isinstance(raw.get("action"), str) else None
        ways = list(self.ways(spec, raw.get("params"), depth))
        for choice in objects(raw.get("choices")):
            ways.append(
                self.choice(f"If {condition_text(choice.get('when'), self.schema)}", choice.get("params"), spec, depth)
            )
        if raw.get("default") is not None:
            ways.append(self.choice("Otherwise", raw["default"], spec, depth))
        return Step(
            show(raw.get("id", "")),
            _label(raw),
            self.text(spec, raw.get("params")),
            tuple(ways),
            self.targets(spec, raw),
        )

    def choice(self, label: str, params: Any, spec: ActionSpec | None, depth: int) -> Way:
        """One choice of a step."""
        return Way(label, self.text(spec, params), ways=tuple(self.ways(spec, params, depth)))

    def text(self, spec: ActionSpec | None, params: Any) -> str:
        """The parameters of a step but those that name steps, in the order in which the action declares them."""
        return bracket(
            f"{spaced(name)} {self.value(kind, value)}"
            for name, kind, value in _given(spec, params)
            if not isinstance(kind, WAYS)
        )

    def targets(self, spec: ActionSpec | None, raw: dict[str, Any]) -> tuple[Target, ...]:
        """Where a step goes on, each once."""
        every = [
            raw.get("params"),
            *(choice.get("params") for choice in objects(raw.get("choices"))),
            raw.get("default"),
        ]
        named = [
            show(value) for params in every for _, kind, value in _given(spec, params) if isinstance(kind, StepRef)
        ]
        return tuple(Target(id, self.known.get(id, "")) for id in dict.fromkeys(named))

    def ways(self, spec: ActionSpec | None, params: Any, depth: int) -> Iterator[Way]:
        """The ways in the parameters of a step."""
        for name, kind, value in _given(spec, params):
            for way in self.ways_in(kind, name, value):
                if depth < NESTING_LIMIT:
                    yield Way(way[0], steps=self.steps(way[1], depth + 1)) if items(way[1]) else Way(way[0], "nothing")
                else:
                    yield Way(way[0], f"steps more than {NESTING_LIMIT} levels deep")

    @singledispatchmethod
    def ways_in(self, kind: Kind | None, name: str, value: Any) -> Iterable[tuple[str, Any]]:
        """For whom, and the steps as they are written."""
        return ()

    @ways_in.register
    def _body(self, kind: Body, name: str, value: Any) -> Iterable[tuple[str, Any]]:
        label = LABELS.get(name, spaced(name).capitalize())
        return [] if value is None else [(label, value)]

    @ways_in.register
    def _cases(self, kind: Cases, name: str, value: Any) -> Iterable[tuple[str, Any]]:
        for case in objects(value):
            yield f"{show(case.get('label'))}: if {condition_text(case.get('when'), self.schema)}", case.get("steps")

    @ways_in.register
    def _shares(self, kind: Ways, name: str, value: Any) -> Iterable[tuple[str, Any]]:
        for way in objects(value):
            yield f"{show(way.get('label'))}: {show(way.get('weight'))} %", way.get("steps")

    @ways_in.register
    def _variants(self, kind: Variants, name: str, value: Any) -> Iterable[tuple[str, Any]]:
        for variant in objects(value):
            yield show(variant.get("label")), variant.get("steps")

    @ways_in.register
    def _branches(self, kind: EventBranches, name: str, value: Any) -> Iterable[tuple[str, Any]]:
        for branch in objects(value):
            trigger, match = branch.get("trigger"), branch.get("match")
            heard = trigger_text(trigger, self.schema) if isinstance(trigger, dict) else show(trigger)
            meets = f" matching {show(match)}" if match else ""
            yield f"{show(branch.get('label'))}: when {heard}{meets}", branch.get("steps")

    @singledispatchmethod
    def value(self, kind: Kind | None, value: Any) -> str:
        """The value of a parameter."""
        return show(value)

    @value.register(FieldRef)
    @value.register(FieldRefs)
    def _fields(self, kind: Kind, value: Any) -> str:
        return ", ".join(field_label(item, self.schema) for item in (value if isinstance(value, list) else [value]))

    @value.register
    def _values(self, kind: FieldValues, value: Any) -> str:
        if not isinstance(value, dict):
            return show(value)
        return ", ".join(f"{field_label(name, self.schema)} {show(item)}" for name, item in value.items())

    @value.register(Rule)
    @value.register(WatchedRule)
    def _rule(self, kind: Kind, value: Any) -> str:
        return condition_text(value, self.schema)

    @value.register
    def _trigger(self, kind: ResultTrigger, value: Any) -> str:
        return trigger_text(value, self.schema) if isinstance(value, dict) else show(value)

    @value.register
    def _unknown(self, kind: None, value: Any) -> str:
        return value_text(value, self.schema)


def _given(spec: ActionSpec | None, params: Any) -> Iterator[tuple[str, Kind | None, Any]]:
    """Name, kind and value of what is given, in the order in which the action declares it, then what it knows not."""
    if not isinstance(params, dict):
        return
    kinds: dict[str, Kind] = {one.name: one.kind for one in spec.parameters} if spec else {}
    for name in [*(name for name in kinds if name in params), *(name for name in params if name not in kinds)]:
        yield name, kinds.get(name), params[name]
