"""The tool `refresh_metric`: marks one of the caller's metrics as fetched now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from reference_server.core.errors import UnknownObjectError
from reference_server.tools.contracts import Step
from reference_server.tools.get_metric import metric_argument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.tools.contracts import Caller

# The id alone: the table's policy lets nobody write another tenant's row.
REFRESH = text("UPDATE metric_cache SET fetched_at = now() WHERE id = :metric RETURNING id")


@dataclass(frozen=True)
class RefreshMetric:
    """A stub of a fetch, since no platform is connected: only the row's time changes."""

    name: str = "refresh_metric"
    description: str = "Fetch one of your cached advertising metrics again, by its id."
    input_schema: dict[str, Any] = field(default_factory=metric_argument)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return ``{refreshed, _stub}``; UnknownObjectError where there is no such metric."""
        try:
            metric = UUID(arguments["metricId"])
        except ValueError as error:
            raise UnknownObjectError("metric") from error
        with caller.sessions.begin(caller.principal.tenant_id) as connection:
            found = connection.execute(REFRESH, {"metric": metric}).all()
        if not found:
            raise UnknownObjectError("metric")
        return refreshed(str(metric), caller)


def refreshed(metric: str, caller: Caller) -> Mapping[str, Any]:
    """Return the tool's result, and note what its caller and subscribers are told."""
    caller.changed.append(f"metric://{metric}")
    caller.steps.append(Step("debug", f"The metric {metric} was looked up."))
    caller.steps.append(Step("info", f"The metric {metric} was fetched again."))
    return {"refreshed": metric, "_stub": True}
