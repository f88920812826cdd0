"""The tool `count_metrics`: the caller's metrics by platform, as a task where the client can."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from reference_server.tools.contracts import no_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.tools.contracts import Caller

# No WHERE: the policy of the table is the filter, and a query cannot forget it.
COUNTED = text("SELECT platform, count(*) FROM metric_cache GROUP BY platform ORDER BY platform")


@dataclass(frozen=True)
class CountMetrics:
    """Counts rows of ``metric_cache`` in a transaction of the caller's tenant."""

    name: str = "count_metrics"
    description: str = "Count your cached advertising metrics by platform."
    input_schema: dict[str, Any] = field(default_factory=no_arguments)
    delay: float = 2.0
    """Seconds that a task waits before it begins: what many ask for at once is spread by that."""

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return ``{"counts": {platform: number}}``."""
        del arguments
        with caller.sessions.begin(caller.principal.tenant_id) as connection:
            rows = connection.execute(COUNTED).all()
        return {"counts": dict(rows)}
