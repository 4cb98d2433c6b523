"""Row-level security holds only for roles that cannot step around it; these are the roles of production."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest
from django.db import connection, connections
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from engine import db
from engine.embedded import Servers
from engine.errors import UnsafeRole
from engine.roles import APP, OWNER, ROLES, WORKER, prepare_database

SETUP = """
CREATE TABLE vault (tenant_id text COLLATE "C", secret text);
ALTER TABLE vault ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON vault USING (tenant_id = NULLIF(current_setting('fairlane.tenant', true), ''));
CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS 'SELECT 42'
"""


@pytest.fixture
def vault(owner_connection: psycopg.Connection, worker_connection: psycopg.Connection) -> Iterator[None]:
    owner_connection.execute(SETUP)
    worker_connection.execute("INSERT INTO vault VALUES ('whale', 'deep'), ('minnow', 'quick')")
    worker_connection.commit()
    yield
    worker_connection.rollback()
    owner_connection.execute("DROP TABLE vault; DROP FUNCTION answer()")


@pytest.fixture
def app() -> Iterator[psycopg.Connection]:
    connected = db.connect(os.environ["DATABASE_URL"], "fairlane-test")
    yield connected
    connected.close()


def test_app_sees_only_the_tenant_it_names(vault: None, app: psycopg.Connection) -> None:
    assert app.execute("SELECT secret FROM vault").fetchall() == []

    app.execute("SELECT set_config('fairlane.tenant', 'minnow', true)")

    assert app.execute("SELECT secret FROM vault").fetchall() == [("quick",)]
    app.commit()
    assert app.execute("SELECT secret FROM vault").fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE vault",
        "ALTER TABLE vault DISABLE ROW LEVEL SECURITY",
        "DROP TABLE vault",
        "CREATE TABLE mine (x int)",
        "CREATE TEMPORARY TABLE mine (x int)",
        "SET ROLE fairlane_owner",
        "SET ROLE fairlane_worker",
        "ALTER ROLE fairlane_app BYPASSRLS",
        "SET row_security = off; SELECT * FROM vault",
        "INSERT INTO vault VALUES ('minnow', 'forged')",
    ],
)
def test_app_cannot_step_around_row_level_security(vault: None, app: psycopg.Connection, statement: str) -> None:
    with pytest.raises((errors.InsufficientPrivilege, errors.UndefinedObject)):
        app.execute(statement)


@pytest.mark.parametrize("statement", ["TRUNCATE vault", "DROP TABLE vault", "SET ROLE fairlane_owner"])
def test_worker_sees_all_tenants_and_no_more(
    vault: None, worker_connection: psycopg.Connection, statement: str
) -> None:
    assert worker_connection.execute("SELECT count(*) FROM vault").fetchone() == (2,)

    with pytest.raises(errors.InsufficientPrivilege):
        worker_connection.execute(statement)


def test_functions_of_the_owner_can_be_called_by_app(vault: None, app: psycopg.Connection) -> None:
    assert app.execute("SELECT answer()").fetchone() == (42,)


def test_preparing_again_changes_nothing(vault: None, servers: Servers, app: psycopg.Connection) -> None:
    with psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute("REVOKE UPDATE ON vault FROM fairlane_app")

    again = prepare_database(servers.postgres_url)

    assert again.app == os.environ["DATABASE_URL"]
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("UPDATE vault SET secret = ''")


def test_passwords_are_set_and_quoted_in_the_addresses(clean: None, servers: Servers) -> None:
    passwords = {role: f"a:/@ %{role}" for role in ROLES}

    urls = prepare_database(servers.postgres_url, passwords=passwords)

    assert conninfo_to_dict(urls.app)["password"] == f"a:/@ %{APP}"
    assert conninfo_to_dict(urls.worker)["user"] == WORKER
    with psycopg.connect(urls.owner) as owner, psycopg.connect(servers.postgres_url) as admin:
        assert owner.info.user == OWNER
        stored = admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname = ANY (%s)", [list(ROLES)])
        assert all(password.startswith("SCRAM-SHA-256$") for (password,) in stored)


@pytest.mark.parametrize(
    ("spoil", "restore"),
    [
        ("ALTER ROLE fairlane_app BYPASSRLS", "ALTER ROLE fairlane_app NOBYPASSRLS"),
        ("ALTER ROLE fairlane_worker SUPERUSER", "ALTER ROLE fairlane_worker NOSUPERUSER"),
        ("GRANT fairlane_owner TO fairlane_app", "REVOKE fairlane_owner FROM fairlane_app"),
    ],
)
def test_roles_with_other_rights_are_refused(clean: None, servers: Servers, spoil: str, restore: str) -> None:
    with psycopg.connect(servers.postgres_url, autocommit=True) as admin:
        admin.execute(spoil)
        try:
            with pytest.raises(UnsafeRole):
                prepare_database(servers.postgres_url)
        finally:
            admin.execute(restore)


def test_refuse_superuser_leaves_no_transaction_open(clean: None, servers: Servers) -> None:
    with psycopg.connect(os.environ["WORKER_DATABASE_URL"]) as worker:
        db.refuse_superuser(worker, may_bypass_rls=True)
        with pytest.raises(UnsafeRole, match="fairlane_worker has BYPASSRLS"):
            db.refuse_superuser(worker, may_bypass_rls=False)
        assert worker.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    with psycopg.connect(servers.postgres_url) as admin, pytest.raises(UnsafeRole, match="superuser"):
        db.refuse_superuser(admin, may_bypass_rls=True)


def test_a_superuser_who_takes_another_role_is_still_refused(clean: None, servers: Servers) -> None:
    with psycopg.connect(servers.postgres_url) as admin:
        admin.execute("SET ROLE fairlane_app")
        admin.commit()

        with pytest.raises(UnsafeRole, match="postgres is a superuser"):
            db.refuse_superuser(admin, may_bypass_rls=False)


def test_engine_connections_give_up_on_long_statements(worker_connection: psycopg.Connection) -> None:
    limits = [
        worker_connection.execute(f"SHOW {name}").fetchone()
        for name in ("statement_timeout", "idle_in_transaction_session_timeout", "application_name")
    ]

    assert limits == [("30s",), ("30s",), ("fairlane-test",)]


def test_django_runs_as_app() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (APP,)
    assert connections["owner"].settings_dict["USER"] == OWNER


@pytest.mark.parametrize("variable", ["WORKER_DATABASE_URL", "admin"])
def test_django_refuses_a_role_that_bypasses_row_level_security(servers: Servers, variable: str) -> None:
    url = servers.postgres_url if variable == "admin" else os.environ[variable]
    script = (
        "import django; django.setup()\n"
        "from django.db import connection\n"
        "from engine.errors import UnsafeRole\n"
        "for _ in range(2):\n"
        "    try: connection.ensure_connection()\n"
        "    except UnsafeRole as error: print(error)\n"
        "    assert connection.connection is None\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout.count("must not be used") == 2


def test_the_command_prepares_a_database_of_any_name(clean: None, servers: Servers) -> None:
    # The host's folder in the URL is a parameter, as libpq wants it.
    assert quote("/", safe="") in servers.postgres_url
    environment = os.environ | {"ADMIN_DATABASE_URL": servers.postgres_url}
    command = [sys.executable, "manage.py", "prepare_database", "--name", "second shop"]

    for _ in range(2):
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr

    half = subprocess.run(command, env=environment | {"FAIRLANE_APP_PASSWORD": "x"}, capture_output=True, text=True)
    assert half.returncode == 1
    assert "all three or none" in half.stderr
    with psycopg.connect(servers.postgres_url, dbname="second shop") as admin:
        (owner,) = admin.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        assert owner == OWNER
