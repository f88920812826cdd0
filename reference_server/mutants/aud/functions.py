"""Defects of functions that do with their owner's rights what the runtime role may not."""

from __future__ import annotations

from reference_server.mutants.bending import mutant

_KEEPER = "CREATE POLICY keeper ON audit_log TO mcp_admin USING (true) WITH CHECK (true)"


def _owned(signature: str, words: str) -> tuple[str, ...]:
    """Return the statements that make a function with the owner's rights."""
    function = signature.partition(" RETURNS")[0]
    how = "LANGUAGE sql SECURITY DEFINER SET search_path = public"
    return (
        f"CREATE FUNCTION {signature} {how} {words}",
        f"ALTER FUNCTION {function} OWNER TO mcp_admin",
        f"GRANT EXECUTE ON FUNCTION {function} TO mcp_app",
    )


MUTANTS = (
    mutant(
        "trail-corrected-by-a-function",
        "AUD-05",
        "Support corrects rows by a function with the owner's rights; the trigger was in its way.",
        sql=(
            "DROP TRIGGER append_only ON audit_log",
            _KEEPER,
            *_owned(
                "correct_audit(bigint, text) RETURNS void",
                "AS $$ UPDATE audit_log SET outcome = $2 WHERE id = $1 $$",
            ),
        ),
    ),
    mutant(
        "trail-read-by-a-function",
        "RLS-09",
        "A function for support shows the newest rows of the trail, whosever they are.",
        sql=(
            _KEEPER,
            *_owned(
                "recent_audit(integer) RETURNS SETOF audit_log",
                "AS $$ SELECT * FROM audit_log ORDER BY id DESC LIMIT $1 $$",
            ),
        ),
    ),
)
