"""Tools that become tasks (SEP-2663), each task its principal's own.

Where the server has tasks itself, its own stay: these methods pass on what is none of theirs.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import mcp_types as types
from mcp.shared.exceptions import MCPError
from pydantic import Field

from reference_server.core.errors import UnknownObjectError
from reference_server.core.vocabulary import EventType
from reference_server.demo.everything.asking import NAME, ask, form, has_all
from reference_server.demo.everything.fixture import Fixture, arguments, says
from reference_server.protocol.desk import LONGEST_NAME, Act, FailedError, principal_owner
from reference_server.protocol.tasks import EXTENSION, knows_tasks, require_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from datetime import datetime

    from mcp.server.lowlevel import Server
    from mcp.server.lowlevel.server import HandlerEntry

    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk
    from reference_server.tools.contracts import Caller

    Work = Callable[["Job", Mapping[str, Any]], Coroutine[Any, Any, types.CallToolResult]]

LIFE_SECONDS = 300
MOST_JOBS = 100
"""At once; the oldest is cancelled for a newer one."""


class TaskParams(types.RequestParams):
    """Parameters of a method for one task."""

    task_id: str
    input_responses: dict[str, Any] = Field(default_factory=dict)


@dataclass
class Job:
    """A task: what it is asked for, what it waits for, and what has become of it."""

    owner: str
    created: datetime
    id: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    status: str = "working"
    outcome: dict[str, Any] = field(default_factory=dict[str, Any])
    pending: dict[str, types.InputRequest] = field(default_factory=dict[str, types.InputRequest])
    answers: dict[str, Any] = field(default_factory=dict[str, Any])
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    running: asyncio.Task[None] | None = None

    def told(self) -> dict[str, Any]:
        """Return the members of the protocol's task."""
        return {
            "taskId": self.id,
            "status": self.status,
            "createdAt": self.created.isoformat(),
            "lastUpdatedAt": self.created.isoformat(),
            "ttlMs": LIFE_SECONDS * 1000,
            "pollIntervalMs": 200,
        }

    def detailed(self) -> dict[str, Any]:
        """Return the same with what it asks for, or its end."""
        asked = {
            key: request.model_dump(by_alias=True, mode="json", exclude_none=True)
            for key, request in self.pending.items()
        }
        return {**self.told(), **({"inputRequests": asked} if asked else {}), **self.outcome}

    async def ask(self, requests: Mapping[str, types.InputRequest]) -> None:
        """Wait until every request has its response."""
        self.status, self.pending = "input_required", dict(requests)
        await self.answered.wait()
        self.status = "working"

    def answer(self, responses: Mapping[str, Any]) -> None:
        """Take the responses to what is asked; others do not matter."""
        for key in set(responses) & set(self.pending):
            self.answers[key] = responses[key]
            del self.pending[key]
        if self.status == "input_required" and not self.pending:
            self.answered.set()

    def cancel(self) -> None:
        """End it, unless it has ended."""
        if self.running is not None and not self.running.done():
            self.running.cancel()
            self.status, self.pending = "cancelled", {}

    async def carry_out(self, work: Coroutine[Any, Any, types.CallToolResult]) -> None:
        """Do the work, and note what became of it."""
        try:
            async with asyncio.timeout(LIFE_SECONDS):
                result = await work
        except Exception:  # noqa: BLE001 -- whatever it was, it is told in fixed words
            error = {"code": types.INTERNAL_ERROR, "message": "The task failed."}
            self.status, self.outcome = "failed", {"error": error}
        else:
            told = result.model_dump(by_alias=True, mode="json", exclude_none=True)
            self.status, self.outcome = "completed", {"result": told}


@dataclass
class Jobs:
    """The tasks of all principals."""

    parts: Parts
    known: dict[str, Job] = field(default_factory=dict[str, Job])

    def start(self, call: Call, work: Work, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a call that goes on as a task."""
        while len(self.known) >= MOST_JOBS:
            self.known.pop(next(iter(self.known))).cancel()
        job = Job(principal_owner(self.parts, call), self.parts.clock.now())
        self.known[job.id] = job
        job.running = asyncio.create_task(job.carry_out(work(job, given)))
        return {"resultType": "task", **job.told()}

    def join(self, server: Server[dict[str, Any]], parts: Parts, desk: Desk) -> None:
        """Announce the extension and serve its methods."""
        del parts
        methods = _Methods(self, desk)
        server.extensions.setdefault(EXTENSION, {})
        for name, handler in (
            ("tasks/get", methods.get),
            ("tasks/update", methods.update),
            ("tasks/cancel", methods.cancel),
        ):
            other = server.get_request_handler(name)
            if other is not None:
                methods.others[name] = other
            server.add_request_handler(name, TaskParams, handler)


@dataclass(frozen=True)
class _Methods:
    """What asks for one task; ``others`` serves those that are not among ``jobs``."""

    jobs: Jobs
    desk: Desk
    others: dict[str, HandlerEntry[Any]] = field(default_factory=dict[str, Any])

    async def get(self, call: Call, params: TaskParams) -> Any:
        """Return how a task is."""
        return await self._serve("tasks/get", call, params, Job.detailed)

    async def update(self, call: Call, params: TaskParams) -> Any:
        """Take responses to what a task asks for."""
        return await self._serve(
            "tasks/update", call, params, lambda job: job.answer(params.input_responses)
        )

    async def cancel(self, call: Call, params: TaskParams) -> Any:
        """End a task."""
        return await self._serve("tasks/cancel", call, params, Job.cancel)

    async def _serve(
        self, method: str, call: Call, params: TaskParams, do: Callable[[Job], Any]
    ) -> Any:
        require_tasks(call, method)
        named = call.request.headers.get("mcp-name") if call.request else None
        if named not in (None, params.task_id):
            raise MCPError(types.HEADER_MISMATCH, "Mcp-Name does not match the task's id.")
        job = self.jobs.known.get(params.task_id)
        if job is None and method in self.others:
            return await self.others[method].handler(call, params)
        owner = principal_owner(self.jobs.parts, call)
        task = params.task_id[:LONGEST_NAME]
        facts = {"tool": method, "task": task}
        act = Act(EventType.TOOL_CALLED, facts, failure=EventType.TOOL_FAILED)

        def find(caller: Caller) -> Job:
            del caller
            if job is None or job.owner != owner:
                raise UnknownObjectError("task")
            return job

        told: dict[str, Any] = do(await self.desk.run(call, act, find)) or {}
        return {"resultType": "complete", **told}


async def _compute(job: Job, given: Mapping[str, Any]) -> types.CallToolResult:
    del job
    await asyncio.sleep(given["seconds"])
    return says(f"{given.get('label', 'It')} is computed.")


async def _fail(job: Job, given: Mapping[str, Any]) -> types.CallToolResult:
    del job, given
    failed = types.TextContent(type="text", text="The job failed.")
    return types.CallToolResult(content=[failed], is_error=True)


async def _break(job: Job, given: Mapping[str, Any]) -> types.CallToolResult:
    del job, given
    raise FailedError(types.INTERNAL_ERROR, "The job broke.")


async def _confirm(job: Job, given: Mapping[str, Any]) -> types.CallToolResult:
    await job.ask({"confirm": form("Delete it?", "confirm", "boolean")})
    return says(f"Answered for {given['filename']}.")


async def _ask_twice(job: Job, given: Mapping[str, Any]) -> types.CallToolResult:
    del given
    await job.ask({"first": NAME, "second": form("And the other's?", "name")})
    return says(f"Answered: {', '.join(sorted(job.answers))}.")


async def _greet(
    call: Call, params: types.CallToolRequestParams, caller: Caller
) -> types.CallToolResult:
    del call, caller
    return says(f"Hello, {(params.arguments or {})['name']}!")


def build_tasks(jobs: Jobs) -> tuple[Fixture, ...]:
    """Return the tools, which begin tasks among ``jobs``."""

    def job(name: str, work: Work, *, alone: bool = False, **schema: Any) -> Fixture:
        """Return a tool that is done at once for clients without tasks, if it can be."""

        async def answer(call: Call, params: types.CallToolRequestParams, caller: Caller) -> Any:
            del caller
            given = params.arguments or {}
            if alone and not knows_tasks(call):
                return await work(Job("", jobs.parts.clock.now()), given)
            require_tasks(call, "tools/call")
            return jobs.start(call, work, given)

        return Fixture(name, "Go on as a task.", answer, arguments(**schema))

    async def ask_first(call: Call, params: types.CallToolRequestParams, caller: Caller) -> Any:
        del caller
        require_tasks(call, "tools/call")
        if not has_all(params, {"user_name": NAME}):
            return ask(call, {"user_name": NAME})
        given = cast("types.ElicitResult", (params.input_responses or {})["user_name"])
        return jobs.start(call, _hello, given.content or {})

    seconds = {"type": "number", "minimum": 0, "maximum": 60}
    return (
        Fixture("greet", "Greet.", _greet, arguments(name={"type": "string"})),
        job("slow_compute", _compute, alone=True, seconds=seconds, label={"type": "string"}),
        job("failing_job", _fail),
        job("protocol_error_job", _break),
        job("confirm_delete", _confirm, filename={"type": "string"}),
        job("multi_input", _ask_twice),
        Fixture("test_tool_with_task", "Ask for a name, then go on as a task.", ask_first),
    )


async def _hello(job: Job, given: Mapping[str, Any]) -> types.CallToolResult:
    del job
    return says(f"Hello, {given.get('name')}!")
