"""The filter tree in SQL. That it means what memory means is shown with a database: test_filters_agree.py."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.audience import Audience, InvalidFilterError, audience_sql
from campaigns.filters import OPERATORS
from campaigns.language.sqltext import sql
from tests.unit.campaigns.acme import ACME, NOW
from tests.unit.campaigns.filters.matching import asks

SCORE = asks("score", "at_least", 5)
FOR_MEMORY = asks("nickname", "is", "{{ lead.first_name }}")


def condition(document: Any) -> tuple[str, bool]:
    text, params, exact = audience_sql(document, ACME, NOW)
    assert text.count("%s") == len(params)
    return text, exact


def test_what_a_tenant_writes_is_a_parameter() -> None:
    text, params, exact = audience_sql(asks("nickname", "is", "'; DROP TABLE--"), ACME, NOW)

    assert "DROP" not in text
    assert params == ("nickname", ["'; drop table--"])
    assert exact


def test_a_condition_for_memory_is_true_for_the_database() -> None:
    assert condition({"all": [SCORE, FOR_MEMORY]}) == ("(coalesce(l.score >= %s, FALSE) AND TRUE)", False)


def test_within_a_negation_it_is_false() -> None:
    assert condition({"none": [SCORE, FOR_MEMORY]}) == ("NOT (coalesce(l.score >= %s, FALSE) OR FALSE)", False)
    assert condition({"none": [{"none": [FOR_MEMORY]}]}) == ("NOT (NOT (TRUE))", False)


def test_null_is_decided_by_the_operator_and_its_switches() -> None:
    assert condition(asks("email", "is_not", "x"))[0].endswith(", TRUE)")
    assert condition(asks("email", "is_not", "x", must_have_value=True))[0].endswith(", FALSE)")
    assert condition(asks("score", "less_than", 1, or_empty=True))[0].endswith(", TRUE)")


@pytest.mark.parametrize(
    "document",
    [
        {"event": "amount", "operator": "is_empty"},
        {"event": "occurred_at", "operator": "is_empty"},
        asks("nickname", "is", "{{ event.shop }}"),
        asks("last_seen", "before", "{{ event.occurred_at }}"),
    ],
)
def test_an_audience_has_no_event(document: Any) -> None:
    with pytest.raises(InvalidFilterError, match="there is no event here"):
        Audience(document, ACME, NOW)


def test_all_faults_of_a_filter_are_named() -> None:
    with pytest.raises(InvalidFilterError) as error:
        Audience({"all": [asks("nobody", "is", 1), asks("score", "like", 1)]}, ACME, NOW)

    assert [fault.path for fault in error.value.faults] == ["filter.all[0].field", "filter.all[1].operator"]


def test_only_these_operators_are_for_memory_alone() -> None:
    assert {f"{entry.type}.{entry.name}" for entry in OPERATORS if entry.sql is None} == {
        "string.country_code_is",
        "string.has_parameter",
        "string.host_is",
        "string.is_valid_phone",
        "string.matches_regex",
        "string.not_matches_regex",
        "string.path_starts_with",
        "string.phone_country_is",
        "string.phone_is",
        "string.phone_is_not",
        "string.url_is",
        "string.url_is_not",
    }


def test_groups_that_count_say_so() -> None:
    two = {"at_least": [SCORE, SCORE], "count": 2}
    score = "(coalesce(l.score >= %s, FALSE))::integer"

    assert condition(two) == (f"({score} + {score}) >= %s", True)
    assert condition({"exactly_one": [SCORE, SCORE]}) == (f"({score} + {score}) = 1", True)
    assert condition({"exactly_one": [SCORE, FOR_MEMORY]}) == ("TRUE", False)
    assert condition({"none": [{"exactly_one": [SCORE, FOR_MEMORY]}]}) == ("NOT (FALSE)", False)


def test_sql_counts_its_parts() -> None:
    with pytest.raises(ValueError, match="1 parts for"):
        sql("{} = {}", 1)
