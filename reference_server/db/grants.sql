-- Who may do what. Run by mcp_admin after every migration; running it again changes nothing.
-- Everything is taken away first, so that a right dropped from this file is dropped for good.

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, mcp_app, mcp_auditor;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, mcp_app, mcp_auditor;
REVOKE ALL ON ALL ROUTINES IN SCHEMA public FROM PUBLIC, mcp_app, mcp_auditor;

GRANT SELECT ON alembic_version, tenants TO mcp_app;

-- A key is never deleted and never moved to another tenant: only its dates change.
GRANT SELECT, INSERT ON api_keys TO mcp_app;
GRANT UPDATE (expires_at, revoked_at, last_used_at) ON api_keys TO mcp_app;

-- What has ended: noted, also by the trigger on the keys, read, and forgotten when it is old.
GRANT SELECT, INSERT, DELETE, UPDATE (ends_at, noted_at) ON session_ends TO mcp_app;

GRANT SELECT, INSERT, UPDATE, DELETE
    ON platform_credentials, oauth_states, metric_cache, sync_log TO mcp_app;

-- The trail: written, never read or changed, by the runtime.
GRANT INSERT ON audit_log TO mcp_app;

-- Where its chain ends, which the writer moves on. A seal that is not the server's stops the server.
GRANT SELECT, UPDATE (position, digest, seal) ON audit_head TO mcp_app;

GRANT SELECT ON ALL TABLES IN SCHEMA public TO mcp_auditor;
