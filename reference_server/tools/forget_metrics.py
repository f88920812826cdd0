"""The tool `forget_metrics`: deletes cached metrics of a platform, once its caller agrees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from reference_server.tools.account_health import PLATFORMS
from reference_server.tools.contracts import Question

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.tools.contracts import Caller, Reply

# No tenant in either: the table's policy lets nobody see, or delete, another tenant's row.
FOUND = text("SELECT id FROM metric_cache WHERE platform = :platform ORDER BY id LIMIT 100")
FORGET = text("DELETE FROM metric_cache WHERE id = ANY(:metrics) RETURNING id")


def _schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"platform": {"type": "string", "enum": list(PLATFORMS)}},
        "required": ["platform"],
        "additionalProperties": False,
    }


def _form() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"confirm": {"type": "boolean", "title": "Delete them"}},
        "required": ["confirm"],
    }


@dataclass(frozen=True)
class ForgetMetrics:
    """Deletes what the question told of, and nothing that was cached since."""

    name: str = "forget_metrics"
    description: str = "Delete your cached advertising metrics of a platform, after you agreed."
    input_schema: dict[str, Any] = field(default_factory=_schema)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Delete nothing: who calls could not be asked."""
        del arguments, caller
        return {"forgotten": [], "agreed": False}

    def ask(self, arguments: Mapping[str, Any], caller: Caller) -> Question:
        """Return the question how many metrics to delete; its state is their ids."""
        with caller.sessions.begin(caller.principal.tenant_id) as connection:
            found = connection.execute(FOUND, {"platform": arguments["platform"]}).scalars().all()
        message = f"Delete {len(found)} cached metrics of {arguments['platform']}?"
        return Question(message, _form(), {"metrics": [str(one) for one in found]})

    def go_on(self, reply: Reply, caller: Caller) -> Mapping[str, Any]:
        """Return ``{forgotten, agreed}``, the ids of what was deleted."""
        if reply.content is None or reply.content.get("confirm") is not True:
            return {"forgotten": [], "agreed": False}
        metrics = [UUID(one) for one in reply.state["metrics"]]
        if not metrics:
            return {"forgotten": [], "agreed": True}
        with caller.sessions.begin(caller.principal.tenant_id) as connection:
            gone = connection.execute(FORGET, {"metrics": metrics}).scalars().all()
        caller.changed.extend(f"metric://{one}" for one in gone)
        return {"forgotten": [str(one) for one in gone], "agreed": True}
