"""What the activities that a history is asked for must be like: operators on values of an activity, one meaning for
memory and for the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from campaigns.language.activity import ActivityRow
from campaigns.language.condition import SWITCHES, Asked, close, close_sql, read_asked
from campaigns.language.context import Context
from campaigns.language.eventtypes import AttributeSpec, EventTypeSpec
from campaigns.language.operator import Moment
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.stored import TYPES
from campaigns.language.tokens import Dynamic, Target

WHERE_LIMIT = 10
#: When a question is tried, before it is asked.
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
DATA = Sql("a.data")  #: of a row `a` of campaigns_activity
#: Names of the data of an activity, the outermost first.
Path = tuple[str, ...]

_encode = msgspec.json.Encoder(order="deterministic").encode


RECORD = Sql("r.data")  #: of a row `r` of campaigns_record


class Kept(NamedTuple):
    """What is kept of a lead, to be asked like an activity."""

    data: dict[str, Any]


class Constraint:
    """One operator on one value. Two are the same when they say the same of the same place."""

    __slots__ = ("_asked", "_key", "_matches", "places", "type")

    def __init__(self, places: tuple[Path, ...], type: str, asked: Asked, said: Any) -> None:
        self.places = places  #: of two the first that has a value; with `by` the second is taken from the first
        self.type = type
        self._asked = asked
        self._key = places, type, _encode(said)
        self._matches = close(lambda row, context: self.value(row), asked.found, asked.operands, asked.options)

    def value(self, row: Any) -> Any:
        """What an activity has there, typed; None where it has no such value."""
        read = TYPES[self.type].read
        return read(next((found for path in self.places if (found := at(row.data, path)) is not None), None))

    def holds(self, row: ActivityRow | Kept, context: Context) -> bool:
        """Whether an activity is like that."""
        return self._matches(row, context)

    def value_sql(self, data: Sql) -> Sql:
        """The value of a row whose data this is."""
        return TYPES[self.type].sql(_json(self.places, data))

    def sql(self, moment: Moment, data: Sql = DATA) -> Sql | None:
        """The same of a row with that data; None where only memory can say."""
        found, operands, options = self._asked
        return close_sql(self.value_sql(data), found, operands, options, moment)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._key == other._key  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self._key)


class Difference(Constraint):
    """One operator on what the first value has more than the second."""

    def value(self, row: Any) -> Any:
        """The difference; None where one of them is none."""
        new, old = (TYPES[self.type].read(_at_end(row.data, self.places, end)) for end in ENDS)
        return None if new is None or old is None else new - old

    def value_sql(self, data: Sql) -> Sql:
        """The same of a row."""
        new, old = (TYPES[self.type].sql(_json(_of_end(self.places, end), data)) for end in ENDS)
        return sql("({} - {})", new, old)


ENDS = ("new", "old")


def _of_end(places: Iterable[Path], end: str) -> tuple[Path, ...]:
    return tuple((*path, end) for path in places)


def _at_end(data: Any, places: tuple[Path, ...], end: str) -> Any:
    found = (at(data, path) for path in _of_end(places, end))
    return next((value for value in found if value is not None), None)


def at(data: Any, path: Path) -> Any:
    """What is at a place of JSON; None where there is no such place."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _json(places: Iterable[Path], data: Sql) -> Sql:
    """The first of the values that is there; null in JSON is none."""
    parts = [sql("nullif({} #> {}::text[], 'null')", data, list(path)) for path in places]
    if len(parts) == 1:
        return parts[0]
    return sql("coalesce({}, {})", *parts)


def constrain(
    raw: dict[str, Any],
    places: tuple[Path, ...],
    target: Target,
    scope: Scope,
    path: str,
    kind: type[Constraint] = Constraint,
) -> Constraint | None:
    """An operator with its value and switches, of a value of that type; None with a fault."""
    if target.type not in TYPES:
        scope.fault(path, f"values of type {target.type} cannot be asked of the history")
        return None
    before = len(scope.faults)
    asked = read_asked(raw, target, scope, path)
    if asked is None or len(scope.faults) > before:
        return None
    if asked.options.zone_of_lead:
        scope.fault(f"{path}.zone", "histories are not asked by the lead's zone; name one, or leave it to the tenant's")
    elif any(isinstance(item, Dynamic) for item in asked.operands):
        scope.fault(f"{path}.value", "histories are asked for many leads at once: write a value here, no token")
    else:
        made = kind(places, target.type, asked, {name: raw.get(name) for name in raw if name != "attribute"})
        if made.sql(Moment(scope.schema, EPOCH)) is not None:
            return made
        scope.fault(f"{path}.operator", f"{asked.found.name} is for memory alone, and histories are in the database")
    return None


def read_where(
    raw: Any, event: EventTypeSpec | None, scope: Scope, path: str, within: Path = ("data",)
) -> tuple[Constraint, ...]:
    """Constraints on what activities carry: a list as triggers have it, or names and what they must be equal to. An
    event's attributes are `within` the data."""
    items = [(f"{path}.{name}", _equal(name, wanted)) for name, wanted in raw.items()] if isinstance(raw, dict) else raw
    if isinstance(raw, list):
        items = [(f"{path}[{place}]", item) for place, item in enumerate(raw)]
    if not isinstance(items, list) or len(items) > WHERE_LIMIT:
        scope.fault(path, f"expected a list of at most {WHERE_LIMIT} constraints, or an object of names and values")
        return ()
    found = [_read(item, event, scope, at, within) for at, item in items]
    return tuple(one for one in found if one is not None)


def _equal(name: str, wanted: Any) -> dict[str, Any]:
    return {"attribute": name, "operator": None, "value": wanted}


def _read(raw: Any, event: EventTypeSpec | None, scope: Scope, path: str, within: Path) -> Constraint | None:
    if not isinstance(raw, dict) or not isinstance(raw.get("attribute"), str):
        scope.fault(path, "expected an object with attribute, operator and value")
        return None
    scope.expect_keys(raw, path, ("attribute", "operator", "value", "type", *SWITCHES))
    target = _target(raw, event, scope, path)
    if target is None:
        return None
    name: str = raw["attribute"]
    said = {**raw, **equality(raw["value"], target.type)} if raw.get("operator", "") is None else raw
    return constrain(said, ((*within, name) if event else (name,),), target, scope, path)


def equality(wanted: Any, type: str) -> dict[str, Any]:
    """The operator of a type by which a value, or one of several, is asked for."""
    if type == "boolean" and isinstance(wanted, bool):
        return {"operator": "is_true" if wanted else "is_false", "value": None}
    return {"operator": "contains_any_of" if type == "multi_select" else "is", "value": wanted}


def _target(raw: dict[str, Any], event: EventTypeSpec | None, scope: Scope, path: str) -> AttributeSpec | None:
    """What kind of value the attribute is: as its event type declares it, or as the constraint says."""
    name, declared = raw["attribute"], raw.get("type")
    spec = event.attributes.get(name) if event else None
    if spec is not None:
        if declared is not None:
            scope.fault(f"{path}.type", f"'{name}' has a type already: {spec.type}")
        return AttributeSpec(name, "string") if spec.type == "text" and raw.get("operator", "") is None else spec
    if event is not None and not event.open:
        hint = scope.hint(name, event.attributes)
        scope.fault(f"{path}.attribute", f"event type '{event.name}' has no attribute {name[:64]!r}{hint}")
        return None
    if declared is None and raw.get("operator", "") is None:
        declared = _type_of(raw["value"])
    if declared not in TYPES:
        kinds = ", ".join(TYPES)
        scope.fault(f"{path}.type", f"attribute '{name[:64]}' is undeclared; say its type: {kinds}")
        return None
    return AttributeSpec(name, declared)


def _type_of(wanted: Any) -> str:
    """The type of a value that is asked for, or of the first of several."""
    first = wanted[0] if isinstance(wanted, list) and wanted else wanted
    return {bool: "boolean", int: "integer", float: "decimal"}.get(type(first), "string")
