"""The reference page of filters, made from the declarations of operators and conditions: docs/operators.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from campaigns.language.leaf import ReadCondition
from campaigns.language.operator import Operator
from campaigns.language.values import TYPES

BEGINNING = """# Operators

What filters ask. This page is made from the operators' own declarations: `manage.py document_operators` writes it, and
a test keeps it true. A condition names what it looks at and an operator, and mostly a value:

    {"field": "nickname", "operator": "starts_with", "value": ["an", "be"]}

`field` is one of the lead's, `event` an attribute of what happened, `run` a variable of the run. A value may be a token
such as `{{ event.shop }}`; one that has no value then matches nothing, or everything where the operator is a negative
one. A place within a JSON object is asked by `path` and the `type` it is read as; what cannot be read as that is no
value.

The same filter is asked of one lead in memory and of all leads by the database, and means the same: a test compares
the two for every operator on this page. Where it says *memory*, the database leaves the operator to memory, and so it
does with tokens and with the lead's own zone: such a filter reads more leads than match, so put
another condition beside it.

"""

NULLS = """## What no value means

An empty text is no value, and so is an empty set; 0 and false are values. Each operator does one of these with a lead
that has none:

| | |
|---|---|
| never matches | what is not there cannot be equal, contain or begin |
| matches, unless `must_have_value` is set | a negative operator: “is not red” is true of who has no colour |
| never matches, unless `or_empty` is set | an operator of order: nothing is neither before nor after |
| is what it asks for | `is_empty`, `is_not_empty` |

Several values are alternatives in a positive operator; a negative one matches where none of them does.

## Switches

| switch | values |
|---|---|
| `case` | `insensitive` (unless said), `sensitive`: by NFC and simple case folding |
| `accent` | `sensitive` (unless said), `insensitive`: é is e |
| `zone` | `tenant` (unless said), `lead` (of its field `timezone`), or a name such as `Europe/Berlin` |
| `calendar` | whole days instead of hours back from now |
| `leap_day` | in years without 29 February: `february_28` (unless said) or `march_1` |

"""
CONDITIONS = """## Conditions on what is kept of a lead

Shown with examples in [conditions.md](conditions.md).

"""
GROUPS_TABLE = """## Groups

| group | matches when |
|---|---|
| `all` | each filter does |
| `any` | one does, or more |
| `none` | not one does |
| `exactly_one` | one does and no other |
| `at_least` with `count` | so many do: `{"at_least": [...], "count": 2}` |
| `filters` with `logic` | an expression of their numbers does: `{"filters": [...], "logic": "(1 or 2) and not 3"}` |

Where `and` and `or` meet in an expression, brackets must say which goes first.

"""


def page(operators: Iterable[Operator], conditions: Mapping[str, ReadCondition]) -> str:
    """The whole page."""
    every = list(operators)
    types = "".join(_section(name, [one for one in every if one.type == name]) for name in TYPES)
    lines = ["| condition | asks |", "|---|---|"]
    lines += [f"| `{name}` | {_flat(read.__doc__ or '')} |" for name, read in conditions.items()]
    about = CONDITIONS
    count = f"{len(every)} operators of {len(TYPES)} types, {len(conditions)} conditions.\n\n"
    return BEGINNING + count + NULLS + types + about + "\n".join([*lines, "", GROUPS_TABLE.rstrip(), ""])


def _section(type_name: str, operators: list[Operator]) -> str:
    head = [f"## {TYPES[type_name].label} (`{type_name}`)", ""]
    table = ["| operator | matches | `value` | no value | switches | |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *table, *map(_row, operators), "", ""])


def _row(one: Operator) -> str:
    switches = ", ".join(f"`{name}`" for name in sorted(one.family.switches))
    where = "" if one.sql else "*memory*"
    cells = (f"`{one.name}`", one.test.__doc__ or "", one.operand.value, one.nulls.value, switches, where)
    return "| " + " | ".join(_flat(cell) for cell in cells) + " |"


def _flat(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
