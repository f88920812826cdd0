"""Databases that permit the runtime role less than they might."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reference_server.mutants.bending import with_tool
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.rls.tables import isolated
from reference_server.tools.get_metric import GetMetric
from reference_server.tools.refresh_metric import refreshed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.tools.contracts import Caller

_NO_UPDATE = "REVOKE UPDATE ON metric_cache FROM mcp_app"
# Of whatever rows there will be, and without rights of its own.
_REFERRED = """
    CREATE FUNCTION referred() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS
    $$ BEGIN RAISE EXCEPTION 'referred to' USING ERRCODE = 'foreign_key_violation'; END $$"""
_FOR_EACH = "FOR EACH ROW EXECUTE FUNCTION referred()"
_STAMP = """
    CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN NEW.tenant_id = public.current_tenant(); RETURN NEW; END $$"""
_STAMPED = "BEFORE INSERT OR UPDATE ON {0} FOR EACH ROW EXECUTE FUNCTION stamp()"
_COUNTED = """
    CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql SECURITY DEFINER
    RETURN (SELECT count(*) FROM pg_catalog.pg_stat_activity)"""


def _refreshed(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    """Note elsewhere that a metric was fetched: its row stays as it is."""
    return refreshed(GetMetric().run(arguments, caller)["metric"]["id"], caller)


_REFRESHED_ELSEWHERE = with_tool("refresh_metric", _refreshed)

_UNREAD = "AUTH-13 LOG-04 MILE-02 ROT-05"
"""What searches the whole database: these tables are none that the auditor may read."""

VARIANTS = (
    benign(
        "rows-never-changed",
        "The runtime role adds rows and reads them, and may neither change nor delete any.",
        sql=(_NO_UPDATE, "REVOKE DELETE ON metric_cache FROM mcp_app"),
        parts=_REFRESHED_ELSEWHERE,
    ),
    benign(
        "one-column-changed",
        "The runtime role may change what a row holds, and neither its tenant nor the row itself.",
        sql=(
            _NO_UPDATE,
            "GRANT UPDATE (data) ON metric_cache TO mcp_app",
            "REVOKE DELETE ON metric_cache FROM mcp_app",
        ),
        parts=_REFRESHED_ELSEWHERE,
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
        lacks=_UNREAD,
    ),
    benign(
        "same-names-in-another-schema",
        "An archive in a schema of its own has tables and views called as those in use.",
        lacks=_UNREAD,
        sql=(
            "CREATE SCHEMA archive",
            "GRANT USAGE ON SCHEMA archive TO mcp_app",
            *isolated("archive.metric_cache", "id uuid PRIMARY KEY, body text NOT NULL"),
            *isolated('archive."API keys"', "id uuid PRIMARY KEY, body text NOT NULL"),
            *isolated("archive.api_keys", "id uuid PRIMARY KEY, body text NOT NULL"),
        ),
    ),
    benign(
        "references-by-uuid",
        "Rows refer to others by a uuid alone, of which nobody guesses another tenant's.",
        lacks=_UNREAD,
        sql=(
            *isolated("folder", "id uuid PRIMARY KEY DEFAULT gen_random_uuid(), share uuid UNIQUE"),
            *isolated("note", "id uuid PRIMARY KEY, folder uuid NOT NULL REFERENCES folder (id)"),
            "CREATE UNIQUE INDEX one_name ON note ((tenant_id::text || id::text))",
        ),
    ),
    benign(
        "rows-stamped-by-a-trigger",
        "Whatever tenant a statement names, a trigger writes the one of the context into the row.",
        sql=(
            _STAMP,
            f"CREATE TRIGGER stamp {_STAMPED.format('metric_cache')}",
            f"CREATE TRIGGER stamp {_STAMPED.format('sync_log')}",
        ),
    ),
    benign(
        "functions-of-an-extension",
        "An extension brought a function that runs with its owner's rights.",
        sql=(_COUNTED, "ALTER EXTENSION plpgsql ADD FUNCTION counted()"),
    ),
)
