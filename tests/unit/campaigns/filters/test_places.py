"""Places: by country, region and city, and by how far away they are."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.jsonvalues import JsonObject
from campaigns.language.places import EARTH_KM, haversine
from tests.unit.campaigns.acme import act, lead
from tests.unit.campaigns.filters.matching import asks, fault, matches

VIENNA = {"country": "AT", "region": "Wien", "city": "Wien", "latitude": 48.2082, "longitude": 16.3738}
NOWHERE = {"city": "Atlantis"}
degrees = st.floats(-90, 90)


def circle(latitude: float, longitude: float, km: float) -> dict[str, float]:
    return {"latitude": latitude, "longitude": longitude, "km": km}


@pytest.mark.parametrize(
    ("place", "operator", "value", "found"),
    [
        (VIENNA, "country_is", "Austria", True),
        (VIENNA, "country_is", ["DE", "at"], True),
        (VIENNA, "country_is_not", "DE", True),
        (NOWHERE, "country_is", "AT", False),
        (NOWHERE, "country_is_not", "AT", True),
        (VIENNA, "region_is", "WIEN", True),
        (NOWHERE, "region_is_not", "Wien", True),
        (VIENNA, "city_is", ["Linz", "wien"], True),
        (VIENNA, "city_is_not", "wien", False),
        (VIENNA, "within_radius", circle(48.1486, 17.1077, 55), True),  # Bratislava, 54.6 km away
        (VIENNA, "within_radius", circle(48.1486, 17.1077, 54), False),
        (VIENNA, "not_within_radius", circle(48.1486, 17.1077, 54), True),
        (NOWHERE, "within_radius", circle(0, 0, 20_000), False),
        (NOWHERE, "not_within_radius", circle(0, 0, 20_000), True),
    ],
)
def test_a_place_is_asked_for_its_parts(place: Any, operator: str, value: Any, found: bool) -> None:
    assert matches(asks("home", operator, value), lead(home=JsonObject(place))) is found


def test_a_part_that_is_not_known_is_no_value() -> None:
    asked = asks("home", "city_is_not", "Wien", must_have_value=True)

    assert not matches(asked, lead(home=JsonObject({"country": "AT"})))
    assert matches(asked, lead(home=JsonObject(NOWHERE)))


@given(degrees, st.floats(-180, 180), degrees, st.floats(-180, 180))
def test_the_haversine_is_that_of_the_sines_of_the_library(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> None:
    up, along = (
        math.sin(math.radians(a - b) / 2) for a, b in ((latitude, other_latitude), (longitude, other_longitude))
    )
    usual = up * up + math.cos(math.radians(latitude)) * math.cos(math.radians(other_latitude)) * along * along

    assert haversine(latitude, longitude, other_latitude, other_longitude) == pytest.approx(usual, abs=1e-15)


def test_the_way_across_the_date_line_is_short() -> None:
    near = 2 * EARTH_KM * math.asin(math.sqrt(haversine(0, 179.9, 0, -179.9)))

    assert near == pytest.approx(22.24, abs=0.01)


def test_a_place_is_written_in_one_form() -> None:
    who = lead()

    row = act(who, "change_field", field="home", value={"country": "Austria", "city": "Wien"})
    again = act(who, "change_field", field="home", value={"city": "Wien", "country": "at"})

    assert (row["new"], again["outcome"]) == ({"country": "AT", "city": "Wien"}, "no_op")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("Vienna", "filter.value: expected a circle like"),
        (circle(91, 0, 1), "filter.value: expected a latitude from -90 to 90"),
        (circle(0, 0, 0), "filter.value.km: expected kilometres, above 0"),
        (circle(0, 0, 20_001), "filter.value.km: expected kilometres, above 0 and at most 20,000"),
    ],
)
def test_a_circle_at_fault_is_named(value: Any, message: str) -> None:
    assert fault(asks("home", "within_radius", value)).startswith(message)


def test_a_country_at_fault_is_named() -> None:
    assert "expected the English name of a country" in fault(asks("home", "country_is", "Mars"))
    assert "expected a name" in fault(asks("home", "city_is", 3))
