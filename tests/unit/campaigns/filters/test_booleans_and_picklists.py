from __future__ import annotations

from typing import Any

import pytest

from tests.unit.campaigns.acme import lead
from tests.unit.campaigns.filters.matching import asks, fault, matches


@pytest.mark.parametrize(("value", "yes", "no"), [(True, True, False), (False, False, True), (None, False, False)])
def test_empty_is_neither_yes_nor_no(value: Any, yes: bool, no: bool) -> None:
    values = {} if value is None else {"newsletter": value}

    assert matches(asks("newsletter", "is_true"), lead(**values)) is yes
    assert matches(asks("newsletter", "is_false"), lead(**values)) is no


@pytest.mark.parametrize(
    ("operator", "value", "matching"),
    [
        ("is", "red", True),
        ("is", ["blue", "red"], True),
        ("is_not", "blue", True),
        ("is_any_of", ["blue"], False),
        ("is_none_of", ["blue", "red"], False),
    ],
)
def test_options_are_compared_exactly(operator: str, value: Any, matching: bool) -> None:
    assert matches(asks("colour", operator, value), lead(colour="red")) is matching


def test_stage_and_owner_are_picklists_of_the_tenant() -> None:
    assert matches(asks("stage", "is", "vip"), lead(stage="vip"))
    assert matches(asks("owner", "is_any_of", ["ann@acme.test"]), lead(owner="ann@acme.test"))
    assert fault(asks("stage", "is", "VIP")) == "filter.value: 'VIP' is not among the options"


def test_a_token_that_is_no_option_is_no_value() -> None:
    assert not matches(asks("colour", "is", "{{ event.shop }}"), lead(colour="red"), shop="mauve")
    assert matches(asks("colour", "is_not", "{{ event.shop }}"), lead(colour="red"), shop="mauve")
