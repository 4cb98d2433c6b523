-- procrastinate's own tables, in a schema of their own beside the leads (peers/procrastinate_jobs.py).

-- name: create_schema
DROP SCHEMA IF EXISTS procrastinate CASCADE;
CREATE SCHEMA procrastinate;
SET search_path = procrastinate;

-- name: grant_schema
GRANT USAGE ON SCHEMA procrastinate TO fairlane_worker;
GRANT ALL ON ALL TABLES IN SCHEMA procrastinate TO fairlane_worker;
GRANT ALL ON ALL SEQUENCES IN SCHEMA procrastinate TO fairlane_worker;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA procrastinate TO fairlane_worker;
