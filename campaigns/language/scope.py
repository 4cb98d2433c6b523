"""The surroundings in which a document is checked and compiled: the vocabulary, the faults so far, the events
it hears."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from campaigns.language.eventtypes import UNDECLARED
from campaigns.language.faults import Fault
from campaigns.language.registry import did_you_mean
from campaigns.language.schema import AttributeSpec, EventTypeSpec, FieldSpec, TenantSchema
from campaigns.language.touches import field_name, record_name

HINTS_LIMIT = 20
PSEUDO_FIELDS = ("tags", "lists")


def _pseudo_field(name: str, schema: TenantSchema) -> FieldSpec:
    """Tags and lists are kept beside the lead's fields and read like multi-select fields."""
    if name == "tags":
        return FieldSpec("tags", "Tags", "multi_select", schema.tags, builtin=True, action="change_tags")
    return FieldSpec("lists", "Lists", "multi_select", schema.list_keys, builtin=True, action="add_to_list")


#: (steps in a document, their path, whether their end goes back to the owner) -> the place of the first
CompileBody = Callable[[Any, str, bool], int | None]


def no_body(raw: Any, path: str, loops: bool) -> int | None:
    """Compiles no steps."""
    raise TypeError("steps can be nested in steps alone")


class Scope:
    """Collects every fault of one document; a compiled part is of use only when there are none."""

    def __init__(self, schema: TenantSchema, key: str = "", *, publishing: bool = True) -> None:
        self.schema = schema
        self.publishing = publishing  #: stricter than running: what may pass later must hold now
        self.key = key  #: of the campaign; empty when not known yet
        self.faults: list[Fault] = []
        self.events: list[EventTypeSpec] = []  #: heard by the triggers, with what each carries
        self.eventless = False  #: filters here are asked when nothing happens
        self.within: tuple[str, ...] = ()  #: the smart lists whose filters are being read, the outermost first
        self.smart_lists: dict[str, Any] = {}  #: their filters, each read once
        self.needs_lists = False
        self.needs_records: set[str] = set()  #: kinds
        self.watched: dict[str, Any] = {}  #: smart lists whose joining and leaving is heard, and what matches them
        self.needs_history: set[Any] = set()  #: questions about the leads' history
        self.compares = False  #: what is read and written is noted, to be compared with other campaigns
        self.reads: set[str] = set()  #: of the lead, by the names of touches.py
        self.writes: set[str] = set()
        self.trigger_ids: dict[str, str] = {}  #: to the path of the trigger that has it
        self.has_batch = False  #: one of its triggers is a batch
        self.hears: set[str] = set()  #: types of events that wake a run parked at the step being compiled
        self.watches = False  #: any change of the lead wakes a run parked at the step being compiled
        self.parks = False  #: a run may outlive its event
        self.meets = False  #: several runs of a lead may be inside at once
        self.variables: dict[str, str] = {}  #: of the run, set by the steps so far; name to type
        self.targets: list[tuple[str, str]] = []  #: path and id of steps that others go on to
        self.own_tags: frozenset[str] = frozenset()  #: of the document
        self.joins: list[tuple[str, str]] = []  #: path and key of campaigns that a step waits for
        self.checkpoints: dict[str, str] = {}  #: labels, and the path of the step that marks each
        self.undoes: list[tuple[str, str]] = []  #: path, and the label of the checkpoint to which is undone; "" for all
        self.compile_body: CompileBody = no_body  #: set while steps are compiled
        self.enclosure: Any = None  #: the flowkinds.Enclosed whose steps are compiled
        self.hints = 0

    def expect_keys(self, raw: dict[str, Any], path: str, known: Iterable[str]) -> None:
        """Note a fault for each key that has no meaning here."""
        names = list(known)
        for name in raw:
            if name not in names:
                self.fault(f"{path}.{name}" if path else name, f"has no meaning here{self.hint(name, names)}")

    def fault(self, path: str, message: str) -> None:
        """Note one fault."""
        self.faults.append(Fault(path, message))

    def hint(self, name: object, known: Iterable[str]) -> str:
        """did_you_mean() for as many faults as a person would read; comparing names takes time."""
        self.hints += 1
        return did_you_mean(name, known) if self.hints <= HINTS_LIMIT else ""

    def take_faults(self) -> list[Fault]:
        """The faults so far; the next ones start a new list."""
        faults, self.faults = self.faults, []
        return faults

    def find_field(self, name: object, path: str) -> FieldSpec | None:
        """A field of the lead that is read, by name; tags and lists included."""
        spec = self.look_up_field(name, path)
        if self.compares and spec is not None:
            self.reads.add(field_name(spec.key))
        return spec

    def read_records(self, kind: str, key: str | None = None) -> None:
        """Note that the lead's records of a kind are read, or only those under a key."""
        self.needs_records.add(kind)
        self.reads.add(record_name(kind, key))

    def look_up_field(self, name: object, path: str) -> FieldSpec | None:
        """A field of the lead by name, tags and lists included, for who does not read it."""
        if not isinstance(name, str):
            self.fault(path, "expected the name of a field")
            return None
        if name in PSEUDO_FIELDS:
            self.needs_lists |= name == "lists"
            return _pseudo_field(name, self.schema)
        spec = self.schema.fields.get(name)
        if spec is None:
            self.fault(path, f"unknown field {name[:64]!r}{self.hint(name, self.schema.fields)}")
        return spec

    def find_attribute(self, name: object, path: str) -> AttributeSpec | None:
        """An attribute that every event of the triggers has; UNDECLARED where open events leave it so."""
        if not isinstance(name, str):
            self.fault(path, "expected the name of an attribute")
            return None
        if self.eventless:
            self.fault(path, "there is no event here: leads are asked, whatever happens to them")
            return None
        if name == "occurred_at":
            return AttributeSpec("occurred_at", "datetime", required=True)
        found = [self._attribute_of(event, name, path) for event in self.events]
        known = [spec for spec in found if spec is not None]
        if not known or len(known) < len(found):
            return None
        if len({spec.type for spec in known}) > 1:
            kinds = ", ".join(f"{spec.type} in {event.name}" for spec, event in zip(known, self.events, strict=True))
            self.fault(path, f"attribute '{name}' has different types: {kinds}; use one campaign per event type")
            return None
        return known[0]

    def _attribute_of(self, event: EventTypeSpec, name: str, path: str) -> AttributeSpec | None:
        spec = event.attributes.get(name)
        if spec is None and event.open:
            return AttributeSpec(name, UNDECLARED)
        if spec is None:
            hint = self.hint(name, event.attributes)
            self.fault(path, f"event type '{event.name}' has no attribute {name[:64]!r}{hint}")
        return spec
