-- What the runtime role does for the authorization server with its owner's rights. Run by mcp_admin
-- after every migration; running it again changes nothing. The server's clock tells the moment.

-- What a member has granted ends with the membership, whichever way that ends, and with its role.
CREATE OR REPLACE FUNCTION end_grants_of_member() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM end_oauth_grant(id, clock_timestamp()) FROM oauth_grants
      WHERE holder ->> 'member_id' = OLD.id::text AND revoked_at IS NULL;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION end_grants_of_member() FROM PUBLIC;
CREATE OR REPLACE TRIGGER end_grants
    AFTER DELETE OR UPDATE OF role ON memberships
    FOR EACH ROW EXECUTE FUNCTION end_grants_of_member();

-- A client that registers itself. Not where there are as many of its kind as may be.
CREATE OR REPLACE FUNCTION register_oauth_client(
    new_id text, new_metadata jsonb, new_registration_digest text,
    moment timestamptz, new_ends_at timestamptz, most bigint
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- Counted under a lock, which a transaction's end lifts: else two of them could be the last.
    PERFORM pg_advisory_xact_lock(hashtext('register_oauth_client'));
    IF (SELECT count(*) FROM oauth_clients WHERE is_dynamic) >= most THEN
        RETURN false;
    END IF;
    INSERT INTO oauth_clients (id, is_dynamic, metadata, registration_digest, created_at, ends_at)
    VALUES (new_id, true, new_metadata, new_registration_digest, moment, new_ends_at);
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION find_oauth_client(known_id text, moment timestamptz)
    RETURNS TABLE (is_dynamic boolean, metadata jsonb, secret_digest text,
                   registration_digest text, created_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.is_dynamic, c.metadata, c.secret_digest, c.registration_digest, c.created_at
      FROM oauth_clients c
     WHERE c.id = known_id AND (c.ends_at IS NULL OR c.ends_at > moment)
$$;

-- What has been granted ends, with every token that came of it: session_ends names the grant.
CREATE OR REPLACE FUNCTION end_oauth_grant(known_id uuid, moment timestamptz)
    RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE oauth_grants SET revoked_at = moment WHERE id = known_id AND revoked_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO session_ends (id) VALUES (known_id::text) ON CONFLICT (id) DO NOTHING;
    RETURN true;
END
$$;

-- A client that registered itself is removed by whoever holds its registration token, and nothing
-- that was granted to it outlives it.
CREATE OR REPLACE FUNCTION remove_oauth_client(
    known_id text, known_registration_digest text, moment timestamptz
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM oauth_clients
     WHERE id = known_id AND is_dynamic AND registration_digest = known_registration_digest;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM end_oauth_grant(id, moment) FROM oauth_grants
      WHERE client_id = known_id AND revoked_at IS NULL;
    RETURN true;
END
$$;

-- What whoever presents a code is judged by; also of one that was used or has expired.
CREATE OR REPLACE FUNCTION find_oauth_code(digest text)
    RETURNS TABLE (id uuid, client_id text, scope text, resource text, redirect_uri text,
                   challenge text, may_refresh boolean, is_used boolean, is_revoked boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT g.id, g.client_id, g.scope, g.resource, g.redirect_uri, g.challenge, g.may_refresh,
           g.code_used_at IS NOT NULL, g.revoked_at IS NOT NULL
      FROM oauth_grants g WHERE g.code_digest = digest
$$;

-- For whom tokens of a grant are made. No row when the grant, or the key that it came of, has ended.
CREATE OR REPLACE FUNCTION holder_of_oauth_grant(known_id uuid, moment timestamptz)
    RETURNS TABLE (outcome text, grant_id uuid, client_id text, scope text, tenant_id uuid,
                   key_id uuid, subject text, holder jsonb, ends_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT 'taken', g.id, g.client_id, g.scope, g.tenant_id, g.key_id, g.subject, g.holder,
           least(g.ends_at, k.expires_at)
      FROM oauth_grants g LEFT JOIN api_keys k ON k.id = g.key_id
     WHERE g.id = known_id AND g.revoked_at IS NULL AND g.ends_at > moment
       AND (g.key_id IS NULL OR (k.revoked_at IS NULL AND k.expires_at > moment))
$$;

-- A code is exchanged once: of several exchanges at the same time the UPDATE lets one through. A
-- code that was exchanged before ends what it gave (RFC 6749 section 4.1.2).
CREATE OR REPLACE FUNCTION take_oauth_code(
    known_digest text, moment timestamptz, new_refresh_digest text, client_ends_at timestamptz
) RETURNS TABLE (outcome text, grant_id uuid, client_id text, scope text, tenant_id uuid,
                 key_id uuid, subject text, holder jsonb, ends_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found_id uuid;
BEGIN
    UPDATE oauth_grants SET code_used_at = moment
     WHERE code_digest = known_digest AND code_used_at IS NULL AND revoked_at IS NULL
       AND code_ends_at > moment
    RETURNING id INTO found_id;
    IF NOT FOUND THEN
        SELECT id INTO found_id FROM oauth_grants
         WHERE code_digest = known_digest AND code_used_at IS NOT NULL;
        IF FOUND THEN
            PERFORM end_oauth_grant(found_id, moment);
            RETURN QUERY SELECT 'reused', found_id, NULL::text, NULL::text, NULL::uuid,
                                NULL::uuid, NULL::text, NULL::jsonb, NULL::timestamptz;
        END IF;
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM holder_of_oauth_grant(found_id, moment);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF new_refresh_digest IS NOT NULL THEN
        INSERT INTO oauth_refresh_tokens (digest, tenant_id, grant_id, created_at)
        SELECT new_refresh_digest, g.tenant_id, g.id, moment FROM oauth_grants g
         WHERE g.id = found_id;
    END IF;
    -- A client that is used is kept.
    UPDATE oauth_clients c SET ends_at = client_ends_at
      FROM oauth_grants g WHERE g.id = found_id AND c.id = g.client_id AND c.is_dynamic;
END
$$;

CREATE OR REPLACE FUNCTION find_oauth_refresh_token(known_digest text)
    RETURNS TABLE (id uuid, client_id text, scope text, resource text, redirect_uri text,
                   challenge text, may_refresh boolean, is_used boolean, is_revoked boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT g.id, g.client_id, g.scope, g.resource, g.redirect_uri, g.challenge, g.may_refresh,
           t.used_at IS NOT NULL, g.revoked_at IS NOT NULL
      FROM oauth_refresh_tokens t JOIN oauth_grants g ON g.id = t.grant_id
     WHERE t.digest = known_digest
$$;

-- A refresh token is exchanged once. The row of its grant is locked first, so that of several
-- exchanges within a family each sees what those before it did. Once, within the grace, a token that
-- was exchanged is exchanged again, for the answer may have been lost: as long as nothing that came
-- of it was used. Of the two that then came of it, the use of one ends the other. All else that is
-- exchanged a second time ends the family (RFC 9700 section 4.14.2).
CREATE OR REPLACE FUNCTION rotate_oauth_refresh_token(
    known_digest text, moment timestamptz, grace interval, new_digest text,
    client_ends_at timestamptz
) RETURNS TABLE (outcome text, grant_id uuid, client_id text, scope text, tenant_id uuid,
                 key_id uuid, subject text, holder jsonb, ends_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    family uuid;
    token oauth_refresh_tokens%ROWTYPE;
BEGIN
    SELECT g.id INTO family
      FROM oauth_grants g JOIN oauth_refresh_tokens t ON t.grant_id = g.id
     WHERE t.digest = known_digest FOR UPDATE OF g;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM holder_of_oauth_grant(family, moment)) THEN
        RETURN;
    END IF;
    SELECT * INTO token FROM oauth_refresh_tokens WHERE digest = known_digest;
    IF token.used_at IS NULL THEN
        UPDATE oauth_refresh_tokens SET used_at = moment WHERE digest = known_digest;
        UPDATE oauth_refresh_tokens SET used_at = moment, retried_at = moment
         WHERE grant_id = family AND came_of = token.came_of AND used_at IS NULL;
    ELSIF token.retried_at IS NULL AND moment < token.used_at + grace AND NOT EXISTS (
        SELECT FROM oauth_refresh_tokens
         WHERE grant_id = family AND came_of = known_digest AND used_at IS NOT NULL)
    THEN
        UPDATE oauth_refresh_tokens SET retried_at = moment WHERE digest = known_digest;
    ELSE
        PERFORM end_oauth_grant(family, moment);
        RETURN QUERY SELECT 'reused', family, NULL::text, NULL::text, NULL::uuid, NULL::uuid,
                            NULL::text, NULL::jsonb, NULL::timestamptz;
        RETURN;
    END IF;
    INSERT INTO oauth_refresh_tokens (digest, tenant_id, grant_id, came_of, created_at)
    VALUES (new_digest, token.tenant_id, family, known_digest, moment);
    UPDATE oauth_clients c SET ends_at = client_ends_at
      FROM oauth_grants g WHERE g.id = family AND c.id = g.client_id AND c.is_dynamic;
    RETURN QUERY SELECT * FROM holder_of_oauth_grant(family, moment);
END
$$;

-- Ended grants and expired clients, of all tenants. A grant that ended early is kept for a day, so
-- that who presents what came of it is known to be late; and a refresh token for a week after its use,
-- so that a client that refreshes all day fills no table. Later it is refused as one that never was.
CREATE OR REPLACE FUNCTION forget_oauth_grants(moment timestamptz)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    forgotten bigint;
BEGIN
    DELETE FROM oauth_grants
     WHERE ends_at <= moment OR revoked_at <= moment - interval '1 day'
        OR (code_used_at IS NULL AND code_ends_at <= moment);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    DELETE FROM oauth_refresh_tokens WHERE used_at <= moment - interval '7 days';
    DELETE FROM oauth_clients WHERE is_dynamic AND ends_at <= moment;
    RETURN forgotten;
END
$$;

REVOKE ALL ON FUNCTION register_oauth_client, find_oauth_client, remove_oauth_client,
    find_oauth_code, holder_of_oauth_grant, take_oauth_code, find_oauth_refresh_token,
    rotate_oauth_refresh_token, end_oauth_grant, forget_oauth_grants FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register_oauth_client, find_oauth_client, remove_oauth_client,
    find_oauth_code, holder_of_oauth_grant, take_oauth_code, find_oauth_refresh_token,
    rotate_oauth_refresh_token, end_oauth_grant, forget_oauth_grants TO mcp_app;
