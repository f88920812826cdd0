"""Defects of tables beside the one that everybody looks at."""

from __future__ import annotations

from reference_server.mutants.bending import mutant

OWN = "tenant_id = current_tenant()"
_RENEWED = "DROP POLICY tenant_isolation ON sync_log"
_CREATE = "CREATE POLICY tenant_isolation ON sync_log"


def isolated(table: str, columns: str) -> tuple[str, ...]:
    """Return the statements that make a table of tenants' rows as a migration would."""
    return (
        f"CREATE TABLE {table} ({columns}, tenant_id uuid NOT NULL)",
        f"ALTER TABLE {table} OWNER TO mcp_admin",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant_isolation ON {table} USING ({OWN}) WITH CHECK ({OWN})",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO mcp_app",
    )


MUTANTS = (
    mutant(
        "other-table-without-check",
        "RLS-05",
        "The policy of sync_log, where jobs write, has no WITH CHECK of its own.",
        sql=(_RENEWED, f"{_CREATE} USING ({OWN}) WITH CHECK (true)"),
    ),
    mutant(
        "other-table-takes-new-rows",
        "RLS-05",
        "Rows of sync_log cannot be moved; new ones are taken for any tenant.",
        sql=("CREATE POLICY jobs ON sync_log FOR INSERT WITH CHECK (true)",),
    ),
    mutant(
        "other-table-changed-blindly",
        "RLS-06",
        "The policies of sync_log for writing name no tenant, so that a WHERE is all there is.",
        sql=(
            _RENEWED,
            f"CREATE POLICY reads ON sync_log FOR SELECT USING ({OWN})",
            f"CREATE POLICY inserts ON sync_log FOR INSERT WITH CHECK ({OWN})",
            f"CREATE POLICY updates ON sync_log FOR UPDATE USING (true) WITH CHECK ({OWN})",
            "CREATE POLICY deletes ON sync_log FOR DELETE USING (true)",
        ),
    ),
    mutant(
        "tenant-removed-by-any-other",
        "RLS-06",
        "A tenant may close its own account: the policy for that forgot whose.",
        sql=(
            "GRANT DELETE ON tenants TO mcp_app",
            "CREATE POLICY closing ON tenants FOR DELETE USING (true)",
        ),
    ),
    mutant(
        "tenants-listed-without-context",
        "RLS-04",
        "The table of tenants has no tenant column, and shows all of itself while none is set.",
        sql=("CREATE POLICY listing ON tenants FOR SELECT USING (current_tenant() IS NULL)",),
    ),
    mutant(
        "copy-in-another-schema",
        "RLS-02 RLS-05 RLS-06",
        "A copy of metric_cache for reports, in a schema of its own, has no policy.",
        sql=(
            "CREATE SCHEMA reports",
            "GRANT USAGE ON SCHEMA reports TO mcp_app",
            "CREATE TABLE reports.metric_cache (LIKE public.metric_cache INCLUDING ALL)",
            "ALTER TABLE reports.metric_cache OWNER TO mcp_admin",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON reports.metric_cache TO mcp_app",
        ),
    ),
    mutant(
        "runtime-may-create-elsewhere",
        "RLS-01",
        "A schema for temporary work is open to the runtime role, functions and all.",
        sql=("CREATE SCHEMA scratch", "GRANT USAGE, CREATE ON SCHEMA scratch TO mcp_app"),
    ),
    mutant(
        "view-of-no-tenants-column",
        "RLS-09",
        "A view for reports reads with its owner's rights, and leaves the tenant out.",
        sql=(
            "CREATE VIEW metric_texts AS SELECT platform, data FROM metric_cache",
            "GRANT SELECT ON metric_texts TO mcp_app",
        ),
    ),
    mutant(
        "reference-by-number",
        "RLS-09",
        "Rows refer to others by a number alone, and so tell which numbers other tenants have.",
        sql=(
            *isolated("report", "id integer PRIMARY KEY"),
            *isolated("report_part", "id uuid PRIMARY KEY, report integer REFERENCES report (id)"),
        ),
    ),
)
