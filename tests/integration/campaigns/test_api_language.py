"""What campaigns may be made of, as clients of the API read it."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.actions import ACTIONS
from campaigns.filters import OPERATORS
from campaigns.triggers import TRIGGERS
from tests.integration.campaigns.shops import Shop, open_shop


@pytest.fixture
def whale(clean: None) -> Shop:
    return open_shop("whale", ("events:write",))


def test_every_action_is_listed_with_the_schema_of_its_parameters(whale: Shop) -> None:
    answer = whale.get("actions")

    assert answer.status_code == 200
    listed = answer.json()["actions"]
    assert [one["name"] for one in listed] == ACTIONS.names()
    assert {one["params"]["type"] for one in listed} == {"object"}
    assert whale.get("actions/change_score").json() == next(one for one in listed if one["name"] == "change_score")


def test_triggers_and_operators_are_listed(whale: Shop) -> None:
    assert [one["name"] for one in whale.get("triggers").json()["triggers"]] == TRIGGERS.names()
    listed = whale.get("operators").json()["operators"]
    assert [f"{one['type']}.{one['name']}" for one in listed] == OPERATORS.names()
    assert all(one["doc"] for one in listed)


def test_an_action_that_is_not_there_is_404(whale: Shop) -> None:
    answer = whale.get("actions/fly")

    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["actions", "actions/change_score", "triggers", "operators"])
def test_without_a_key_nothing_is_told(whale: Shop, path: str) -> None:
    assert Client().get(f"/api/v1/{path}").status_code == 401
