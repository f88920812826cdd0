-- Who exists. Run once a cluster by a role that may create roles (the bootstrap superuser),
-- in the server's own database, before the first migration. Running it again changes nothing.
-- Passwords are set apart from this file, as SCRAM verifiers, so that no log can hold one.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'mcp_admin') THEN
        CREATE ROLE mcp_admin;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'mcp_app') THEN
        CREATE ROLE mcp_app;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'mcp_auditor') THEN
        CREATE ROLE mcp_auditor;
    END IF;
END
$$;

-- The owner of every table. It is bound by forced row-level security like anyone else.
ALTER ROLE mcp_admin LOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION;

-- The runtime: owns nothing, inherits nothing, bypasses nothing.
ALTER ROLE mcp_app LOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION;

-- The auditor sees every tenant, and can change nothing.
ALTER ROLE mcp_auditor LOGIN NOSUPERUSER BYPASSRLS NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE mcp_auditor SET default_transaction_read_only = on;

DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO mcp_admin', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO mcp_app, mcp_auditor', current_database());
END
$$;

ALTER SCHEMA public OWNER TO mcp_admin;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO mcp_app, mcp_auditor;

-- What PostgreSQL lets everybody do, and no role of ours needs: to fill the disk with large objects,
-- to end or disturb the other sessions of one's role, to hold locks beyond a transaction, and to ask
-- how many rows the tables of all tenants have. (What is left of that: docs/reference-server.md.)
DO $$
DECLARE
    one regprocedure;
    view regclass;
BEGIN
    FOR one IN
        SELECT oid FROM pg_catalog.pg_proc
         WHERE pronamespace = 'pg_catalog'::regnamespace
           AND (proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lo_open', 'lowrite',
                            'lo_truncate', 'lo_truncate64', 'pg_terminate_backend',
                            'pg_cancel_backend', 'pg_relation_size', 'pg_table_size',
                            'pg_indexes_size', 'pg_total_relation_size', 'pg_database_size')
                OR proname ~ '^pg_(try_)?advisory_lock'
                OR (proname ~ '^pg_stat_get_' AND proargtypes[0] = 'oid'::regtype
                    AND proname ~ '_(tuples|blocks)|tuples_'))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
    END LOOP;
    FOR view IN
        SELECT oid FROM pg_catalog.pg_class
         WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'v'
           AND relname ~ '^pg_stat(io)?(_xact)?_(all|user|sys)_(tables|indexes)$'
    LOOP
        EXECUTE format('REVOKE SELECT ON %s FROM PUBLIC', view);
    END LOOP;
END
$$;
