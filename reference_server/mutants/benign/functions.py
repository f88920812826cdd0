"""Functions with their owner's rights that add to the trail, and show nothing of it."""

from __future__ import annotations

from reference_server.mutants.benign.edge import benign

_APPEND = """
    CREATE FUNCTION append_audit(text) RETURNS bigint LANGUAGE sql SECURITY DEFINER
    SET search_path = public AS $$
        -- Never UPDATE audit_log: it is added to.
        INSERT INTO audit_log (event_type, outcome) VALUES ($1, 'success')
        ON CONFLICT DO NOTHING RETURNING id $$"""
_END = """
    CREATE FUNCTION audit_end(OUT id bigint, OUT created_at timestamptz) LANGUAGE sql
    SECURITY DEFINER SET search_path = public
    AS $$ SELECT id, created_at FROM audit_log ORDER BY id DESC LIMIT 1 $$"""

VARIANTS = (
    benign(
        "trail-written-by-a-function",
        "A function with the owner's rights adds to the trail, and another tells where it ends.",
        sql=(
            _APPEND,
            _END,
            "ALTER FUNCTION append_audit(text) OWNER TO mcp_admin",
            "ALTER FUNCTION audit_end() OWNER TO mcp_admin",
            "GRANT EXECUTE ON FUNCTION append_audit(text), audit_end() TO mcp_app",
        ),
    ),
)
