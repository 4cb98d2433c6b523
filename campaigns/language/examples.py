"""A worked example of each action, made from its declaration: what one could write for its parameters.

The names in it (fields such as `orders`, a list `vips`, an e-mail `welcome`) stand for a tenant's own; tokens are of an
event `purchase` with a whole number `cds`, an `amount`, a `shop` and a time `paid_at`.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from campaigns.language.action import ActionSpec
from campaigns.language.alerts import Colleagues, Recipients
from campaigns.language.checkpoints import CheckpointLabel, CheckpointRef
from campaigns.language.eventkinds import Approvers, EventBranches, WatchedRule
from campaigns.language.executing import Outputs, ThisOrRequested, ThisOrRunning, Tokens
from campaigns.language.experimentkinds import ResultTrigger, Variants
from campaigns.language.fieldkinds import FieldSource, OptionValues, Separator, ShiftUnit, Transforms
from campaigns.language.flowkinds import Body, Cases, Enclosed, StepRef, Ways
from campaigns.language.jsonkinds import JsonBody
from campaigns.language.leadkeys import LeadKeys
from campaigns.language.parameters import (
    AttributeValues,
    CampaignRef,
    Choice,
    EventTypeRef,
    Expression,
    FieldRef,
    FieldRefs,
    FieldValue,
    FieldValues,
    Key,
    Kind,
    ListRef,
    Literal,
    OwnerValue,
    PeriodValue,
    StageRef,
    Tags,
    Value,
    WholeNumber,
)
from campaigns.language.references import ColumnsInto, CompanyValues, DefinedRef, ObjectValues, PartOf
from campaigns.language.requesting import JoinedCampaigns
from campaigns.language.rules import Rule
from campaigns.language.variablekinds import ItemsOf, VariableName, VariableValue
from campaigns.language.waitkinds import ClockTime, DateToken, LocalMoment, Weekdays, ZoneValue

Given = dict[str, Any]

#: A field of each type.
FIELDS = {
    "string": "nickname", "text": "notes", "integer": "orders", "decimal": "total", "boolean": "newsletter",
    "date": "birthday", "datetime": "last_seen", "picklist": "colour", "multi_select": "colours", "json": "profile",
}  # fmt: skip
TYPES = {field: type for type, field in FIELDS.items()}
#: A value of each type: a token or a template where that says more.
VALUES: Given = {
    "string": "{{ event.shop }}", "text": "{{ lead.first_name | default: 'Somebody' }} bought at {{ event.shop }}",
    "integer": "{{ event.cds }}", "decimal": "{{ event.amount }}", "boolean": True, "date": "{{ lead.birthday }}",
    "datetime": "{{ event.paid_at }}", "picklist": "red", "multi_select": ["red"], "json": {"seen": True},
}  # fmt: skip
DEFINITIONS = {
    "email": "welcome", "goal": "first-order", "nurture": "onboarding", "object": "car", "partition": "europe",
    "pool": "sales", "program": "webinar", "purpose": "profiling", "slot": "hero", "smart_list": "buyers",
    "table": "regions", "topic": "news", "webhook": "ping", "calendar": "holidays",
}  # fmt: skip
PARTS = {"nurture": "basics", "program": "registered", "slot": "spring"}
LOYAL = {"field": "orders", "operator": "at_least", "value": 3}
PURCHASE = {"type": "event", "event": "purchase"}


def example_of(action: ActionSpec) -> Given | None:
    """A step that does it: what is required, or else the first that may be given; None where there is nothing to give.
    What the action says itself comes first."""
    if not action.parameters:
        return None
    required = [one.name for one in action.parameters if one.required] or list(action.example)
    given: Given = {}
    for one in action.parameters:
        if one.name in action.example:
            given[one.name] = action.example[one.name]
        elif one.name in required or not (required or given):
            given[one.name] = value(one.kind, given)
    return {"id": action.name.replace("_", "-"), "action": action.name, "params": given}


@singledispatch
def value(kind: Kind, given: Given) -> Any:
    """What one could write for a parameter, after what is given before it."""
    raise NotImplementedError(f"no example of {type(kind).__name__} is known: register one")


def _note(id: str) -> Given:
    return {"id": id, "action": "add_note", "params": {"text": f"Was at {id}"}}


@value.register
def _value(kind: Value, given: Given) -> Any:
    return VALUES[kind.target.type]


@value.register
def _owner(kind: OwnerValue, given: Given) -> Any:
    return "ann@acme.test"


@value.register
def _literal(kind: Literal, given: Given) -> Any:
    return True if kind.type == "boolean" else "shop"


@value.register
def _number(kind: WholeNumber, given: Given) -> Any:
    return min(max(kind.least, 10), kind.most)


@value.register
def _choice(kind: Choice, given: Given) -> Any:
    return kind.words[0]


@value.register
def _field(kind: FieldRef, given: Given) -> Any:
    return FIELDS[kind.types[0]] if kind.types else "nickname"


@value.register
def _fields(kind: FieldRefs, given: Given) -> Any:
    return ["nickname", "birthday"]


@value.register
def _source(kind: FieldSource, given: Given) -> Any:
    return "first_name"


@value.register
def _field_value(kind: FieldValue, given: Given) -> Any:
    return VALUES[TYPES[given[kind.of]]]


@value.register
def _field_values(kind: FieldValues, given: Given) -> Any:
    return {"nickname": "{{ event.shop }}", "orders": "{{ event.cds }}"}


@value.register
def _attributes(kind: AttributeValues, given: Given) -> Any:
    return {"cds": "{{ event.cds }}", "amount": "{{ event.amount }}"}


@value.register
def _expression(kind: Expression, given: Given) -> Any:
    return "event.cds + 1"


@value.register
def _options(kind: OptionValues, given: Given) -> Any:
    return ["red", "{{ lead.colour }}"]


@value.register
def _definition(kind: DefinedRef, given: Given) -> Any:
    return DEFINITIONS[kind.kind]


@value.register
def _part(kind: PartOf, given: Given) -> Any:
    return PARTS.get(kind.of, "registered")


@value.register
def _columns(kind: ColumnsInto, given: Given) -> Any:
    return {"colour": "colour", "orders": "orders"}


@value.register
def _object(kind: ObjectValues, given: Given) -> Any:
    return {"plate": "{{ event.shop }}", "seats": 4}


@value.register
def _company(kind: CompanyValues, given: Given) -> Any:
    return {"city": "{{ event.shop }}", "size": 12}


@value.register
def _list(kind: ListRef, given: Given) -> Any:
    return "vips"


@value.register
def _stage(kind: StageRef, given: Given) -> Any:
    return "customer"


@value.register
def _event_type(kind: EventTypeRef, given: Given) -> Any:
    return "purchase"


@value.register
def _tags(kind: Tags, given: Given) -> Any:
    return ["vip"]


@value.register(CampaignRef)
@value.register(ThisOrRequested)
@value.register(ThisOrRunning)
def _campaign(kind: Kind, given: Given) -> Any:
    return "welcome"


@value.register
def _joined(kind: JoinedCampaigns, given: Given) -> Any:
    return ["welcome"]


@value.register
def _tokens(kind: Tokens, given: Given) -> Any:
    return {"spent": "{{ event.amount }}"}


@value.register
def _period(kind: PeriodValue, given: Given) -> Any:
    return {"amount": 3, "unit": "days"}


@value.register
def _clock(kind: ClockTime, given: Given) -> Any:
    return "17:00" if given else "09:00"


@value.register
def _days(kind: Weekdays, given: Given) -> Any:
    return ["monday", "tuesday"]


@value.register
def _zone(kind: ZoneValue, given: Given) -> Any:
    return "Europe/Vienna"


@value.register
def _moment(kind: LocalMoment, given: Given) -> Any:
    return "2027-12-24T18:00"


@value.register
def _date_token(kind: DateToken, given: Given) -> Any:
    return "{{ lead.birthday }}"


@value.register
def _unit(kind: ShiftUnit, given: Given) -> Any:
    return "days"


@value.register
def _transforms(kind: Transforms, given: Given) -> Any:
    return ["trim", "lower"]


@value.register
def _separator(kind: Separator, given: Given) -> Any:
    return ", "


@value.register
def _key(kind: Key, given: Given) -> Any:
    return "spring"


@value.register
def _label(kind: CheckpointLabel, given: Given) -> Any:
    return "begun"


@value.register
def _json(kind: JsonBody, given: Given) -> Any:
    return {"last": {"shop": "Vienna"}}


@value.register
def _keys(kind: LeadKeys, given: Given) -> Any:
    return ["{{ event.shop }}"]


@value.register
def _recipients(kind: Recipients, given: Given) -> Any:
    return ["owner", "desk@acme.test"]


@value.register
def _colleagues(kind: Colleagues, given: Given) -> Any:
    return ["ann@acme.test"]


@value.register
def _approvers(kind: Approvers, given: Given) -> Any:
    return ["anna"]


@value.register
def _checkpoint(kind: CheckpointRef, given: Given) -> Any:
    return "begun"


@value.register
def _outputs(kind: Outputs, given: Given) -> Any:
    return {"discount": "decimal"}


@value.register
def _variable(kind: VariableName, given: Given) -> Any:
    return "item"


@value.register
def _variable_value(kind: VariableValue, given: Given) -> Any:
    return VALUES[given[kind.type]]


@value.register
def _items(kind: ItemsOf, given: Given) -> Any:
    return "{{ lead.colours }}"


@value.register(Rule)
@value.register(WatchedRule)
def _rule(kind: Kind, given: Given) -> Any:
    return LOYAL


@value.register
def _trigger(kind: ResultTrigger, given: Given) -> Any:
    return PURCHASE


@value.register(Body)
@value.register(Enclosed)
def _body(kind: Body, given: Given) -> Any:
    return [_note("within")]


@value.register
def _cases(kind: Cases, given: Given) -> Any:
    return [{"label": "loyal", "when": LOYAL, "steps": [_note("loyal")]}]


@value.register
def _ways(kind: Ways, given: Given) -> Any:
    return [{"label": name, "weight": 50, "steps": [_note(name)]} for name in ("short", "long")]


@value.register
def _variants(kind: Variants, given: Given) -> Any:
    return [{"label": name, "steps": [_note(name)]} for name in ("short", "long")]


@value.register
def _branches(kind: EventBranches, given: Given) -> Any:
    return [{"label": "bought", "trigger": PURCHASE, "steps": [_note("bought")]}]


@value.register
def _step(kind: StepRef, given: Given) -> Any:
    return "jump-to"
