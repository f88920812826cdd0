"""Other tasks: with ids of another form, without a delay, acknowledged without a look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.mcp.tasks import storing
from reference_server.protocol.tasks import COMPLETED, Task, TaskStore
from reference_server.tools.count_metrics import CountMetrics

if TYPE_CHECKING:
    from reference_server.parts import Parts

_TASKS = frozenset({"MCP-20"})


class _ByUuid(TaskStore):
    """Gives tasks UUIDs for ids."""

    def new_id(self) -> str:
        """Return a random UUID."""
        return f"task_{uuid4()}"


class _Acknowledging(TaskStore):
    """Acknowledges what changes a task whether there is one or not, as the extension lets it."""

    def find(self, identity: str, owner: str, method: str) -> Task:
        """Return the owner's task, or one that ended before it began."""
        known = self.tasks.get(identity)
        if method == "tasks/get" or (known is not None and known.owner == owner):
            return super().find(identity, owner, method)
        now = self.clock.now()
        return Task(identity, owner, CountMetrics.name, now, now, COMPLETED)


def _at_once(parts: Parts) -> Any:
    return tuple(
        replace(tool, delay=0.0) if isinstance(tool, CountMetrics) else tool
        for tool in parts.mcp.tools
    )


VARIANTS = (
    benign(
        "tasks-by-uuid",
        "Tasks have UUIDs for ids, behind a word.",
        touches=_TASKS,
        parts=storing(_ByUuid),
    ),
    benign(
        "tasks-acknowledged-unseen",
        "To answer or to end a task is acknowledged at once, whether there is one or not.",
        touches=_TASKS,
        parts=storing(_Acknowledging),
    ),
    benign(
        "tasks-done-at-once",
        "A task has often ended by the time that its client first asks.",
        touches=_TASKS,
        parts=replaced({"mcp.tools": _at_once}),
    ),
)
