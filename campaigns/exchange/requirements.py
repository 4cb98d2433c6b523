"""What a campaign refers to and must find where it is applied: fields, event types, lists, definitions and the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from campaigns.language.definition import Defined
from campaigns.language.document import compile_document
from campaigns.language.faults import Fault
from campaigns.language.registry import did_you_mean
from campaigns.language.schema import EventTypeSpec, FieldSpec, TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.values import show

Requirements = dict[str, Any]  #: section -> name -> what is known of it, or a list of names

#: Sections that are lists of names: what they are called in a message, and where the schema has them.
NAMES: dict[str, tuple[str, Callable[[TenantSchema], Any]]] = {
    "lists": ("list", lambda schema: schema.lists),
    "stages": ("stage", lambda schema: schema.stages),
    "tags": ("tag", lambda schema: schema.tags),
    "owners": ("owner", lambda schema: schema.owners),
    "campaigns": ("campaign", lambda schema: schema.campaigns),
}
SECTIONS = ("fields", "events", "definitions", *NAMES)


class _Seen(dict):
    """Remembers which of its names somebody looked for and found."""

    def __init__(self, source: Mapping[str, Any]) -> None:
        super().__init__(source)
        self.seen: set[str] = set()

    def _note(self, name: Any) -> None:
        if isinstance(name, str) and super().__contains__(name):
            self.seen.add(name)

    def __getitem__(self, name: Any) -> Any:
        self._note(name)
        return super().__getitem__(name)

    def get(self, name: Any, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._note(name)
        return super().__contains__(name)


class _SeenSet(frozenset):
    """The same for a set, also when it is what values are checked against."""

    seen: set[str]

    def __contains__(self, name: object) -> bool:
        found = super().__contains__(name)
        if found:
            self.seen.add(str(name))
        return found

    def __rsub__(self, others: Any) -> Any:
        self.seen.update(str(name) for name in others if super(_SeenSet, self).__contains__(name))
        return frozenset(others).difference(frozenset(self))


class _SeenTuple(tuple):
    """The same for names in an order."""

    seen: set[str]

    def __contains__(self, name: object) -> bool:
        found = super().__contains__(name)
        if found:
            self.seen.add(str(name))
        return found


def _noting(kind: type, items: Any, seen: set[str]) -> Any:
    made = kind(items)
    made.seen = seen
    return made


class _Watch:
    """A schema that remembers what was looked for in it."""

    def __init__(self, schema: TenantSchema) -> None:
        self.real = schema
        self.seen: dict[str, set[str]] = {section: set() for section in SECTIONS}
        self.fields, self.events = _Seen(self._watched_fields()), _Seen(schema.event_types)
        self.named = {name: _Seen(NAMES[name][1](schema)) for name in ("lists", "owners", "campaigns")}
        self.definitions = {kind: _Seen(found) for kind, found in schema.definitions.items()}
        self.schema = replace(
            schema,
            fields=self.fields,
            event_types=self.events,
            stages=_noting(_SeenTuple, schema.stages, self.seen["stages"]),
            tags=_noting(_SeenSet, schema.tags, self.seen["tags"]),
            definitions=self.definitions,
            **self.named,
        )
        vars(self.schema)["list_keys"] = _noting(_SeenSet, schema.lists, self.seen["lists"])

    def _watched_fields(self) -> dict[str, FieldSpec]:
        """Stages and owners are also options of the fields of that name."""
        options = {"stage": ("stages", self.real.stages), "owner": ("owners", self.real.owners)}
        fields = dict(self.real.fields)
        for name, (section, items) in options.items():
            if name in fields:
                fields[name] = replace(fields[name], options=_noting(_SeenSet, items, self.seen[section]))
        return fields

    def found(self) -> dict[str, set[str]]:
        """What was looked for and is there, by section."""
        for name, watched in self.named.items():
            self.seen[name] |= watched.seen
        self.seen["fields"] |= {name for name in self.fields.seen if not self.real.fields[name].builtin}
        self.seen["events"] |= self.events.seen
        return self.seen


def requirements_of(document: Any, schema: TenantSchema, *, key: str = "") -> Requirements:
    """What the document refers to and the tenant has: found by checking it and noting what is looked for."""
    watch = _Watch(schema)
    compile_document(document, Scope(watch.schema, key))
    seen = watch.found()
    defined = {
        kind: {name: _definition(schema.definitions[kind][name]) for name in sorted(found.seen)}
        for kind, found in sorted(watch.definitions.items())
        if found.seen
    }
    made: Requirements = {
        "fields": {name: _field(schema.fields[name]) for name in sorted(seen["fields"])},
        "events": {name: _event(schema.event_types[name]) for name in sorted(seen["events"])},
        "definitions": defined,
        **{section: sorted(seen[section] - {key} if section == "campaigns" else seen[section]) for section in NAMES},
    }
    return {section: found for section, found in made.items() if found}


def _field(spec: FieldSpec) -> dict[str, Any]:
    options = {"options": sorted(spec.options)} if spec.options else {}
    return {"label": spec.label, "type": spec.type, **options}


def _event(spec: EventTypeSpec) -> dict[str, Any]:
    attributes = {item.name: {"type": item.type, "required": item.required} for item in spec.attributes.values()}
    return {"label": spec.label, "attributes": attributes, "open": spec.open}


def _definition(found: Defined) -> dict[str, Any]:
    return {"name": found.name, "spec": msgspec.json.decode(msgspec.json.encode(found.spec))}


def missing(requires: Any, schema: TenantSchema) -> list[Fault]:
    """Every requirement that is not met, and every one that cannot be read."""
    if not isinstance(requires, dict):
        return [Fault("requires", f"expected an object of what the campaign refers to, got {show(requires)}")]
    return [fault for section, wanted in requires.items() for fault in _missing_of(section, wanted, schema)]


def _missing_of(section: str, wanted: Any, schema: TenantSchema) -> Iterator[Fault]:
    path = f"requires.{section}"
    if section not in SECTIONS:
        yield Fault(path, f"has no meaning here{did_you_mean(section, SECTIONS)}")
    elif section in NAMES:
        yield from _names(path, wanted, *NAMES[section], schema)
    elif not isinstance(wanted, dict) or not all(isinstance(item, dict) for item in wanted.values()):
        yield Fault(path, f"expected an object of objects, got {show(wanted)}")
    elif section == "definitions":
        for kind, items in wanted.items():
            yield from _definitions(f"{path}.{kind}", items, kind, schema)
    else:
        check = _check_field if section == "fields" else _check_event
        for name, said in wanted.items():
            yield from check(f"{path}.{name}", name, said, schema)


def _names(
    path: str, wanted: Any, noun: str, known: Callable[[TenantSchema], Any], schema: TenantSchema
) -> Iterator[Fault]:
    if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
        yield Fault(path, f"expected a list of names, got {show(wanted)}")
        return
    there = known(schema)
    for index, name in enumerate(wanted):
        if name not in there:
            yield Fault(f"{path}[{index}]", f"there is no {noun} {show(name)} here; add it first")


def _definitions(path: str, items: dict[str, Any], kind: str, schema: TenantSchema) -> Iterator[Fault]:
    known = schema.defined(kind)
    for name in items:
        if name not in known:
            yield Fault(f"{path}.{name}", f"there is no {show(kind)} {show(name)} here; add it first")


def _check_field(path: str, name: str, said: dict[str, Any], schema: TenantSchema) -> Iterator[Fault]:
    found, wanted = schema.fields.get(name), said.get("type")
    if found is None:
        yield Fault(path, f"there is no field {show(name)} here; add one of type {show(wanted)} first")
    elif wanted is not None and found.type != wanted:
        yield Fault(path, f"is of type {show(found.type)} here, {show(wanted)} is needed")


def _check_event(path: str, name: str, said: dict[str, Any], schema: TenantSchema) -> Iterator[Fault]:
    found = schema.event_types.get(name)
    if found is None:
        yield Fault(path, f"there is no event type {show(name)} here; add it first")
        return
    attributes = said.get("attributes", {})
    if not isinstance(attributes, dict) or not all(isinstance(item, dict) for item in attributes.values()):
        yield Fault(f"{path}.attributes", f"expected an object of objects, got {show(attributes)}")
        return
    for attribute, wanted in attributes.items():
        here = found.attributes.get(attribute)
        if here is None and not found.open:
            yield Fault(f"{path}.attributes.{attribute}", "is not declared here; add it to the event type first")
        elif here is not None and here.type != wanted.get("type", here.type):
            yield Fault(
                f"{path}.attributes.{attribute}", f"is of type {show(here.type)} here, {show(wanted['type'])} is needed"
            )
