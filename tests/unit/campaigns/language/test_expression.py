from __future__ import annotations

import time
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language import evaluation, expression
from campaigns.language.lead import LeadState
from tests.unit.campaigns.acme import act, campaign, event, faults, lead, on, rulebook, run, step


def compute(expression: str, field: str, on: Any = None, **values: Any) -> Any:
    """The field after the expression was written into it."""
    who = lead(**values)
    act(who, "compute_field", field=field, expression=expression, on=on)
    return who.values.get(field)


def refusal(expression: Any, field: str = "total") -> str:
    """The one fault of an expression."""
    found = faults(campaign(step("compute_field", field=field, expression=expression)))
    assert len(found) == 1
    return found[0].removeprefix("steps[0].params.expression: ")


@pytest.mark.parametrize(
    ("expression", "field", "value"),
    [
        ("(lead.total ?? 0) + event.amount", "total", Decimal("16.50")),
        ("0.1 + 0.2", "total", Decimal("0.3")),
        ("event.amount / 3", "total", Decimal("3.3333333333")),
        ("round(event.amount / 3, 2)", "total", Decimal("3.33")),
        ("round(2.5)", "orders", 3),
        ("floor(7.9) + abs(0 - 1) + min(3, 2) + max(1, 2, 3)", "orders", 13),
        ("7 % 4", "orders", 3),
        ("-event.amount", "total", Decimal("-10.00")),
        ("event.cds > 3 and not (lead.newsletter ?? false)", "newsletter", False),
        ("event.cds == 1 ? 'one' : 'more'", "nickname", "one"),
        ("(lead.first_name ?? 'you') + '!'", "nickname", "Ann!"),
        ("'nn' in (lead.first_name ?? '')", "newsletter", True),
        ("'red'", "colour", "red"),
        ("event.occurred_at", "birthday", date(2026, 3, 15)),
        ("event.occurred_at + t'P1DT1H'", "last_seen", datetime(2026, 3, 16, 0, 30, tzinfo=UTC)),
        ("now", "last_seen", datetime(2026, 3, 15, 12, 0, tzinfo=UTC)),
        ("(lead.birthday ?? d'2000-01-31') + t'P1D'", "birthday", date(2000, 2, 1)),
        ("lead.last_name", "nickname", None),
        ("lead.orders", "total", Decimal(3)),
        ("null", "total", None),
    ],
)
def test_an_expression_has_a_typed_value(expression: str, field: str, value: Any) -> None:
    result = compute(expression, field, total=Decimal("6.50"), first_name="Ann", orders=3)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("expression", ["event.amount / 0", "event.amount % (lead.orders ?? 0)", "1 / (0 * event.cds)"])
def test_division_by_zero_gives_null(expression: str) -> None:
    assert compute(expression, "total", total=Decimal(1)) is None


@pytest.mark.parametrize(
    ("expression", "field", "reason"),
    [
        ("event.amount / 3", "orders", "expected a whole number"),
        ("event.amount * 1000000000000000000", "total", "is out of range"),
        ("(lead.notes ?? '') + 'x'", "nickname", "characters long"),
        ("(lead.nickname ?? '')", "colour", "'Ann' is not among the options"),
        ("event.occurred_at + t'P9999999D'", "birthday", "the expression has no value that fits"),
        ("round(event.amount, 99)", "total", "round takes 0 to 10 places"),
    ],
)
def test_a_value_that_does_not_fit_the_field_fails_the_step(expression: str, field: str, reason: str) -> None:
    data = act(lead(notes="x" * 300, nickname="Ann"), "compute_field", field=field, expression=expression)

    assert data["outcome"] == "failed"
    assert reason in data["reason"]


@pytest.mark.parametrize(
    ("expression", "field", "reason"),
    [
        (3, "total", "expected an expression such as"),
        ("  ", "total", "expected an expression such as"),
        ("1 +", "total", "syntax error"),
        ("lead.nope", "total", "unknown field 'nope'"),
        ("event.nope", "total", "event type 'purchase' has no attribute 'nope'"),
        ("lead.tags", "total", "lead.tags has several values and cannot be computed with"),
        ("total + 1", "total", "does not know 'total'; write lead.name, event.name or run.name"),
        ("lead.total + 1", "total", "left operand of '+' may have no value; say what stands for it"),
        ("event.amount + 'x'", "total", "has values of types that do not go together"),
        ("(lead.nickname ?? '') == event.cds", "newsletter", "compares values of different types"),
        ("event.amount", "nickname", "gives a number; the field takes text"),
        ("event.cds > 1 ? 1 : 'x'", "total", "gives a value of no one type; the field takes a number"),
        ("round", "total", "gives a value of no one type; the field takes a number"),
        ("'red'", "colours", "cannot compute several of a list"),
        ("1 / 0", "total", "divides by zero"),
    ],
)
def test_faults_of_type_are_found_on_publication(expression: Any, field: str, reason: str) -> None:
    assert reason in refusal(expression, field)


def test_undeclared_attributes_are_not_computed_with() -> None:
    document = campaign(step("compute_field", field="total", expression="event.more"), on=on("page_view"))

    assert "attribute 'more' is undeclared; declare it" in faults(document)[0]


HOSTILE = [
    "9**9**9", "9 ** 9", "1 << 100000000", "1 >> 1", "1 | 2", "1 & 2", "1 ^ 2", "~1", "1 // 2", "1e999999", "0x10",
    "lead.email =~ '(a+)+$'", "lead.email =~~ 'a'", "lead.email !~ 'a'", "lead.email !~~ 'a'",
    "$range(100000000)", "$now", "$re_groups", "range(9)", "[x for x in lead.notes]", "[1, 2]", "{1, 2}", "{'a': 1}",
    "lead.notes.length", "lead.notes.to_ary", "lead.email.as_upper", "event.occurred_at.year", "now.year", "lead",
    "lead['email']", "lead.notes[0:9]", "lead &. notes", "lead.__class__", "lead.values", "event.get", "event.__init__",
    "lead.email.encode('hex')", "'a'.join", "b'abc'", "r'abc'", "'\\x00'", "'a\\", "'abc", "# comment", "1 # comment",
    "nan", "inf", "if", "for", "lambda", "import", "\u0660", "1\u00a0+1", "1;2", "a = 1", "1\x00",
    "(" * 400 + "1" + ")" * 400, "(" * 145 + "1" + ")" * 145, "not " * 240 + "true", "-" * 290 + "1", "1" * 1_000,
    "x" * 1_001, "'a' * 100000000", "t'P999999999D' + t'P999999999D'", "t'P" + "9" * 900 + "W'", "d'9999-12-31T24:00'",
    " + ".join(["(lead.notes ?? '')"] * 40), " * ".join(["9" * 30] * 30), " + ".join(["event.amount"] * 70),
    "lead.total ?? " * 60 + "1", "true ? " * 60 + "1" + " : 1" * 60, "round(1, 999999999)", "round(1, 0.5)",
]  # fmt: skip


@pytest.mark.parametrize("expression", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_expression_is_refused_or_ends_soon_and_small(expression: str) -> None:
    documents = [
        campaign(step("compute_field", field=field, expression=expression))
        for field in ("total", "notes", "newsletter", "last_seen")
    ]
    who = lead(notes="\U0001f600" * 30_000, email="a" * 255)
    run(rulebook(campaign(step("compute_field", field="total", expression="1 + 1"))), who)  # what is made once

    for document in documents:
        started = time.process_time()
        attempt(document, who)
        spent = time.process_time() - started
        tracemalloc.start()
        attempt(document, who)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert spent < 0.5  # one that hangs; it is some milliseconds
        assert peak < 1_000_000


def attempt(document: Any, who: LeadState) -> None:
    """Run the document if it is let through."""
    if not faults(document):
        run(rulebook(document), who)


def test_the_grammar_and_the_evaluation_have_the_same_functions() -> None:
    assert list(expression.FUNCTIONS) == sorted(evaluation.FUNCTIONS)


ATOMS = st.sampled_from(
    ["lead.total", "event.amount", "lead.email", "now", "1", "2.5", "'a'", "true", "null", "(", ")", "+", "-", "*",
     "/", "%", "??", "?", ":", "==", "<", "<=", ">", "and", "or", "not", "in", "round", ",", "t'P1D'", "d'2026-01-01'",
     "**", "=~", "[", "{", "$now", ".", "&", "lead", "event.occurred_at", "lead.birthday", "lead.newsletter"]
)  # fmt: skip


@given(
    st.lists(ATOMS, max_size=14).map(" ".join) | st.text(max_size=60),
    st.sampled_from(["total", "nickname", "birthday"]),
)
def test_no_expression_is_an_exception(expression: str, field: str) -> None:
    document = campaign(step("compute_field", field=field, expression=expression))

    if not faults(document):
        run(rulebook(document), lead(total=Decimal("1.5")), event())
