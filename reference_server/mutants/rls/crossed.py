"""Defects that cross answers of concurrent calls: each works while nobody else calls."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant, replaced, with_tool
from reference_server.tools.list_metrics import ListMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller

_MOMENT = 0.02
"""Seconds that an answer waits for whoever takes it up."""


class _ById:
    """Files each tool's answer under its JSON-RPC id, where the caller's stream takes it up.

    Two callers number their messages alike, so one answer is what both take, unless they are
    ``told_apart`` by their keys.
    """

    def __init__(self, app: App, *, keeps_first: bool, told_apart: bool) -> None:
        self._app, self._keeps_first, self._told_apart = app, keeps_first, told_apart
        self._filed: dict[object, bytes] = {}
        self._takers: dict[object, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        start: list[Message] = []

        async def file(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
                return
            if start:
                caller = dict(scope["headers"]).get(b"x-api-key") if self._told_apart else None
                body = await self._taken_up(caller, message.get("body", b""))
                head = start.pop()
                if not message.get("more_body", False):
                    kept = [pair for pair in head["headers"] if pair[0] != b"content-length"]
                    head["headers"] = [*kept, (b"content-length", b"%d" % len(body))]
                await send(head)
                message = {**message, "body": body}
            await send(message)

        await self._app(scope, receive, file if scope["type"] == "http" else send)

    async def _taken_up(self, caller: bytes | None, body: bytes) -> bytes:
        own = _id_of_a_tools_answer(body)
        if own is None:
            return body
        identity = caller, own
        if not (self._keeps_first and identity in self._filed):
            self._filed[identity] = body
        self._takers[identity] = self._takers.get(identity, 0) + 1
        await asyncio.sleep(_MOMENT)
        found = self._filed[identity]
        self._takers[identity] -= 1
        if not self._takers[identity]:
            del self._filed[identity]
        return found


def _id_of_a_tools_answer(body: bytes) -> object:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return None
    message = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    result: Any = message.get("result")
    return message.get("id") if isinstance(result, dict) and "content" in result else None


def filed(*, keeps_first: bool, told_apart: bool = False) -> Callable[[Parts], Parts]:
    """Return a change of parts that files answers by message id, and by key if ``told_apart``."""

    def around(app: App) -> App:
        return _ById(app, keeps_first=keeps_first, told_apart=told_apart)

    return replaced({"web.edge": lambda _: around})


class _Ring:
    """Keeps the tenants of calls in so many places, taken in turn: enough, as long as few call."""

    def __init__(self, parts: Parts, places: int) -> None:
        self._sessions, self._places = parts.sessions, places
        self._tenants: dict[int, UUID] = {}
        self._turns = count()
        self._never = threading.Event()

    @contextmanager
    def begin(self, tenant_id: UUID) -> Generator[Connection]:
        place = next(self._turns) % self._places
        self._tenants[place] = tenant_id
        self._never.wait(0.4)  # what a remote lookup may take
        with self._sessions.begin(self._tenants[place]) as connection:
            yield connection


def _of(places: int) -> Callable[[Parts], Parts]:
    return replaced({"sessions": lambda parts: _Ring(parts, places)})


def _with_the_last_callers_cursor(parts: Parts) -> Parts:
    """Let a list end with a cursor that holds the row at which the last list ended, whoever's."""
    last: list[str] = []

    def run(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        found = ListMetrics().run(arguments, caller)
        cursor = last.pop() if last else ""
        row = json.dumps(found["metrics"][-1:]).encode()
        last.append(base64.urlsafe_b64encode(row).decode())
        return {**found, "cursor": cursor}

    return with_tool("list_metrics", run)(parts)


def _with_a_neighbours_row(parts: Parts) -> Parts:
    """Let a list name a row of whoever else is being served at the moment."""
    served: dict[int, str] = {}
    turns, never = count(), threading.Event()

    def run(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        found, mine = ListMetrics().run(arguments, caller), next(turns)
        served[mine] = found["metrics"][0]["id"] if found["metrics"] else ""
        never.wait(_MOMENT)
        others = [row for turn, row in list(served.items()) if turn != mine]
        del served[mine]
        return {**found, "related": others}

    return with_tool("list_metrics", run)(parts)


MUTANTS = (
    mutant(
        "cursor-of-the-last-caller",
        "RLS-07 RLS-08 RLS-10",
        "A list's cursor holds, in base64, a row of whoever listed last.",
        parts=_with_the_last_callers_cursor,
    ),
    mutant(
        "row-of-a-neighbour-named",
        "RLS-08",
        "A list names the id of a row that another tenant is being shown at the same moment.",
        parts=_with_a_neighbours_row,
    ),
    mutant(
        "answers-filed-by-message-id",
        "RLS-07 RLS-08",
        "Answers wait under their JSON-RPC ids, which two tenants' clients number alike.",
        parts=filed(keeps_first=False),
    ),
    mutant(
        "calls-joined-by-message-id",
        "RLS-07 RLS-08",
        "A call whose JSON-RPC id is being answered gets that answer, whoever asked for it.",
        parts=filed(keeps_first=True),
    ),
    mutant(
        "tenant-in-one-of-13-places",
        "RLS-08 RLS-15",
        "Tenants of calls are kept in a ring of 13 places: the 14th at once is in the way.",
        parts=_of(13),
    ),
    mutant(
        "tenant-in-one-of-27-places",
        "RLS-08 RLS-15",
        "Tenants of calls are kept in a ring of 27 places: the 28th at once is in the way.",
        parts=_of(27),
    ),
)
