-- What the runtime role does with its owner's rights. Run by mcp_admin after every migration;
-- running it again changes nothing.

-- Each adds links behind the head of the trail's chain, and moves the head on: all of it or nothing.
-- They return whether it was done. The caller shows the proof of the head that it means, of which
-- the head holds the SHA-256 (db/chain.py): who lacks the key adds nothing, and locks nothing, for
-- no row is found then. In PL/pgSQL, which keeps its plans.
CREATE OR REPLACE FUNCTION append_audit_row(
    proof bytea, known_position bigint, new_seal bytea,
    new_created_at timestamptz, new_event_type text, new_outcome text, new_tenant_id uuid,
    new_actor_ip text, new_request_id text, new_metadata jsonb, new_actor_key_id uuid,
    new_digest bytea
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE audit_head SET position = known_position + 1, digest = new_digest, seal = new_seal
     WHERE position = known_position AND seal = sha256(proof);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO audit_log (id, created_at, event_type, outcome, tenant_id, actor_ip, request_id,
                           metadata, actor_key_id, digest)
    VALUES (known_position + 1, new_created_at, new_event_type, new_outcome, new_tenant_id,
            new_actor_ip, new_request_id, new_metadata, new_actor_key_id, new_digest);
    RETURN true;
END
$$;

-- Several rows come as one JSON text, which is made and read quicker than an array a column. The
-- ordinality keeps the order in which they were handed over, and gives each its place in the chain.
CREATE OR REPLACE FUNCTION append_audit_rows(
    proof bytea, known_position bigint, new_seal bytea,
    new_digest bytea, row_count bigint, new_rows json
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    added bigint;
BEGIN
    UPDATE audit_head
       SET position = known_position + row_count, digest = new_digest, seal = new_seal
     WHERE position = known_position AND seal = sha256(proof);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO audit_log (id, created_at, event_type, outcome, tenant_id, actor_ip, request_id,
                           metadata, actor_key_id, digest)
    SELECT known_position + place, one.created_at, one.event_type, one.outcome, one.tenant_id,
           one.actor_ip, one.request_id, CAST(one.metadata AS jsonb), one.actor_key_id,
           decode(one.digest, 'hex')
      FROM ROWS FROM (json_to_recordset(new_rows) AS (
               created_at timestamptz, event_type text, outcome text, tenant_id uuid,
               actor_ip text, request_id text, metadata text, actor_key_id uuid, digest text))
           WITH ORDINALITY AS one (created_at, event_type, outcome, tenant_id, actor_ip,
                                   request_id, metadata, actor_key_id, digest, place)
     ORDER BY place;
    GET DIAGNOSTICS added = ROW_COUNT;
    IF added <> row_count THEN
        RAISE EXCEPTION 'the head was to move by %, and % rows came', row_count, added;
    END IF;
    RETURN true;
END
$$;

-- Where the chain ends, and the digest of one row, by which who knows an earlier end finds whether
-- the trail still holds it. No lock is taken: nobody can hold up the server by asking.
CREATE OR REPLACE FUNCTION audit_chain_end(
    known_position bigint,
    OUT "position" bigint, OUT digest bytea, OUT seal bytea, OUT digest_at_known bytea
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT position, digest, seal, (SELECT digest FROM audit_log WHERE id = known_position)
      FROM audit_head
$$;

-- Whose a key is, for whoever presents it: it is found before its tenant is known, and by nothing
-- but its digest. Everything that disqualifies a key is decided here in one look: a revoked, an
-- expired and an unknown one differ neither in the statement nor in the answer, which is null.
CREATE OR REPLACE FUNCTION find_api_key(
    digest text, moment timestamptz, OUT key_id uuid, OUT tenant_id uuid
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT k.id, k.tenant_id INTO key_id, tenant_id FROM api_keys k
     WHERE k.key_hash = digest AND k.revoked_at IS NULL AND k.expires_at > moment;
END
$$;

-- When keys were last used; returned are those whose row somebody else holds, for the next round.
CREATE OR REPLACE FUNCTION note_key_use(ids uuid[], moments timestamptz[])
    RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    done uuid[];
BEGIN
    WITH noted AS (
        SELECT * FROM unnest(ids, moments) AS n (id, moment)
    ), free AS (
        SELECT k.id FROM api_keys k WHERE k.id = ANY (ids) ORDER BY k.id FOR UPDATE SKIP LOCKED
    ), stored AS (
        UPDATE api_keys k SET last_used_at = noted.moment
          FROM noted JOIN free USING (id) WHERE k.id = noted.id
        RETURNING k.id
    )
    SELECT array_agg(stored.id) INTO done FROM stored;
    RETURN QUERY
        SELECT k.id FROM api_keys k
         WHERE k.id = ANY (ids) AND k.id <> ALL (coalesce(done, '{}'));
END
$$;

-- The server's clock tells what has expired, so whoever calls this can end flows that are under way,
-- which then begin anew. It shows nothing, not even which tenants there are.
CREATE OR REPLACE FUNCTION forget_oauth_states(moment timestamptz)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    forgotten bigint;
BEGIN
    DELETE FROM oauth_states WHERE expires_at <= moment;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END
$$;

-- By PostgreSQL's own time, which no clock of the server's can put forward: a session lives a week.
CREATE OR REPLACE FUNCTION forget_session_ends() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM session_ends WHERE noted_at < clock_timestamp() - interval '8 days';
END
$$;

-- By PostgreSQL's own time, too: a failure is told within days, and a link to unsubscribe by has to work
-- for 30 days (15 U.S.C. 7704(a)(3)). What has failed stays, and so does who wants no more mail.
CREATE OR REPLACE FUNCTION forget_mail_messages()
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    forgotten bigint;
BEGIN
    DELETE FROM mail_messages
     WHERE failed_at IS NULL AND created_at < clock_timestamp() - interval '90 days';
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END
$$;

REVOKE ALL ON FUNCTION append_audit_row, append_audit_rows, audit_chain_end, find_api_key,
    note_key_use, forget_oauth_states, forget_session_ends, forget_mail_messages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_audit_row, append_audit_rows, audit_chain_end, find_api_key,
    note_key_use, forget_oauth_states, forget_session_ends, forget_mail_messages TO mcp_app;
