-- Who may do what. Run by mcp_admin after every migration; running it again changes nothing.
-- Everything is taken away first, so that a right dropped from this file is dropped for good.

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, mcp_app, mcp_auditor;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, mcp_app, mcp_auditor;
REVOKE ALL ON ALL ROUTINES IN SCHEMA public FROM PUBLIC, mcp_app, mcp_auditor;

GRANT SELECT ON alembic_version, tenants TO mcp_app;

-- Who logs in for the first time makes his user, and where his organization is new, his tenant: each
-- in that tenant's context, under its policies. Who is a member is changed, but not who he is.
GRANT INSERT (id, name), UPDATE (name) ON tenants TO mcp_app;
GRANT SELECT, INSERT (tenant_id, id, issuer, subject, email, name) ON users TO mcp_app;
GRANT SELECT, INSERT (id, tenant_id, user_id, role), UPDATE (role), DELETE ON memberships TO mcp_app;

-- A tenant's keys are made, and end, in its own context. None is deleted or moved, no digest can be
-- read, and what a key is looked up by, and its use noted, are functions of functions.sql.
GRANT SELECT (id, tenant_id, description, created_at, expires_at, revoked_at, last_used_at),
    INSERT (tenant_id, key_hash, description, created_at, expires_at),
    UPDATE (expires_at, revoked_at)
    ON api_keys TO mcp_app;

-- What is noted has ended, and no token lives again: a key's end to come is noted by its trigger, and
-- what is old is forgotten by a function of functions.sql.
GRANT SELECT, INSERT (id) ON session_ends TO mcp_app;

GRANT SELECT, INSERT, UPDATE, DELETE
    ON platform_credentials, credentials, vault_secrets, oauth_states, metric_cache, sync_log
    TO mcp_app;

-- A message that failed stays so, and who wants no more mail is asked no more: the owner alone may
-- take that back.
GRANT SELECT, INSERT (id, tenant_id, recipient), UPDATE (failed_at) ON mail_messages TO mcp_app;
GRANT SELECT, INSERT (tenant_id, recipient) ON mail_endings TO mcp_app;

-- What a user grants is stored in his tenant's context. What becomes of it, and all of clients and
-- refresh tokens, are functions of authorization.sql: no digest can be read, and none replaced.
GRANT SELECT (id, tenant_id, client_id, key_id, subject, holder, scope, resource, redirect_uri,
              may_refresh, code_ends_at, code_used_at, created_at, ends_at, revoked_at),
    INSERT (id, tenant_id, client_id, key_id, subject, holder, scope, resource, redirect_uri,
            challenge, may_refresh, code_digest, code_ends_at, created_at, ends_at)
    ON oauth_grants TO mcp_app;
GRANT SELECT (tenant_id, grant_id, created_at, used_at, retried_at)
    ON oauth_refresh_tokens TO mcp_app;

-- The trail and its head: no right at all. The runtime adds to them by the functions of
-- functions.sql, which take nothing from anybody without the server's key.

GRANT SELECT ON ALL TABLES IN SCHEMA public TO mcp_auditor;
