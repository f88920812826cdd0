"""Defects of progress and log messages: who gets them, and what they hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import mcp_types as types

from reference_server.mutants.bending import header, mutant, replaced
from reference_server.protocol.desk import context_of
from reference_server.protocol.notices import LEVELS, Notices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mcp.server.session import ServerSession

    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call
    from reference_server.tools.contracts import Step


class _ToEverySession(Notices):
    """Sends to every session that has ever set a level."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[ServerSession] = []

    async def set_level(self, call: Call, params: types.SetLevelRequestParams) -> types.EmptyResult:
        """Remember the session."""
        self.known.append(call.session)
        return await super().set_level(call, params)


class _ProgressToEverySession(_ToEverySession):
    async def tell(self, call: Call, steps: Sequence[Step]) -> None:
        await super().tell(call, steps)
        token = call.meta.get("progress_token") if call.meta else None
        for session in self.known if token is not None else ():
            for place, step in enumerate(steps, 1):
                await session.send_progress_notification(token or "", place, None, step.text)


class _LogsToEverySession(_ToEverySession):
    async def tell(self, call: Call, steps: Sequence[Step]) -> None:
        await super().tell(call, steps)
        for session in self.known:
            for step in steps:
                told = types.LoggingMessageNotificationParams(level=step.level, data=step.text)
                await session.send_notification(types.LoggingMessageNotification(params=told))


class _Unasked(Notices):
    async def tell(self, call: Call, steps: Sequence[Step]) -> None:
        await super().tell(call, steps)
        if not (call.meta and "progress_token" in call.meta):
            for place, step in enumerate(steps, 1):
                own = str(call.request_id)
                told = types.ProgressNotificationParams(
                    progress_token=own, progress=place, message=step.text
                )
                note = types.ProgressNotification(params=told)
                await call.session.send_notification(note, related_request_id=call.request_id)


class _AnyLevel(Notices):
    def allowed(self, call: Call) -> frozenset[types.LoggingLevel]:
        return frozenset(LEVELS) if super().allowed(call) else frozenset()


class _Always(Notices):
    def allowed(self, call: Call) -> frozenset[types.LoggingLevel]:
        return super().allowed(call) or frozenset(LEVELS)


class _WithTheKey(Notices):
    async def send(self, call: Call, step: Step) -> None:
        key = header(context_of(call), "x-api-key")
        await super().send(call, replace(step, text=f"{step.text} The key was {key}."))


def _told_by(kind: type[Notices]) -> Callable[[Parts], Parts]:
    return replaced({"mcp.notices": lambda _: kind})


MUTANTS = (
    mutant(
        "progress-told-to-every-session",
        "MCP-26",
        "Progress goes to every session that has set a level, too.",
        parts=_told_by(_ProgressToEverySession),
    ),
    mutant(
        "logs-told-to-every-session",
        "MCP-26",
        "Log messages go to every session that has set a level.",
        parts=_told_by(_LogsToEverySession),
    ),
    mutant(
        "progress-unasked",
        "MCP-26",
        "Progress is told without a token, under the request's id.",
        parts=_told_by(_Unasked),
    ),
    mutant(
        "log-level-ignored",
        "MCP-26",
        "Whoever asks for log messages of a level gets those of all.",
        parts=_told_by(_AnyLevel),
    ),
    mutant(
        "logs-unasked",
        "MCP-26",
        "Log messages are sent to callers who have asked for none.",
        parts=_told_by(_Always),
    ),
    mutant(
        "logs-hold-the-key",
        "MCP-26",
        "A log message holds the caller's key.",
        parts=_told_by(_WithTheKey),
    ),
)
