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
