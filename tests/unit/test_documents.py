"""The examples in README.md and CONTRIBUTING.md do what is said there."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from campaigns import operator_reference, trigger_reference
from campaigns.actions import ACTIONS
from campaigns.filters import OPERATORS
from campaigns.language.document import validate
from campaigns.language.effects import LogActivity
from campaigns.language.lead import LeadState
from campaigns.language.leaf import CONDITIONS
from campaigns.language.schema import AttributeSpec, FieldSpec, TenantSchema, event_type
from campaigns.reference import TESTS, page, where_tested
from campaigns.triggers import TRIGGERS

ROOT = Path(__file__).resolve().parents[2]


def block(document: str, language: str) -> str:
    """The first code block of a language."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = re.search(rf"^( *)```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    assert found, f"{document} has no block of {language}"
    return found[2]


def test_the_first_campaign_of_the_readme_can_be_published() -> None:
    schema = TenantSchema.build(
        "acme",
        fields=[FieldSpec("orders", "Orders", "integer"), FieldSpec("total", "Total", "decimal")],
        event_types={"purchase": event_type("purchase", AttributeSpec("amount", "decimal", True))},
        stages=("customer", "vip"),
    )

    assert validate(json.loads(block("README.md", "json")), schema) == []


def test_the_action_of_ten_lines_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ACTIONS, "_entries", dict(ACTIONS._entries))  # forgotten after the test
    module = ModuleType("campaigns.actions.greet")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(block("CONTRIBUTING.md", "python"), "CONTRIBUTING.md", "exec"), vars(module))

    greet = ACTIONS.get("greet")

    assert greet is not None
    lead = LeadState(id=1, tenant="acme", key="anna")
    effects = greet.run(lead, greet.params("Hello"), None)  # type: ignore[arg-type]
    assert effects == [LogActivity("greeting", {"text": "Hello"})]


def test_each_promise_has_one_acceptance_test_named_after_it() -> None:
    table = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## Promises and their tests")[2]
    rows = re.findall(r"^\| \*\*([^*]+)\*\*.*\| `tests/acceptance/test_(\w+)\.py` \|$", table, re.MULTILINE)

    assert [name for _, name in rows] == [
        "order", "exactly_once", "nothing_lost", "back_pressure", "fair", "self_healing", "isolation", "speed",
    ]  # fmt: skip
    begun = {path.name: path.read_text(encoding="utf-8")[:20] for path in (ROOT / "tests/acceptance").glob("test_*.py")}
    assert sorted(name for name, text in begun.items() if "Promise " in text and text[11:12].isdigit()) == sorted(
        f"test_{name}.py" for _, name in rows
    )


def test_the_page_of_triggers_is_as_they_declare_themselves() -> None:
    """Red: run manage.py document_triggers."""
    tests = trigger_reference.tests_of(TRIGGERS.names(), ROOT)

    assert all(tests.values()), "a trigger without a test"
    page = trigger_reference.page(TRIGGERS, tests)
    assert (ROOT / "docs" / "triggers.md").read_text(encoding="utf-8") == page


def test_the_page_of_operators_is_as_they_declare_themselves() -> None:
    """Red: run manage.py document_operators."""
    page = operator_reference.page(OPERATORS, {name: CONDITIONS[name] for name in CONDITIONS.names()})

    assert (ROOT / "docs" / "operators.md").read_text(encoding="utf-8") == page


def test_the_page_of_actions_is_as_they_declare_themselves() -> None:
    """Red: run manage.py document_actions."""
    tests = where_tested(ACTIONS.names(), ROOT / TESTS)

    assert all(tests.values()), "an action without a test"
    assert (ROOT / "docs" / "actions.md").read_text(encoding="utf-8") == page(ACTIONS, tests)
