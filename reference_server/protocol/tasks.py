"""Tasks: calls that go on after their answer, each its principal's own (extension SEP-2663).

Of revision 2026-07-28 alone: the tasks of 2025-11-25 were an experiment.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from reference_server.core.errors import UnknownObjectError
from reference_server.core.vocabulary import EventType
from reference_server.protocol.desk import LONGEST_NAME, Act, RefusedError, principal_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from mcp.server.lowlevel import Server

    from reference_server.core.contracts import Clock
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk
    from reference_server.tools.contracts import Caller, SlowTool

    Work = Coroutine[Any, Any, types.CallToolResult]

EXTENSION = "io.modelcontextprotocol/tasks"

MOST_TASKS = 50
"""Of one principal in one process. The oldest that has ended gives way to a newer one."""

LIFE_SECONDS = 600
"""How long a task is known, whatever becomes of it."""

POLL_MILLISECONDS = 500

WORKING, COMPLETED, CANCELLED = "working", "completed", "cancelled"


class TaskIdParams(types.RequestParams):
    """Parameters of all methods of tasks; what else a method has is of no use here."""

    task_id: str


@dataclass
class Task:
    """A call that goes on. ``work`` is what does it, once it has begun."""

    id: str
    owner: str
    tool: str
    created: datetime
    updated: datetime
    status: str = WORKING
    result: dict[str, Any] | None = None
    work: asyncio.Task[None] | None = None

    def told(self) -> dict[str, Any]:
        """Return the task as its owner is told of it."""
        facts: dict[str, Any] = {
            "taskId": self.id,
            "status": self.status,
            "createdAt": self.created.isoformat(),
            "lastUpdatedAt": self.updated.isoformat(),
            "ttlMs": LIFE_SECONDS * 1000,
            "pollIntervalMs": POLL_MILLISECONDS,
        }
        return facts if self.result is None else {**facts, "result": self.result}


class TaskStore:
    """The tasks of all principals, each of which finds its own alone."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.tasks: dict[str, Task] = {}

    def add(self, owner: str, tool: str) -> Task:
        """Return a new task; RefusedError where its principal has too many that go on."""
        self.end_old()
        own = [task for task in self.tasks.values() if task.owner == owner]
        if len(own) >= MOST_TASKS:
            ended = next((task for task in own if task.status != WORKING), None)
            if ended is None:
                raise RefusedError("There are too many tasks.")
            del self.tasks[ended.id]
        now = self.clock.now()
        task = Task(self.new_id(), owner, tool, now, now)
        self.tasks[task.id] = task
        return task

    def find(self, identity: str, owner: str, method: str) -> Task:
        """Return a task of its owner's; UnknownObjectError for what is none, or another's."""
        del method
        self.end_old()
        task = self.tasks.get(identity)
        if task is None or task.owner != owner:
            raise UnknownObjectError("task")
        return task

    def new_id(self) -> str:
        """Return an id that nobody can guess."""
        return secrets.token_urlsafe(24)

    def change(self, task: Task, status: str, result: dict[str, Any] | None = None) -> None:
        """Note what has become of a task that went on until now."""
        if task.status == WORKING:
            task.status, task.result, task.updated = status, result, self.clock.now()

    def end_old(self) -> None:
        """Forget the tasks whose life is over; what they still do has nowhere to go."""
        earliest = self.clock.now() - timedelta(seconds=LIFE_SECONDS)
        for task in list(self.tasks.values()):
            if task.created < earliest:
                self.change(task, CANCELLED)
                self.tasks.pop(task.id, None)


class TaskDesk:
    """Starts tasks, and serves `tasks/get`, `tasks/update` and `tasks/cancel`."""

    def __init__(self, parts: Parts, desk: Desk) -> None:
        self._parts = parts
        self._desk = desk
        self._store = parts.mcp.tasks

    def join(self, server: Server[dict[str, Any]]) -> None:
        """Announce the extension and serve its methods."""
        server.extensions[EXTENSION] = {}
        server.add_request_handler("tasks/get", TaskIdParams, self.get)
        server.add_request_handler("tasks/update", TaskIdParams, self.update)
        server.add_request_handler("tasks/cancel", TaskIdParams, self.cancel)

    async def start(self, call: Call, tool: SlowTool, work: Callable[[], Work]) -> dict[str, Any]:
        """Return the answer to a call that goes on as a task."""
        owner = principal_owner(self._parts, call)
        act = Act(EventType.TASK_CREATED, {"tool": tool.name})
        task = await self._desk.run(call, act, lambda _: self._store.add(owner, tool.name))
        task.work = asyncio.create_task(self._carry_out(task, tool.delay, work))
        return {"resultType": "task", **task.told()}

    async def get(self, call: Call, params: TaskIdParams) -> dict[str, Any]:
        """Return how a task is, and its result once there is one."""
        task = await self._find(call, "tasks/get", params, EventType.TASK_READ)
        return {"resultType": "complete", **task.told()}

    async def update(self, call: Call, params: TaskIdParams) -> types.EmptyResult:
        """Acknowledge answers, none of which any task waits for."""
        await self._find(call, "tasks/update", params, EventType.TASK_CHANGED)
        return types.EmptyResult()

    async def cancel(self, call: Call, params: TaskIdParams) -> types.EmptyResult:
        """End a task that goes on; nothing happens to one that has ended."""
        task = await self._find(call, "tasks/cancel", params, EventType.TASK_CHANGED)
        self._store.change(task, CANCELLED)
        if task.work is not None:
            task.work.cancel()
        return types.EmptyResult()

    async def _find(self, call: Call, method: str, params: TaskIdParams, event: EventType) -> Task:
        require_tasks(call, method)
        owner = principal_owner(self._parts, call)
        act = Act(event, {"method": method, "task": params.task_id[:LONGEST_NAME]})

        def find(caller: Caller) -> Task:
            del caller
            task = self._store.find(params.task_id, owner, method)
            if not self._desk.reaches_tool(call, task.tool):
                raise UnknownObjectError("task")
            return task

        return await self._desk.run(call, act, find)

    async def _carry_out(self, task: Task, delay: float, work: Callable[[], Work]) -> None:
        await asyncio.sleep(delay)
        if task.status != WORKING:
            return
        result = await work()
        told = result.model_dump(by_alias=True, mode="json", exclude_none=True)
        self._store.change(task, COMPLETED, told)


def knows_tasks(call: Call) -> bool:
    """Tell whether a call's client has declared the extension, in the revision that has it."""
    able = call.session.client_capabilities
    is_modern = call.session.protocol_version in MODERN_PROTOCOL_VERSIONS
    return is_modern and able is not None and EXTENSION in (able.extensions or {})


def require_tasks(call: Call, method: str) -> None:
    """Raise MCPError where the revision has no tasks, or the client has not declared them."""
    if call.session.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        raise MCPError(types.METHOD_NOT_FOUND, "Method not found", method)
    if not knows_tasks(call):
        raise MCPError(
            types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            "Missing required client capability",
            {"requiredCapabilities": {"extensions": {EXTENSION: {}}}},
        )
