"""Conditions: one field of the lead, event or run, one operator, and what it is compared with."""

from __future__ import annotations

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.clocks import zone_named
from campaigns.language.context import Context
from campaigns.language.eventtypes import UNDECLARED
from campaigns.language.jsonplaces import read_path, value_within
from campaigns.language.lead import LeadState
from campaigns.language.leadsql import value_of
from campaigns.language.leaf import NEVER, Leaf, Matches, for_memory
from campaigns.language.operator import OPERATORS, Moment, Nulls, Operand, Operator, Options, operators_of
from campaigns.language.outcome import BadValueError
from campaigns.language.periods import read_period
from campaigns.language.schema import AttributeSpec
from campaigns.language.scope import PSEUDO_FIELDS, Scope
from campaigns.language.sqltext import Sql, sql, truth
from campaigns.language.stored import TYPES as STORED
from campaigns.language.tokens import Dynamic, Read, Target, is_token
from campaigns.language.values import TYPES, show
from campaigns.language.variables import find_variable, read_variable

LEAD, TIMEZONE = "lead", "timezone"  #: the zone that a lead's own field names
ITEMS_LIMIT = 200  #: values of one condition
SWITCHES = ("must_have_value", "or_empty", "case", "accent", "zone", "calendar", "leap_day")


def compile_condition(raw: dict[str, Any], source: str, scope: Scope, path: str) -> Matches:
    """Check one condition and compile it for memory. Notes every fault."""
    return read_condition(raw, source, scope, path).matches


def read_condition(raw: dict[str, Any], source: str, scope: Scope, path: str) -> Leaf:
    """Check one condition and compile it; `source` is the key that names what it reads. Notes every fault."""
    scope.expect_keys(raw, path, (source, "operator", "value", "type", "path", *SWITCHES))
    target = _find_target(raw, source, scope, path)
    asked = target and read_asked(raw, target, scope, path)
    if not target or not asked or scope.faults:
        return NEVER
    found, operands, options = asked
    matches = close(_reading(raw, source, target), found, operands, options)
    within = "path" in raw
    if source != "field" or (within and target.type not in STORED):
        return Leaf(matches, for_memory)
    name: str = raw[source]

    def value_sql(moment: Moment) -> Sql | None:
        value = value_of(name, moment)
        return STORED[target.type].sql(value_within(value, raw["path"].split("."))) if within and value else value

    return Leaf(matches, lambda moment: close_sql(value_sql(moment), found, operands, options, moment))


def _reading(raw: dict[str, Any], source: str, target: Target) -> Read:
    """The value in memory; within a JSON object it is read as the database reads it."""
    read = _reader(raw[source], source)
    if "path" not in raw:
        return _casting(read, target) if "type" in raw else read
    inner, stored = _walking(read, raw["path"]), STORED.get(target.type)
    if stored is None:
        return _casting(inner, target)
    as_stored = stored.read
    return lambda lead, context: as_stored(inner(lead, context))


class Asked(NamedTuple):
    """What a condition says of a value: as its parameters for close() and close_sql()."""

    found: Operator
    operands: list[Any]
    options: Options


def read_asked(raw: dict[str, Any], target: Target, scope: Scope, path: str) -> Asked | None:
    """The operator of a condition with its operands and switches; None with a fault."""
    found = _find_operator(raw, target, scope, path)
    if found is None:
        return None
    options = _read_options(raw, found, scope, path)
    operands = _read_operands(raw, found, target, scope, f"{path}.value")
    return None if operands is None else Asked(found, operands, options)


def _find_target(raw: dict[str, Any], source: str, scope: Scope, path: str) -> Target | None:
    name = raw[source]
    spec: Any
    if source == "field":
        spec = scope.find_field(name, f"{path}.field")
    elif source == "run":
        kind = find_variable(name, scope, f"{path}.run")
        spec = kind and AttributeSpec(name, kind)
    else:
        spec = scope.find_attribute(name, f"{path}.{source}")
    if "path" in raw and spec is not None:
        return _find_within(raw, spec, scope, path)
    if spec is None or spec.type != UNDECLARED:
        if spec is not None and "type" in raw:
            scope.fault(f"{path}.type", f"'{name}' has a type already: {spec.type}")
        return spec
    return _declare(spec, raw.get("type"), scope, path)


def _find_within(raw: dict[str, Any], spec: Any, scope: Scope, path: str) -> AttributeSpec | None:
    """A place within a JSON object, in the type that the filter says."""
    if spec.type != "json":
        scope.fault(f"{path}.path", f"'{raw.get('field')}' is no JSON object")
        return None
    if read_path(raw["path"], scope, f"{path}.path") is None:
        return None
    return _declare(AttributeSpec(raw["path"], UNDECLARED), raw.get("type"), scope, path)


def _walking(read: Read, path: str) -> Read:
    """What is at a place within a JSON object; nothing where there is no such place."""
    names = path.split(".")

    def read_within(lead: LeadState, context: Context) -> Any:
        value = read(lead, context)
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    return read_within


def _declare(spec: AttributeSpec, declared: Any, scope: Scope, path: str) -> AttributeSpec | None:
    """An undeclared attribute in the type that the filter says."""
    if not isinstance(declared, str) or declared not in TYPES:
        scope.fault(f"{path}.type", f"attribute '{spec.name}' is undeclared; say its type: {', '.join(TYPES)}")
        return None
    return AttributeSpec(spec.name, declared)


def _find_operator(raw: dict[str, Any], target: Target, scope: Scope, path: str) -> Operator | None:
    name = raw.get("operator")
    found = OPERATORS.get(f"{target.type}.{name}") if isinstance(name, str) else None
    if found is None:
        known = operators_of(target.type)
        kind = TYPES[target.type].label
        what = f"unknown operator {name[:64]!r} for {kind}" if isinstance(name, str) else "names no operator"
        scope.fault(f"{path}.operator", what + (scope.hint(name, known) or f"; known: {', '.join(known)}"))
    return found


def _reader(name: str, source: str) -> Read:
    if source == "field":
        if name in PSEUDO_FIELDS:
            return lambda lead, context: lead.get(name) or None
        return lambda lead, context: lead.values.get(name)
    if source == "run":
        return read_variable(name)
    if name == "occurred_at":
        return lambda lead, context: context.occurred_at
    return lambda lead, context: context.event.get(name)


def _casting(read: Read, target: Target) -> Read:
    """What cannot be cast to the type that the filter says is no value."""
    cast = target.cast

    def read_typed(lead: LeadState, context: Context) -> Any:
        value = read(lead, context)
        try:
            return None if value is None else cast(value)
        except ValueError:
            return None

    return read_typed


def _read_options(raw: dict[str, Any], found: Operator, scope: Scope, path: str) -> Options:
    allowed = set(found.family.switches)
    if found.nulls is Nulls.NEGATIVE:
        allowed.add("must_have_value")
    if found.nulls is Nulls.ORDERING:
        allowed.add("or_empty")
    for name in SWITCHES:
        if name in raw and name not in allowed:
            scope.fault(f"{path}.{name}", f"has no meaning with {found.name} on {TYPES[found.type].label}")
    return Options(
        zone=read_zone(raw.get("zone", "tenant"), scope, f"{path}.zone"),
        week_start=scope.schema.week_start,
        case_sensitive=_word(raw, "case", ("insensitive", "sensitive"), scope, path) == "sensitive",
        accent_insensitive=_word(raw, "accent", ("sensitive", "insensitive"), scope, path) == "insensitive",
        zone_of_lead=raw.get("zone") == LEAD,
        leap_day_in_march=_word(raw, "leap_day", ("february_28", "march_1"), scope, path) == "march_1",
        calendar=_flag(raw, "calendar", scope, path),
        must_have_value=_flag(raw, "must_have_value", scope, path),
        or_empty=_flag(raw, "or_empty", scope, path),
    )


def _flag(raw: dict[str, Any], name: str, scope: Scope, path: str) -> bool:
    value = raw.get(name, False)
    if not isinstance(value, bool):
        scope.fault(f"{path}.{name}", f"expected true or false, got {show(value)}")
        return False
    return value


def _word(raw: dict[str, Any], name: str, words: tuple[str, ...], scope: Scope, path: str) -> str:
    value = raw.get(name, words[0])
    if value not in words:
        scope.fault(f"{path}.{name}", f"expected one of {', '.join(words)}, got {show(value)}")
    return value


def read_zone(raw: Any, scope: Scope, path: str) -> ZoneInfo:
    """The zone of a condition; the tenant's where the lead's own is meant."""
    if raw == "tenant":
        return scope.schema.zone
    if raw == LEAD:
        scope.find_field(TIMEZONE, path)
        return scope.schema.zone
    zone = zone_named(raw)
    if zone is None:
        scope.fault(path, f"expected tenant, lead or the name of a time zone such as Europe/Berlin, got {show(raw)}")
    return zone or scope.schema.zone


def _read_operands(raw: dict[str, Any], found: Operator, target: Target, scope: Scope, path: str) -> list[Any] | None:
    """The operands as typed constants and Dynamics; None with a fault."""
    value = raw.get("value")
    shape = found.operand
    if shape is Operand.NONE:
        if value is not None:
            scope.fault(path, f"{found.name} takes no value")
        return []
    if shape is Operand.PERIOD:
        period = read_period(value, scope, path)
        return None if period is None else _check_period(period, found, raw, scope, path)
    items = _items(value, shape, scope, path)
    if items is None:
        return None
    many = isinstance(value, list) and shape is not Operand.ONE
    literal = found.family.literal
    typed = [literal(item, target, scope, f"{path}[{place}]" if many else path) for place, item in enumerate(items)]
    return _check_order(typed, found, scope, path)


def _items(value: Any, shape: Operand, scope: Scope, path: str) -> list[Any] | None:
    items = value if isinstance(value, list) and shape is not Operand.ONE else [value]
    whole_set = shape is Operand.LIST and is_token(value)
    fits = {
        Operand.LIST: (isinstance(value, list) and 1 <= len(items) <= ITEMS_LIMIT) or whole_set,
        Operand.PAIR: isinstance(value, list) and len(items) == 2,
    }.get(shape, 1 <= len(items) <= ITEMS_LIMIT)
    if not fits or any(item is None or (isinstance(item, str) and not item.strip()) for item in items):
        scope.fault(path, f"expected {shape.value}, none of them empty, got {show(value)}")
        return None
    return items


def _check_order(typed: list[Any], found: Operator, scope: Scope, path: str) -> list[Any] | None:
    if any(item is None for item in typed):
        return None
    if found.operand is Operand.PAIR and found.family.ordered and not any(isinstance(item, Dynamic) for item in typed):
        low, high = typed
        if type(low) is type(high) and low > high:
            scope.fault(path, "has its higher value first")
    return typed


def _check_period(period: Any, found: Operator, raw: dict[str, Any], scope: Scope, path: str) -> list[Any] | None:
    if period.amount < 1:
        scope.fault(f"{path}.amount", "must be at least 1")
        return None
    if not period.is_of_days and (found.type == "date" or raw.get("calendar") is True):
        scope.fault(f"{path}.unit", "whole days are counted here; use days, weeks, months or years")
        return None
    return [period]


def close_sql(value: Sql | None, found: Operator, operands: list[Any], options: Options, moment: Moment) -> Sql | None:
    """One condition in SQL: the same as close(), with what is null decided."""
    if (
        value is None
        or found.sql is None
        or options.zone_of_lead
        or any(isinstance(item, Dynamic) for item in operands)
    ):
        return None
    if found.nulls is Nulls.PRESENCE:
        return found.sql(value, None, moment)
    form = found.family.operand(options) or _as_it_is
    value_form = found.family.sql_value(options)
    test = found.sql(value if value_form is None else value_form(value), tuple(map(form, operands)), moment)
    return sql("coalesce({}, {})", test, truth(_on_null(found, options)))


def close(read: Read, found: Operator, operands: list[Any], options: Options) -> Matches:
    """The closure of one condition: read, null rule, test."""
    if options.zone_of_lead:
        return _close_by_zone(read, found, operands, options)
    form = found.family.operand(options) or _as_it_is
    value_form = found.family.value(options)
    if found.nulls is Nulls.PRESENCE:
        return _close_presence(read, found)
    on_null = _on_null(found, options)
    if any(isinstance(item, Dynamic) for item in operands):
        return _close_dynamic(read, found, operands, form, value_form, on_null)
    return _close_constant(read, found, tuple(map(form, operands)), value_form, on_null)


def _as_it_is(value: Any) -> Any:
    return value


def _on_null(found: Operator, options: Options) -> bool:
    if found.nulls is Nulls.NEGATIVE:
        return not options.must_have_value
    return found.nulls is Nulls.ORDERING and options.or_empty


def _close_by_zone(read: Read, found: Operator, operands: list[Any], options: Options) -> Matches:
    """One closure for each zone that leads are in; that of the tenant for who has none."""
    closures: dict[ZoneInfo, Matches] = {}

    def matches(lead: LeadState, context: Context) -> bool:
        zone = zone_named(lead.values.get(TIMEZONE)) or options.zone
        closure = closures.get(zone)
        if closure is None:
            fixed = msgspec.structs.replace(options, zone=zone, zone_of_lead=False)
            closure = closures[zone] = close(read, found, operands, fixed)
        return closure(lead, context)

    return matches


def _close_presence(read: Read, found: Operator) -> Matches:
    test = found.test
    return lambda lead, context: test(read(lead, context), None, context)


def _close_constant(read: Read, found: Operator, wanted: Any, value_form: Any, on_null: bool) -> Matches:
    test = found.test

    def matches(lead: LeadState, context: Context) -> bool:
        value = read(lead, context)
        if value is not None and value_form is not None:
            value = value_form(value)
        return on_null if value is None else test(value, wanted, context)

    return matches


def _close_dynamic(
    read: Read, found: Operator, operands: list[Any], form: Any, value_form: Any, on_null: bool
) -> Matches:
    """A token without a value is no value at all: a positive or ordering operator does not match, a negative
    one does."""
    test = found.test
    reads = [_forgiving(item.read) if isinstance(item, Dynamic) else _constant(item) for item in operands]
    without = found.nulls is Nulls.NEGATIVE
    least = len(operands) if found.operand is Operand.PAIR else 1

    def matches(lead: LeadState, context: Context) -> bool:
        value = read(lead, context)
        if value is not None and value_form is not None:
            value = value_form(value)
        if value is None:
            return on_null
        found_values = [item for item in (read_one(lead, context) for read_one in reads) if item is not None]
        if len(found_values) < least:
            return without
        return test(value, tuple(map(form, found_values)), context)

    return matches


def _forgiving(read: Read) -> Read:
    """What does not fit the type it is compared with cannot be equal to any value of it: it is no value."""

    def read_or_none(lead: LeadState, context: Context) -> Any:
        try:
            return read(lead, context)
        except BadValueError:
            return None

    return read_or_none


def _constant(value: Any) -> Read:
    return lambda lead, context: value
