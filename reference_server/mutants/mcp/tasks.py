"""Defects of tasks: whose they are, and what their ids tell."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_REQUEST

from reference_server.core.errors import UnknownObjectError
from reference_server.mutants.bending import mutant, replaced
from reference_server.protocol.tasks import CANCELLED, WORKING, Task, TaskStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.parts import Parts


def storing(kind: Callable[[Any], TaskStore]) -> Callable[[Parts], Parts]:
    """Return a change of parts that keeps tasks in another way."""
    return replaced({"mcp.tasks": lambda parts: kind(parts.clock)})


class _ByIdAlone(TaskStore):
    """Finds a task by its id, whoever asks by some method."""

    unbound = ""

    def find(self, identity: str, owner: str, method: str) -> Task:
        """Return the task of that id."""
        if method == self.unbound and identity in self.tasks:
            return self.tasks[identity]
        return super().find(identity, owner, method)


class _ReadByAnybody(_ByIdAlone):
    unbound = "tasks/get"


class _UpdatedByAnybody(_ByIdAlone):
    unbound = "tasks/update"


class _CancelledByAnybody(_ByIdAlone):
    unbound = "tasks/cancel"


class _EndedUnseen(TaskStore):
    """Refuses who is not its owner, after having done what was asked."""

    def find(self, identity: str, owner: str, method: str) -> Task:
        """Return the owner's task."""
        task = self.tasks.get(identity)
        if method == "tasks/cancel" and task is not None and task.status == WORKING:
            self.change(task, CANCELLED)
        return super().find(identity, owner, method)


class _ToldApart(TaskStore):
    """Says of another's task that it is another's."""

    def find(self, identity: str, owner: str, method: str) -> Task:
        """Return the owner's task."""
        try:
            return super().find(identity, owner, method)
        except UnknownObjectError as error:
            if identity in self.tasks:
                raise MCPError(INVALID_REQUEST, "This task is not yours.") from error
            raise


class _Counted(TaskStore):
    """Counts its tasks."""

    numbers = count(100_001)

    def new_id(self) -> str:
        """Return the next number, in a form that looks drawn."""
        return f"task-{next(self.numbers):032x}"


MUTANTS = (
    mutant(
        "tasks-read-by-anybody",
        "MCP-20",
        "Who knows a task's id is told how it is, and its result.",
        parts=storing(_ReadByAnybody),
    ),
    mutant(
        "tasks-updated-by-anybody",
        "MCP-20",
        "Who knows a task's id answers what it asks.",
        parts=storing(_UpdatedByAnybody),
    ),
    mutant(
        "tasks-cancelled-by-anybody",
        "MCP-20",
        "Who knows a task's id ends it.",
        parts=storing(_CancelledByAnybody),
    ),
    mutant(
        "tasks-ended-before-they-are-refused",
        "MCP-20",
        "Who asks to end another's task is told that there is none, and it is ended.",
        parts=storing(_EndedUnseen),
    ),
    mutant(
        "tasks-told-apart",
        "MCP-20",
        "Another's task is refused in other words than one that never was.",
        parts=storing(_ToldApart),
    ),
    mutant(
        "tasks-counted",
        "MCP-20",
        "Ids of tasks are counted.",
        parts=storing(_Counted),
    ),
)
