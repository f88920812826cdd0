"""The resources `metric://ID`: the caller's cached metrics, kept apart by row level security."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from reference_server.core.errors import UnknownObjectError
from reference_server.resources.contracts import ListedResource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference_server.tools.contracts import Caller

SCHEME = "metric://"

# No tenant in any of them: the table's policy is the filter, and no query can forget it.
PAGE = text("""
    SELECT id, platform, report_type, date_range_key FROM metric_cache
     WHERE CAST(id AS text) > :position ORDER BY CAST(id AS text) LIMIT :count
""")
METRIC = text("""
    SELECT platform, report_type, date_range_key, data FROM metric_cache WHERE id = :metric
""")
BEGINNINGS = text("""
    SELECT CAST(id AS text) FROM metric_cache
     WHERE starts_with(CAST(id AS text), :beginning) ORDER BY 1 LIMIT 100
""")


@dataclass(frozen=True)
class MetricResources:
    """Reads ``metric_cache`` in transactions of the caller's tenant."""

    uri_template: str = "metric://{metricId}"
    name: str = "metric"
    description: str = "One of your cached advertising metrics."
    mime_type: str = "application/json"

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """Return the caller's metrics in the order of their ids."""
        values = {"position": position, "count": count}
        with caller.sessions.begin(caller.principal.tenant_id) as connection:
            rows = connection.execute(PAGE, values).all()
        return [
            ListedResource(f"{SCHEME}{identity}", f"{platform} {report} {dates}", str(identity))
            for identity, platform, report, dates in rows
        ]

    def read(self, uri: str, caller: Caller) -> str:
        """Return ``{platform, reportType, dateRange, data}`` as JSON."""
        with caller.sessions.begin(caller.principal.tenant_id) as connection:
            found = connection.execute(METRIC, {"metric": _metric_id(uri)}).all()
        if not found:
            raise UnknownObjectError("resource")
        platform, report, dates, data = found[0]
        return json.dumps(
            {"platform": platform, "reportType": report, "dateRange": dates, "data": data}
        )

    def complete(self, beginning: str, caller: Caller) -> Sequence[str]:
        """Return ids of the caller's metrics."""
        with caller.sessions.begin(caller.principal.tenant_id) as connection:
            rows = connection.execute(BEGINNINGS, {"beginning": beginning}).all()
        return [row[0] for row in rows]


def _metric_id(uri: str) -> UUID:
    """Return the id in a URI of the one canonical form; no other spelling names a resource."""
    identity = uri.removeprefix(SCHEME)
    try:
        metric = UUID(identity)
    except ValueError as error:
        raise UnknownObjectError("resource") from error
    if f"{SCHEME}{metric}" != uri:
        raise UnknownObjectError("resource")
    return metric
