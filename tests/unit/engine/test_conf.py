"""What the engine refuses to be told."""

from __future__ import annotations

import dataclasses

import pytest
from django.core.exceptions import ImproperlyConfigured

from engine.conf import EngineConf

URL = "redis://127.0.0.1:6379/0"


def test_a_broker_is_all_it_needs() -> None:
    assert EngineConf(redis_url=URL).lease_seconds == 15


def test_it_cannot_be_changed_later() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EngineConf(redis_url=URL).lease_seconds = 1  # type: ignore[misc]


@pytest.mark.parametrize("url", ["", "127.0.0.1:6379", "fairlane://127.0.0.1", "amqp://127.0.0.1"])
def test_another_broker_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="redis_url must begin with redis://"):
        EngineConf(redis_url=url)


def test_the_refusal_of_an_address_does_not_show_its_password() -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        EngineConf(redis_url="http://:secret@127.0.0.1")

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["bundle_seconds", "bundle_events", "bundle_lanes", "lease_seconds", "max_attempts"])
@pytest.mark.parametrize("value", [0, -1])
def test_what_must_be_more_than_nothing(name: str, value: int) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{name} must be more than 0, not {value}"):
        EngineConf(redis_url=URL, **{name: value})


def test_a_lease_shorter_than_four_bundles_is_refused() -> None:
    EngineConf(redis_url=URL, bundle_seconds=1, lease_seconds=4)

    with pytest.raises(ImproperlyConfigured, match="four times"):
        EngineConf(redis_url=URL, bundle_seconds=1, lease_seconds=3.9)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(TypeError, match="leese_seconds"):
        EngineConf(redis_url=URL, leese_seconds=1)  # type: ignore[call-arg]


def test_the_default_database_is_always_there() -> None:
    assert EngineConf(redis_url=URL, database_url="a").databases == {"default": "a"}
    two = EngineConf(redis_url=URL, database_url="a", databases={"second": "b"})
    assert two.databases == {"default": "a", "second": "b"}
