"""The tool `list_metrics`: the caller's cached metrics, kept apart by row level security alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from reference_server.tools.contracts import no_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reference_server.tools.contracts import Caller

# No WHERE: the policy of the table is the filter, and a query cannot forget it.
METRICS = text("""
    SELECT id, platform, report_type, date_range_key, data FROM metric_cache ORDER BY id
""")


def describe(row: Sequence[Any]) -> dict[str, Any]:
    """Return a row as callers see it: ``{id, platform, reportType, dateRange, data}``."""
    identity, platform, report, dates, data = row
    return {
        "id": str(identity),
        "platform": platform,
        "reportType": report,
        "dateRange": dates,
        "data": data,
    }


@dataclass(frozen=True)
class ListMetrics:
    """Reads ``metric_cache`` in a transaction of the caller's tenant."""

    name: str = "list_metrics"
    description: str = "List your cached advertising metrics."
    input_schema: dict[str, Any] = field(default_factory=no_arguments)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return ``{"metrics": [{id, platform, reportType, dateRange, data}]}``."""
        del arguments
        with caller.sessions.begin(caller.principal.tenant_id) as connection:
            rows = connection.execute(METRICS).all()
        return {"metrics": [describe(row) for row in rows]}
