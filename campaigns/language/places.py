"""Places on earth: a country, a region, a city, a point; and how far apart two points are.

The database computes the same (migrations/sql/kinds.sql), and to the last bit: with additions and multiplications
alone, which IEEE 754 defines exactly, in the same order. A sine of the system's library may differ from machine to
machine.
"""

from __future__ import annotations

import math
from typing import Any

from campaigns.language.countries import country_code
from campaigns.language.jsonvalues import JsonObject, cast_json

TEXTS, NUMBERS = ("country", "region", "city"), {"latitude": 90, "longitude": 180}
PLACES = 7  #: of a degree: a centimetre
EARTH_KM = 6_371.0088  #: mean radius
FARTHEST_KM = 20_000
LENGTH_LIMIT = 255  #: characters

_RADIANS = 0.017453292519943295
#: Of the sine's Taylor series up to x^23: exact to the last bits from 0 to 90 degrees.
_SERIES = (
    -0.16666666666666666, 0.008333333333333333, -0.0001984126984126984, 2.7557319223985893e-06,
    -2.505210838544172e-08, 1.6059043836821613e-10, -7.647163731819816e-13, 2.8114572543455206e-15,
    -8.22063524662433e-18, 1.9572941063391263e-20, -3.868170170630684e-23,
)  # fmt: skip


def cast_geo(raw: Any) -> JsonObject | None:
    """An object of country, region, city, latitude and longitude, each if it is known; an empty one is null. Raises
    ValueError."""
    found = cast_json(raw)
    if found is None:
        return None
    unknown = sorted(set(found) - {*TEXTS, *NUMBERS})
    if unknown:
        raise ValueError(f"has {unknown[0]!r}; expected some of {', '.join((*TEXTS, *NUMBERS))}")
    place = {name: value for name, value in found.items() if value not in (None, "")}
    if ("latitude" in place) is not ("longitude" in place):
        raise ValueError("has one of latitude and longitude; expected both or none")
    return JsonObject({name: _part(name, value) for name, value in place.items()}) or None


def _part(name: str, value: Any) -> Any:
    if name in NUMBERS:
        return read_degrees(value, name)
    if not isinstance(value, str) or not value.strip() or len(value) > LENGTH_LIMIT:
        raise ValueError(f"expected text in {name}, of at most {LENGTH_LIMIT} characters")
    return country_code(value) if name == "country" else value.strip()


def read_degrees(value: Any, name: str) -> float:
    """A latitude or longitude in degrees, with as many places as are kept. Raises ValueError."""
    most = NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        raise ValueError(f"expected a {name} from -{most} to {most}")
    return round(float(value), PLACES) + 0.0  # no -0.0


def haversine(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The haversine of the angle between two points: 0 where they are one, 1 where they are opposite."""
    up = _sine(abs(latitude - other_latitude) * 0.5)
    apart = abs(longitude - other_longitude)
    along = _sine((360.0 - apart if apart > 180.0 else apart) * 0.5)
    return up * up + _sine(90.0 - abs(latitude)) * _sine(90.0 - abs(other_latitude)) * (along * along)


def _sine(degrees: float) -> float:
    """Of an angle from 0 to 90 degrees."""
    x = degrees * _RADIANS
    square = x * x
    total = _SERIES[-1]
    for factor in _SERIES[-2::-1]:
        total = total * square + factor
    return x * (total * square + 1.0)


def haversine_of(kilometres: float) -> float:
    """The haversine of the angle under which a way on the ground is seen from the middle of the earth."""
    return math.sin(kilometres / (2 * EARTH_KM)) ** 2
