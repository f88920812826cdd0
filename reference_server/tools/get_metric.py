"""The tool `get_metric`: one cached metric by its id, which is nobody's but its tenant's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from reference_server.core.errors import UnknownObjectError
from reference_server.tools.list_metrics import describe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.tools.contracts import Caller

# The id alone: whose it is, the table's policy decides, so another tenant's does not exist here.
METRIC = text("""
    SELECT id, platform, report_type, date_range_key, data FROM metric_cache WHERE id = :metric
""")
UUID_FORM = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


def metric_argument() -> dict[str, Any]:
    """Return the schema of arguments that name one metric."""
    return {
        "type": "object",
        "properties": {"metricId": {"type": "string", "pattern": UUID_FORM}},
        "required": ["metricId"],
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class GetMetric:
    """Reads one row of ``metric_cache`` in a transaction of the caller's tenant."""

    name: str = "get_metric"
    description: str = "Get one of your cached advertising metrics by its id."
    input_schema: dict[str, Any] = field(default_factory=metric_argument)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return the metric as `list_metrics` does; UnknownObjectError where there is none."""
        # `$` of a pattern lets a newline pass; UUID() does not.
        try:
            values = {"metric": UUID(arguments["metricId"])}
        except ValueError as error:
            raise UnknownObjectError("metric") from error
        with caller.sessions.begin(caller.principal.tenant_id) as connection:
            found = connection.execute(METRIC, values).all()
        if not found:
            raise UnknownObjectError("metric")
        return {"metric": describe(found[0])}
