-- The roles of Fairlane and what each may do (engine/roles.py, engine/db.py).
--
-- fairlane_owner   owns database and tables, runs the migrations
-- fairlane_app     web, API, admin, commands: under row-level security
-- fairlane_worker  the engine's workers: one bundle carries many tenants, so it bypasses row-level security
--
-- Each statement can be repeated on a database that is in use. Privileges are given by default
-- privileges only, never on existing tables: a migration may have taken some back.

-- name: lock_preparation
-- Two preparations at once would both find a role missing. Held until the connection closes.
SELECT pg_advisory_lock(5067129338)

-- name: create_missing_roles
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fairlane_owner') THEN
        CREATE ROLE fairlane_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fairlane_app') THEN
        CREATE ROLE fairlane_app LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fairlane_worker') THEN
        CREATE ROLE fairlane_worker LOGIN BYPASSRLS;
    END IF;
END $$

-- name: list_unsafe_roles
-- Roles that were there before with more or fewer rights than they shall have.
SELECT rolname
FROM pg_roles
WHERE rolname IN ('fairlane_owner', 'fairlane_app', 'fairlane_worker')
  AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR NOT rolcanlogin
       OR rolbypassrls <> (rolname = 'fairlane_worker'))
ORDER BY rolname

-- name: list_unsafe_memberships
-- Membership that would let the application or a worker become a role with more rights.
SELECT member.rolname, granted.rolname
FROM pg_auth_members AS m
JOIN pg_roles AS member ON member.oid = m.member
JOIN pg_roles AS granted ON granted.oid = m.roleid
WHERE member.rolname IN ('fairlane_app', 'fairlane_worker')
ORDER BY 1, 2

-- name: join_owner
-- An administrator who is no superuser (managed PostgreSQL) must be a member to give the database to the owner.
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'fairlane_owner', 'SET') THEN
        EXECUTE format('GRANT fairlane_owner TO %I', current_user);
    END IF;
END $$

-- name: find_database
SELECT 1 FROM pg_database WHERE datname = %s

-- name: create_database
-- Code point order and Unicode case rules are the same on every machine with the built-in locale.
CREATE DATABASE {database} OWNER fairlane_owner TEMPLATE template0 ENCODING 'UTF8'
    LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'

-- name: limit_database
-- Workers need temporary tables for bulk writes; nobody else may connect.
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO fairlane_app;
GRANT CONNECT, TEMPORARY ON DATABASE {database} TO fairlane_worker

-- name: grant_defaults
-- Inside the database. TRUNCATE is never given: it ignores row-level security.
SET ROLE fairlane_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO fairlane_app, fairlane_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE fairlane_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO fairlane_app, fairlane_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE fairlane_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO fairlane_app, fairlane_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE fairlane_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE fairlane_owner IN SCHEMA public
    GRANT EXECUTE ON FUNCTIONS TO fairlane_app, fairlane_worker;
RESET ROLE

-- name: show_rights_of_session
-- The role that logged in counts beside the current one: RESET ROLE leads back to it.
SELECT rolname, rolsuper, rolbypassrls
FROM pg_roles
WHERE rolname IN (current_user, session_user)
