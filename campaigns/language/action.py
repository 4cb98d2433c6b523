"""The declaration of an action: one function under one decorator; name, label, parameters and log kind come
from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Outcome
from campaigns.language.parameters import Kind
from campaigns.language.registry import Registry
from campaigns.language.scope import Scope
from campaigns.language.templates import is_template
from campaigns.language.tokens import Dynamic
from campaigns.language.touches import HISTORY, overlap, record_name
from campaigns.language.writing import written_by

EMPTY: Mapping[str, Any] = MappingProxyType({})
Run = Callable[[LeadState, Any, Context], Sequence[Effect] | Outcome]

#: What an action is: it changes what is kept of the lead, says where a run goes on, or asks something of others.
Nature = Literal["state", "flow", "outside"]


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of an action."""

    name: str
    kind: Kind
    required: bool
    default: Any


class ActionSpec(msgspec.Struct, frozen=True):
    """An action as the registry knows it."""

    name: str
    label: str
    logs: str  #: the kind of its activities
    doc: str
    params: type[msgspec.Struct]
    parameters: tuple[Parameter, ...]
    run: Run
    records: frozenset[str] = frozenset()  #: kinds of the lead's records that it reads or writes
    parks: bool = False  #: a run may rest at it
    hears: frozenset[str] = frozenset()  #: types of events that wake a run parked at it
    final: bool = False  #: no step may come after it
    reads: tuple[str, ...] = ()  #: of the lead, besides what its parameters say; names of touches.py
    writes: tuple[str, ...] | None = None  #: of the lead; None where its parameters and records say it
    kind: Nature = "state"
    one_of: tuple[str, ...] = ()  #: parameters of which exactly one is given
    example: Mapping[str, Any] = EMPTY  #: of its reference: parameters that their kinds alone do not suggest


class Bound(msgspec.Struct, frozen=True):
    """An action's parameters, ready: the same for every lead, or read anew for each."""

    params: Any
    read: Callable[[LeadState, Context], Any] | None


ACTIONS: Registry[ActionSpec] = Registry("action")


def action(
    name: str,
    *,
    label: str,
    logs: str,
    params: type[msgspec.Struct],
    kind: Nature = "state",
    records: Iterable[str] = (),
    parks: bool = False,
    hears: Iterable[str] = (),
    final: bool = False,
    reads: Iterable[str] = (),
    writes: Iterable[str] | None = None,
    one_of: Iterable[str] = (),
    example: Mapping[str, Any] = EMPTY,
) -> Callable[[Run], Run]:
    """Enter a function (lead, params, context) -> effects or an outcome as the action of that name.

    kind: state changes nothing but what we keep of this lead, and so can be taken back; flow says where a run goes on;
    outside sends something, or asks something of another lead.
    records: kinds of the lead's records that it reads or writes; these are loaded, no others.
    parks: it may answer with Parked.
    hears: types of events of the lead that wake a run parked at it.
    final: no step may come after it.
    reads: what it reads of the lead besides tokens, conditions and records, by the names of touches.py.
    writes: what it writes of the lead where that is not what its parameters name and its records are; a
    parameter in braces, as in record:once:{key}, stands for its value.
    one_of: parameters, none of them required, of which exactly one is given.
    example: parameters in the worked example of the reference, where their kinds alone do not suggest them.
    """

    def enter(run: Run) -> Run:
        doc = (run.__doc__ or "").strip()
        kinds, events = frozenset(records), frozenset(hears)
        written = None if writes is None else tuple(writes)
        spec = ActionSpec(
            name,
            label,
            logs,
            doc,
            params,
            parameters_of(params),
            run,
            kinds,
            parks,
            events,
            final,
            tuple(reads),
            written,
            kind,
            tuple(one_of),
            example,
        )
        ACTIONS.add(name, spec)
        return run

    return enter


def parameters_of(params: type[msgspec.Struct]) -> tuple[Parameter, ...]:
    """The parameters that a Struct declares, in order, under the names that documents use."""
    hints = get_type_hints(params, include_extras=True)
    return tuple(
        Parameter(field.encode_name, _kind_of(hints[field.name]), field.required, field.default)
        for field in msgspec.structs.fields(params)
    )


def _kind_of(hint: Any) -> Kind:
    if get_origin(hint) is Annotated:
        for note in get_args(hint)[1:]:
            if isinstance(note, Kind):
                return note
    raise TypeError(f"a parameter must be annotated with its kind: {hint}")


def prepare(spec: ActionSpec, raw: Any, scope: Scope, path: str) -> Bound:
    """Check the parameters of a step and make them ready. Notes every fault."""
    if not isinstance(raw, dict):
        scope.fault(path, "expected an object with the parameters of the action")
        return Bound(None, None)
    scope.needs_records |= spec.records
    _refuse_unknown(spec, raw, scope, path)
    _check_one_of(spec, raw, scope, path)
    done: dict[str, Any] = {}
    for parameter in spec.parameters:
        name = parameter.name
        if name in raw:
            done[name] = parameter.kind.prepare(raw[name], scope, f"{path}.{name}", done)
        elif parameter.required:
            scope.fault(f"{path}.{name}", f"is missing: {parameter.kind.doc}")
        else:
            done[name] = parameter.default
    if scope.faults:
        return Bound(None, None)
    if scope.compares:
        _note_touches(spec, raw, done, scope)
    return _bind(spec.params, list(done.values()))


def _note_touches(spec: ActionSpec, raw: dict[str, Any], done: dict[str, Any], scope: Scope) -> None:
    """What a step reads and writes."""
    records = _records(spec, done)
    declared = {_filled(name, raw) for name in spec.writes or ()}
    closer = {name for name in declared if any(overlap(name, record) for record in records)}
    scope.reads |= closer.union(spec.reads)
    scope.reads |= {record for record in records if not any(overlap(name, record) for name in closer)}
    scope.writes.add(f"{HISTORY}{spec.logs}")
    scope.writes |= records | _written(spec, raw) if spec.writes is None else declared


def _written(spec: ActionSpec, raw: dict[str, Any]) -> set[str]:
    """What the parameters name."""
    given = [one for one in spec.parameters if raw.get(one.name) is not None]
    return {name for one in given for name in written_by(one.kind, raw[one.name])}


def _records(spec: ActionSpec, done: dict[str, Any]) -> set[str]:
    """The records of an action; where it is about one definition, those of that."""
    about = [value.key for value in done.values() if isinstance(value, Defined)]
    key = about[0] if len(about) == 1 else None
    return {record_name(kind, key) for kind in spec.records}


def _filled(name: str, raw: dict[str, Any]) -> str:
    """The name of what is written; shorter where only running tells."""
    head, brace, rest = name.partition("{")
    value = raw.get(rest.removesuffix("}")) if brace else None
    return f"{head}{value}" if isinstance(value, str) and not is_template(value) else head.removesuffix(":")


def _refuse_unknown(spec: ActionSpec, raw: dict[str, Any], scope: Scope, path: str) -> None:
    known = spec.params.__struct_encode_fields__
    for name in raw:
        if name not in known:
            hint = scope.hint(name, known)
            scope.fault(f"{path}.{name}", f"action {spec.name} has no such parameter{hint}")


def _check_one_of(spec: ActionSpec, raw: dict[str, Any], scope: Scope, path: str) -> None:
    if spec.one_of and sum(name in raw for name in spec.one_of) != 1:
        scope.fault(path, f"give one of {', '.join(spec.one_of)}, and no more than one")


def _bind(params: type[msgspec.Struct], values: list[Any]) -> Bound:
    dynamic = [(place, value.read) for place, value in enumerate(values) if isinstance(value, Dynamic)]
    if not dynamic:
        return Bound(params(*values), None)

    def read(lead: LeadState, context: Context) -> Any:
        filled = values.copy()
        for place, read_one in dynamic:
            filled[place] = read_one(lead, context)
        return params(*filled)

    return Bound(None, read)
