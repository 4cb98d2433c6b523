"""JSON Schema of actions' parameters, from their declarations: for forms and clients of others.

A schema says what may be written. Whether a field exists, and fits, only the tenant's own vocabulary tells:
a document that keeps to the schema can still be at fault, one that breaks it always is.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import msgspec

from campaigns.language.action import ActionSpec, Parameter
from campaigns.language.campaigntags import CampaignOrTag
from campaigns.language.checkpoints import CheckpointLabel, CheckpointRef
from campaigns.language.eventkinds import WatchedRule
from campaigns.language.examples import example_of
from campaigns.language.experimentkinds import VARIANTS_LIMIT, ResultTrigger, Variants
from campaigns.language.fieldkinds import (
    SEPARATOR_LIMIT,
    TRANSFORMS_LIMIT,
    BoundedText,
    FieldSource,
    OptionValues,
    Separator,
    ShiftUnit,
    Transforms,
)
from campaigns.language.flowkinds import CASES_LIMIT, Body, Cases, StepRef, Ways
from campaigns.language.jsonkinds import JsonBody
from campaigns.language.leadkeys import LeadKeys
from campaigns.language.parameters import (
    PARTS_LIMIT,
    AttributeValues,
    CampaignRef,
    Choice,
    Expression,
    FieldRef,
    FieldRefs,
    FieldValues,
    Key,
    Kind,
    Literal,
    Named,
    PeriodValue,
    Tags,
    Value,
    WholeNumber,
)
from campaigns.language.periods import BUSINESS_DAYS, UNITS
from campaigns.language.references import ColumnsInto, CompanyValues, DefinedRef, ObjectValues, PartOf
from campaigns.language.requesting import JoinedCampaigns
from campaigns.language.rules import Rule
from campaigns.language.transforms import PLAIN
from campaigns.language.values import ITEMS_LIMIT, STRING_LIMIT, TEXT_LIMIT
from campaigns.language.variablekinds import VariableName
from campaigns.language.variables import NAME
from campaigns.language.waitkinds import ClockTime, DateToken, LocalMoment, WaitPeriod, Weekdays, ZoneValue
from campaigns.language.walltime import DAYS

JsonSchema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: JsonSchema = {"type": "string"}
NULL: JsonSchema = {"type": "null"}
PERIOD: JsonSchema = {
    "type": "object",
    "properties": {"amount": {"type": "integer"}, "unit": {"enum": list(UNITS)}},
    "required": ["amount", "unit"],
    "additionalProperties": False,
}
TOKEN: JsonSchema = {"type": "string", "pattern": "\\{[{%]", "description": "A token or a template"}

STEPS: JsonSchema = {"type": "array", "items": {"type": "object", "required": ["id", "action"]}}

#: The literals of each type of value.
LITERALS: dict[str, JsonSchema] = {
    "string": {"type": "string", "maxLength": STRING_LIMIT},
    "text": {"type": "string", "maxLength": TEXT_LIMIT},
    "integer": {"type": ["number", "string"], "pattern": "^[+-]?[0-9]{1,19}$"},
    "decimal": {"type": ["number", "string"], "pattern": "^[+-]?[0-9]{1,30}(\\.[0-9]{1,30})?$"},
    "boolean": {"enum": [True, False, "true", "false"]},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "picklist": {"type": "string", "maxLength": STRING_LIMIT},
    "multi_select": {"type": "array", "items": TEXT, "maxItems": ITEMS_LIMIT},
    "json": {"type": "object"},
    "currency": {"type": ["string", "object"]},
    "geo": {"type": "object"},
}


def params_schema(action: ActionSpec) -> JsonSchema:
    """Of the object that a step has under `params`."""
    example = example_of(action)
    return {
        "$schema": DIALECT,
        "title": action.label,
        "description": action.doc,
        "type": "object",
        "properties": {one.name: _property(one) for one in action.parameters},
        "required": [one.name for one in action.parameters if one.required],
        "additionalProperties": False,
        "examples": [] if example is None else [example["params"]],
        **({"oneOf": [{"required": [name]} for name in action.one_of]} if action.one_of else {}),
    }


def _property(parameter: Parameter) -> JsonSchema:
    said = {"description": parameter.kind.doc, **schema_of(parameter.kind)}
    if parameter.required or parameter.default is None or parameter.default is msgspec.UNSET:
        return said
    return said | {"default": msgspec.to_builtins(parameter.default)}


@singledispatch
def schema_of(kind: Kind) -> JsonSchema:
    """What a kind of parameter takes; {} where only the tenant's vocabulary tells."""
    return {}


def _either(*schemas: JsonSchema) -> JsonSchema:
    return {"anyOf": list(schemas)}


def _items(one: JsonSchema, least: int = 1, most: int = PARTS_LIMIT) -> JsonSchema:
    return {"type": "array", "items": one, "minItems": least, "maxItems": most}


@schema_of.register(FieldRef)
@schema_of.register(FieldSource)
@schema_of.register(Named)
@schema_of.register(CampaignRef)
@schema_of.register(DefinedRef)
@schema_of.register(PartOf)
@schema_of.register(Expression)
@schema_of.register(StepRef)
def _name(kind: Kind) -> JsonSchema:
    return TEXT


@schema_of.register
def _names(kind: FieldRefs) -> JsonSchema:
    return _items(TEXT)


@schema_of.register(FieldValues)
@schema_of.register(ObjectValues)
@schema_of.register(CompanyValues)
def _values(kind: Kind) -> JsonSchema:
    return {"type": "object", "minProperties": 1, "maxProperties": PARTS_LIMIT}


@schema_of.register
def _columns(kind: ColumnsInto) -> JsonSchema:
    return {"type": "object", "additionalProperties": TEXT, "minProperties": 1, "maxProperties": PARTS_LIMIT}


@schema_of.register
def _json(kind: JsonBody) -> JsonSchema:
    return {"type": ["object", "string"]}


@schema_of.register
def _attributes(kind: AttributeValues) -> JsonSchema:
    return {"type": "object", "maxProperties": PARTS_LIMIT}


@schema_of.register
def _value(kind: Value) -> JsonSchema:
    return _either(LITERALS[kind.target.type], TOKEN, *([NULL] if kind.nullable else []))


@schema_of.register
def _bounded(kind: BoundedText) -> JsonSchema:
    return _either({"type": "string", "minLength": 1, "maxLength": kind.limit}, TOKEN)


@schema_of.register
def _literal(kind: Literal) -> JsonSchema:
    return _either(LITERALS[kind.type], NULL)


@schema_of.register
def _whole(kind: WholeNumber) -> JsonSchema:
    return {"type": "integer", "minimum": kind.least, "maximum": kind.most}


@schema_of.register
def _key(kind: Key) -> JsonSchema:
    return {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"}


@schema_of.register
def _variable(kind: VariableName) -> JsonSchema:
    return {"type": "string", "pattern": f"^{NAME.pattern}$"}


@schema_of.register
def _choice(kind: Choice) -> JsonSchema:
    return {"enum": list(kind.words)}


@schema_of.register
def _tags(kind: Tags) -> JsonSchema:
    return _items({"type": "string", "pattern": "^\\S(.{0,62}\\S)?$"}, 0)


@schema_of.register(CheckpointLabel)
@schema_of.register(CheckpointRef)
def _label(kind: Kind) -> JsonSchema:
    return {"type": "string", "minLength": 1}


@schema_of.register
def _period(kind: PeriodValue) -> JsonSchema:
    return _either(PERIOD, NULL)


@schema_of.register
def _wait(kind: WaitPeriod) -> JsonSchema:
    return PERIOD


@schema_of.register
def _days(kind: Weekdays) -> JsonSchema:
    return _items({"enum": list(DAYS)})


@schema_of.register
def _time(kind: ClockTime) -> JsonSchema:
    return {
        "type": "string",
        "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$" if not kind.unlike else "^[0-9]{2}:[0-9]{2}$",
    }


@schema_of.register(ZoneValue)
@schema_of.register(LocalMoment)
@schema_of.register(DateToken)
def _word(kind: Kind) -> JsonSchema:
    return TEXT


@schema_of.register
def _body(kind: Body) -> JsonSchema:
    return STEPS


@schema_of.register
def _cases(kind: Cases) -> JsonSchema:
    return _items(_ways({"when": {"type": "object"}}), most=CASES_LIMIT)


@schema_of.register
def _shares(kind: Ways) -> JsonSchema:
    return _items(_ways({"weight": {"type": "integer", "minimum": 0, "maximum": 100}}), least=2, most=CASES_LIMIT)


def _ways(more: JsonSchema) -> JsonSchema:
    """A way that a run may take."""
    parts = {"label": {"type": "string", "minLength": 1}, **more, "steps": STEPS}
    return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}


@schema_of.register
def _tagged(kind: CampaignOrTag) -> JsonSchema:
    tag = {"type": "object", "properties": {"tag": TEXT}, "required": ["tag"], "additionalProperties": False}
    return _either(TEXT, tag)


@schema_of.register
def _joined(kind: JoinedCampaigns) -> JsonSchema:
    return _items(TEXT) | {"uniqueItems": True}


@schema_of.register
def _variants(kind: Variants) -> JsonSchema:
    return _items(_ways({}), least=2, most=VARIANTS_LIMIT)


@schema_of.register(ResultTrigger)
def _trigger(kind: Kind) -> JsonSchema:
    return {"type": "object", "required": ["type"]}


@schema_of.register(Rule)
@schema_of.register(WatchedRule)
def _rule(kind: Kind) -> JsonSchema:
    return {"type": "object", "description": f"{kind.doc}: a filter tree"}


@schema_of.register
def _separator(kind: Separator) -> JsonSchema:
    return {"type": "string", "minLength": 1, "maxLength": SEPARATOR_LIMIT}


@schema_of.register
def _options(kind: OptionValues) -> JsonSchema:
    return _either(_items(TEXT), TOKEN)


@schema_of.register
def _unit(kind: ShiftUnit) -> JsonSchema:
    return {"enum": [*UNITS, BUSINESS_DAYS]}


@schema_of.register
def _transforms(kind: Transforms) -> JsonSchema:
    told = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": TEXT}
    return _items(_either({"enum": list(PLAIN)}, told), most=TRANSFORMS_LIMIT)


@schema_of.register
def _lead_keys(kind: LeadKeys) -> JsonSchema:
    return _items(_either(TEXT, TOKEN), most=kind.most)
