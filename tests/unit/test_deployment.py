"""docker-compose.yml and the Dockerfile keep what the README promises of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
ENV_EXAMPLE = (ROOT / ".env.example").read_text()

#: Variables of the compose file: name, then `:?message` (required), `:-default` or nothing.
VARIABLES = re.findall(r"\$\{(\w+)(:[?-])?([^}]*)\}", COMPOSE)
ROLE_PASSWORDS = ("FAIRLANE_OWNER_PASSWORD", "FAIRLANE_WORKER_PASSWORD", "POSTGRES_PASSWORD")


def test_all_services_are_there() -> None:
    assert set(SERVICES) == {
        "postgres", "valkey", "setup", "web", "worker", "maintenance", "sender", "flower",
    }  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_reaps_children_and_comes_back(name: str) -> None:
    service = SERVICES[name]

    assert service["init"] is True
    assert service["restart"] == ("on-failure" if name == "setup" else "unless-stopped")


@pytest.mark.parametrize("name", ["postgres", "valkey", "web", "flower"])
def test_what_serves_is_checked(name: str) -> None:
    assert {"test", "interval", "timeout", "retries"} <= set(SERVICES[name]["healthcheck"])


def test_everything_waits_for_the_setup_and_the_setup_for_the_database() -> None:
    assert SERVICES["setup"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("web", "worker", "maintenance", "sender", "flower"):
        assert SERVICES[name]["depends_on"]["setup"] == {"condition": "service_completed_successfully"}


def test_data_are_on_volumes() -> None:
    assert SERVICES["postgres"]["volumes"] == ["postgres-data:/var/lib/postgresql"]
    assert SERVICES["valkey"]["volumes"] == ["valkey-data:/data"]


def test_ports_are_open_on_the_loopback_interface_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert len(ports) == 2
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


def test_no_secret_has_a_default() -> None:
    secrets = {name for name, _, _ in VARIABLES if re.search("PASSWORD|SECRET|AUTH", name)}

    assert len(secrets) == 7
    for name, kind, message in VARIABLES:
        assert kind == (":?" if name in secrets else ":-")
        assert name not in secrets or message == f"set {name}"


def test_services_know_only_the_passwords_they_need() -> None:
    for name in ("web", "flower"):
        assert not [secret for secret in ROLE_PASSWORDS if secret in str(SERVICES[name])]
    for name in ("worker", "maintenance", "sender"):
        assert "FAIRLANE_OWNER_PASSWORD" not in str(SERVICES[name])
        assert "POSTGRES_PASSWORD" not in str(SERVICES[name])


def test_the_example_names_every_secret_and_holds_none() -> None:
    lines = [line for line in ENV_EXAMPLE.splitlines() if line and not line.startswith("#")]

    assert {line.partition("=")[0] for line in lines} == {name for name, kind, _ in VARIABLES if kind == ":?"}
    assert all(line.endswith("=") for line in lines)


def test_optional_variables_are_named_in_the_example() -> None:
    assert all(name in ENV_EXAMPLE for name, kind, _ in VARIABLES if kind == ":-")


def test_the_image_runs_as_an_ordinary_user_with_the_requirements_of_production() -> None:
    instructions = [line.split()[0] for line in DOCKERFILE.splitlines() if re.match("[A-Z]+ ", line)]

    assert "USER" in instructions and instructions.index("USER") < instructions.index("CMD")
    assert "RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt" in DOCKERFILE
    assert "requirements-d" not in DOCKERFILE
