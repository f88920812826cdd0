-- Which rows. Run by mcp_admin after every migration; running it again changes nothing.

-- The tenant of the current transaction. Null, hence no row, when none is set, when the
-- transaction that set one has ended (the value is then ''), and when the text is not a UUID.
CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN nullif(current_setting('app.current_tenant_id', true), '')
            ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
        THEN current_setting('app.current_tenant_id', true)::uuid
    END;
REVOKE ALL ON FUNCTION current_tenant() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION current_tenant() TO mcp_app, mcp_auditor;

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON tenants;
CREATE POLICY tenant_isolation ON tenants
    USING (id = current_tenant()) WITH CHECK (id = current_tenant());

ALTER TABLE platform_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_credentials FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON platform_credentials;
CREATE POLICY tenant_isolation ON platform_credentials
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

ALTER TABLE oauth_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE oauth_states FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON oauth_states;
CREATE POLICY tenant_isolation ON oauth_states
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

ALTER TABLE metric_cache ENABLE ROW LEVEL SECURITY;
ALTER TABLE metric_cache FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON metric_cache;
CREATE POLICY tenant_isolation ON metric_cache
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

ALTER TABLE sync_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_log FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON sync_log;
CREATE POLICY tenant_isolation ON sync_log
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON users;
CREATE POLICY tenant_isolation ON users
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON memberships;
CREATE POLICY tenant_isolation ON memberships
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

ALTER TABLE credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE credentials FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON credentials;
CREATE POLICY tenant_isolation ON credentials
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- Its owner looks whether secrets lie in files when a key-encryption key is rotated.
DROP POLICY IF EXISTS looked_through ON credentials;
CREATE POLICY looked_through ON credentials FOR SELECT TO mcp_admin USING (true);

ALTER TABLE vault_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_secrets FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON vault_secrets;
CREATE POLICY tenant_isolation ON vault_secrets
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- Its owner wraps the data keys of all tenants anew when a key-encryption key is rotated.
DROP POLICY IF EXISTS wrapped_anew ON vault_secrets;
CREATE POLICY wrapped_anew ON vault_secrets TO mcp_admin USING (true) WITH CHECK (true);

ALTER TABLE mail_messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE mail_messages FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON mail_messages;
CREATE POLICY tenant_isolation ON mail_messages
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());
DROP POLICY IF EXISTS failures_stay ON mail_messages;
CREATE POLICY failures_stay ON mail_messages AS RESTRICTIVE FOR UPDATE TO mcp_app
    USING (true) WITH CHECK (failed_at IS NOT NULL);

ALTER TABLE mail_endings ENABLE ROW LEVEL SECURITY;
ALTER TABLE mail_endings FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON mail_endings;
CREATE POLICY tenant_isolation ON mail_endings
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- Its owner clears away what has expired, of all tenants (functions.sql).
DROP POLICY IF EXISTS expired_forgotten ON oauth_states;
CREATE POLICY expired_forgotten ON oauth_states TO mcp_admin USING (true) WITH CHECK (false);
DROP POLICY IF EXISTS expired_forgotten ON mail_messages;
CREATE POLICY expired_forgotten ON mail_messages TO mcp_admin
    USING (failed_at IS NULL) WITH CHECK (false);

ALTER TABLE oauth_grants ENABLE ROW LEVEL SECURITY;
ALTER TABLE oauth_grants FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON oauth_grants;
CREATE POLICY tenant_isolation ON oauth_grants
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

ALTER TABLE oauth_refresh_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE oauth_refresh_tokens FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON oauth_refresh_tokens;
CREATE POLICY tenant_isolation ON oauth_refresh_tokens
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- Codes and refresh tokens are found before their tenant is known, by who presents them, which
-- functions of the owner do (authorization.sql).
DROP POLICY IF EXISTS exchanged ON oauth_grants;
CREATE POLICY exchanged ON oauth_grants TO mcp_admin USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS exchanged ON oauth_refresh_tokens;
CREATE POLICY exchanged ON oauth_refresh_tokens TO mcp_admin USING (true) WITH CHECK (true);

-- Not forced: a key must be found before its tenant is known, which functions of the owner do.
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON api_keys;
CREATE POLICY tenant_isolation ON api_keys
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- Whoever may end keys cannot revive them: a revocation is for good, and an end only comes nearer.
CREATE OR REPLACE FUNCTION refuse_revival() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a key that has ended stays so, and no key lives longer than it was to'
        USING ERRCODE = 'insufficient_privilege';
END
$$;
REVOKE ALL ON FUNCTION refuse_revival() FROM PUBLIC;
CREATE OR REPLACE TRIGGER keys_only_end
    BEFORE UPDATE OF revoked_at, expires_at ON api_keys
    FOR EACH ROW WHEN (
        (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
        OR NEW.expires_at > OLD.expires_at)
    EXECUTE FUNCTION refuse_revival();

-- The trail is one for all tenants, so its policies let every row in and none out, but for the
-- digests that its owner's functions look at. Beside the owner, who could lift them, only a role
-- that bypasses row-level security can read it.
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS append_only ON audit_log;
CREATE POLICY append_only ON audit_log FOR INSERT WITH CHECK (true);
DROP POLICY IF EXISTS chain_followed ON audit_log;
CREATE POLICY chain_followed ON audit_log FOR SELECT TO mcp_admin USING (true);

-- A statement trigger, because a row trigger is silent where row-level security hides every row.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;
REVOKE ALL ON FUNCTION refuse_change() FROM PUBLIC;
CREATE OR REPLACE TRIGGER append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_set_aside
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
