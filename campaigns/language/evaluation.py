"""Evaluation of expressions by rule-engine: types from the tenant's vocabulary, exact decimals, bounded trees."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import rule_engine
from rule_engine import errors
from rule_engine.ast import ComparisonExpression

from campaigns.language.context import Context
from campaigns.language.eventtypes import UNDECLARED
from campaigns.language.expression import Compute, ExpressionError
from campaigns.language.lead import LeadState
from campaigns.language.outcome import BadValueError
from campaigns.language.schema import AttributeSpec, FieldSpec
from campaigns.language.scope import Scope
from campaigns.language.tokens import Target
from campaigns.language.values import PLACES_LIMIT, TYPES
from campaigns.language.variables import RUN_ID, find_variable, read_variable

DEPTH_LIMIT = 50
TEXTS_LIMIT = 4  #: references to long texts, of up to 120 kB each

_TYPES = rule_engine.DataType
_KINDS = {
    "string": _TYPES.STRING,
    "text": _TYPES.STRING,
    "picklist": _TYPES.STRING,
    "integer": _TYPES.FLOAT,
    "decimal": _TYPES.FLOAT,
    "boolean": _TYPES.BOOLEAN,
    "date": _TYPES.DATETIME,
    "datetime": _TYPES.DATETIME,
}
_NAMES = {
    _TYPES.STRING: "text",
    _TYPES.FLOAT: "a number",
    _TYPES.BOOLEAN: "true or false",
    _TYPES.DATETIME: "a date or time",
    _TYPES.TIMEDELTA: "a span of time",
}

_DECIMALS = decimal.Context(
    prec=28,
    rounding=decimal.ROUND_HALF_UP,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)


def _round(number: Decimal, places: Any = 0) -> Decimal:
    """Half away from zero, as money is rounded."""
    if places != int(places) or not 0 <= places <= PLACES_LIMIT:
        raise errors.FunctionCallError(f"round takes 0 to {PLACES_LIMIT} places")
    return number.quantize(Decimal(1).scaleb(-int(places)), decimal.ROUND_HALF_UP)


def _floor(number: Decimal) -> Decimal:
    return number.to_integral_value(decimal.ROUND_FLOOR)


def _numbers(name: str, least: int, most: int) -> Any:
    return _TYPES.FUNCTION(
        name, return_type=_TYPES.FLOAT, argument_types=(_TYPES.FLOAT,) * most, minimum_arguments=least
    )


FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "round": (_round, _numbers("round", 1, 2)),
    "floor": (_floor, _numbers("floor", 1, 1)),
    "abs": (abs, _numbers("abs", 1, 1)),
    "min": (min, _numbers("min", 2, 5)),
    "max": (max, _numbers("max", 2, 5)),
}


def build(source: str, references: list[tuple[str, str]], target: Target, scope: Scope, path: str) -> Compute | None:
    """The computation of a source whose tokens were found harmless; None with a fault."""
    types = _resolve(references, scope, path)
    if types is None:
        return None
    try:
        rule = _parse(source, types, scope)
        _check_tree(rule.statement.expression)
        _check_result(rule.statement.expression.result_type, target)
    except ExpressionError as error:
        scope.fault(path, str(error))
        return None
    return _computation(rule, target)


def _resolve(references: list[tuple[str, str]], scope: Scope, path: str) -> dict[str, Any] | None:
    """The type of every name that the expression uses; None with a fault for each that has none."""
    before = len(scope.faults)
    found: dict[str, dict[str, Any]] = {"lead": {}, "event": {}, "run": {}}
    texts = 0
    for owner, name in dict.fromkeys(references):
        kind, required = _type_of(owner, name, scope, path)
        if kind == "text":
            texts += references.count((owner, name))
        if kind in _KINDS:
            plain = _KINDS[kind]
            found[owner][name] = plain if required else _TYPES.NULLABLE(plain)
    if texts > TEXTS_LIMIT:
        scope.fault(path, f"reads long texts {texts} times, at most {TEXTS_LIMIT} are allowed")
    if len(scope.faults) > before:
        return None
    types = {name: kind for name, (_, kind) in FUNCTIONS.items()}
    types["lead"] = _TYPES.OBJECT("lead", found["lead"], accessor=_field_of)
    types["run"] = _TYPES.OBJECT("run", found["run"], accessor=_variable_of)
    types["event"] = _TYPES.OBJECT("event", found["event"], accessor=_attribute_of)
    return types | {"now": _TYPES.DATETIME}


def _type_of(owner: str, name: str, scope: Scope, path: str) -> tuple[str, bool]:
    """The type of a reference and whether it always has a value; notes a fault where it cannot be used."""
    if (owner, name) == ("event", "occurred_at"):
        return "datetime", True
    if owner == "run":
        kind = find_variable(name, scope, path)
        spec: Any = kind and AttributeSpec(name, kind, name == RUN_ID)
    else:
        spec = scope.find_field(name, path) if owner == "lead" else scope.find_attribute(name, path)
    if spec is None:
        return "", False
    if spec.type == UNDECLARED:
        scope.fault(path, f"attribute '{name}' is undeclared; declare it in its event type to compute with it")
    elif spec.type in ("currency", "geo"):
        scope.fault(path, f"{owner}.{name} is of type {TYPES[spec.type].label} and cannot be computed with")
    elif spec.type not in _KINDS:
        scope.fault(path, f"{owner}.{name} has several values and cannot be computed with")
    return spec.type, not isinstance(spec, FieldSpec) and spec.required


def _field_of(lead: LeadState, name: str) -> Any:
    return lead.values.get(name)


def _attribute_of(context: Context, name: str) -> Any:
    return context.occurred_at if name == "occurred_at" else context.event.get(name)


def _variable_of(run: tuple[LeadState, Context], name: str) -> Any:
    return read_variable(name)(*run)


def _look_up(thing: tuple[LeadState, Context], name: str) -> Any:
    lead, context = thing
    if name == "lead":
        return lead
    if name == "event":
        return context
    if name == "run":
        return thing
    return context.now if name == "now" else FUNCTIONS[name][0]


def _parse(source: str, types: dict[str, Any], scope: Scope) -> rule_engine.Rule:
    context = rule_engine.Context(
        type_resolver=types.__getitem__,
        resolver=_look_up,
        default_timezone=scope.schema.zone,
        decimal_context=_DECIMALS,
        mapping_attribute_lookup=False,
    )
    try:
        with decimal.localcontext(_DECIMALS):
            return rule_engine.Rule(source, context=context)
    except errors.ArithmeticError:
        raise ExpressionError("divides by zero") from None
    except errors.EngineError as error:
        raise ExpressionError(_explain(error)) from None
    except (RecursionError, ArithmeticError, ValueError, TypeError):
        raise ExpressionError("is nested too deep, or computes with a value that is out of range") from None


def _explain(error: errors.EngineError) -> str:
    """The library's message in our words where its own would mislead."""
    message = str(error.message)
    if "is nullable" in message:
        part = message.partition("(")[2].partition(" is nullable")[0]
        return f"{part} may have no value; say what stands for it, as in (lead.name ?? 0)"
    return message.replace("data type mismatch", "has values of types that do not go together")


def _check_tree(root: Any) -> None:
    """Refuse trees that are too deep to evaluate, and comparisons that can never be true."""
    level = [root]
    depth = 0
    while level:
        depth += 1
        if depth > DEPTH_LIMIT:
            raise ExpressionError(f"is nested more than {DEPTH_LIMIT} levels deep")
        for node in level:
            if isinstance(node, ComparisonExpression):
                _check_comparison(node)
        level = [child for node in level for child in _children(node)]


def _children(node: Any) -> Iterator[Any]:
    for name in (
        "left",
        "right",
        "condition",
        "case_true",
        "case_false",
        "container",
        "member",
        "object",
        "function",
    ):
        child = getattr(node, name, None)
        if child is not None:
            yield child
    yield from getattr(node, "arguments", ())


def _check_comparison(node: Any) -> None:
    sides = {_plain(node.left.result_type), _plain(node.right.result_type)} - {_TYPES.UNDEFINED, _TYPES.NULL}
    if len(sides) > 1:
        raise ExpressionError("compares values of different types")


def _plain(kind: Any) -> Any:
    return _TYPES.NULLABLE.unwrap(kind)


def _check_result(kind: Any, target: Target) -> None:
    wanted = _KINDS.get(target.type)
    if wanted is None:
        raise ExpressionError(f"cannot compute {TYPES[target.type].label}")
    if _plain(kind) not in (wanted, _TYPES.NULL):
        got = _NAMES.get(_plain(kind), "a value of no one type")
        raise ExpressionError(f"gives {got}; the field takes {_NAMES[wanted]}")


def _computation(rule: rule_engine.Rule, target: Target) -> Compute:
    finish = _finisher(target)

    def compute(lead: LeadState, context: Context) -> Any:
        try:
            value = rule.evaluate((lead, context))
            return None if value is None else finish(value, context)
        except errors.ArithmeticError:  # division by zero gives null
            return None
        except (errors.EngineError, ArithmeticError, ValueError) as error:
            raise BadValueError(f"the expression has no value that fits: {error}") from None

    return compute


def _finisher(target: Target) -> Callable[[Any, Context], Any]:
    """From the value computed to the value stored."""
    cast = target.cast
    if target.type == "date":
        return lambda value, context: context.schema.day(value)
    if target.type == "decimal":
        return lambda value, context: cast(_cut(value))
    return lambda value, context: cast(value)


def _cut(value: Decimal) -> Decimal:
    """The number with no more places than are kept, rounded half away from zero."""
    places = value.as_tuple().exponent
    if isinstance(places, int) and places < -PLACES_LIMIT and abs(value) < 10**18:
        return value.quantize(Decimal(1).scaleb(-PLACES_LIMIT), decimal.ROUND_HALF_UP)
    return value
