"""Databases that permit the runtime role less than they might."""

from __future__ import annotations

from reference_server.mutants.benign.edge import benign

_NO_UPDATE = "REVOKE UPDATE ON metric_cache FROM mcp_app"
# Of whatever rows there will be, and without rights of its own.
_REFERRED = """
    CREATE FUNCTION referred() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS
    $$ BEGIN RAISE EXCEPTION 'referred to' USING ERRCODE = 'foreign_key_violation'; END $$"""
_FOR_EACH = "FOR EACH ROW EXECUTE FUNCTION referred()"

VARIANTS = (
    benign(
        "rows-never-changed",
        "The runtime role adds rows and reads them, and may neither change nor delete any.",
        sql=(_NO_UPDATE, "REVOKE DELETE ON metric_cache FROM mcp_app"),
    ),
    benign(
        "one-column-changed",
        "The runtime role may change what a row holds, and neither its tenant nor the row itself.",
        sql=(
            _NO_UPDATE,
            "GRANT UPDATE (data) ON metric_cache TO mcp_app",
            "REVOKE DELETE ON metric_cache FROM mcp_app",
        ),
    ),
    benign(
        "rows-referred-to",
        "No row can be deleted, as a reference to it would be left: that is a constraint's error.",
        sql=(_REFERRED, "CREATE TRIGGER referred BEFORE DELETE ON metric_cache " + _FOR_EACH),
    ),
    benign(
        "view-of-an-odd-name",
        "A view whose name needs quotes, which shows whoever asks what the policies let them see.",
        sql=(
            'CREATE VIEW "Old metrics" WITH (security_invoker) AS SELECT * FROM metric_cache',
            'GRANT SELECT ON "Old metrics" TO mcp_app',
        ),
    ),
    benign(
        "schema-that-the-auditor-cannot-read",
        "What else the database is used for stands in a schema that the auditor may not read.",
        sql=("CREATE SCHEMA billing", "CREATE TABLE billing.invoices (id int, note text)"),
        lacks="AUTH-13 LOG-04 ROT-05",
    ),
)
