"""Progress and log messages of a call: to whoever made it, as far as it has asked for them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, get_args

import mcp_types as types
from mcp.server.connection import allowed_log_levels
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from reference_server.protocol.desk import session_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference_server.protocol.desk import Call
    from reference_server.tools.contracts import Step

LEVELS: tuple[types.LoggingLevel, ...] = get_args(types.LoggingLevel)
"""From the least to the most severe."""

MOST_SESSIONS = 10_000
"""Of which a level is kept: a session does not say that it has ended."""


class Notices:
    """Serves `logging/setLevel`, and tells callers of the steps of their calls.

    A session that has set no level, and a request without one, gets no log message.
    """

    def __init__(self) -> None:
        self._levels: OrderedDict[str, types.LoggingLevel] = OrderedDict()

    async def set_level(self, call: Call, params: types.SetLevelRequestParams) -> types.EmptyResult:
        """Remember the level of this session, whose principal the gate has looked at."""
        self._levels[session_id(call)] = params.level
        while len(self._levels) > MOST_SESSIONS:
            self._levels.popitem(last=False)
        return types.EmptyResult()

    async def tell(self, call: Call, steps: Sequence[Step]) -> None:
        """Send what was asked for, on the stream of the answer to this very call."""
        for place, step in enumerate(steps, 1):
            await call.session.report_progress(place, len(steps), step.text)
            if step.level in self.allowed(call):
                await self.send(call, step)

    def allowed(self, call: Call) -> frozenset[types.LoggingLevel]:
        """Return the levels that the caller has asked for."""
        if call.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return allowed_log_levels(call.protocol_version, call.meta)
        level = self._levels.get(session_id(call)) if session_id(call) else None
        return frozenset(LEVELS[LEVELS.index(level) :] if level else ())

    async def send(self, call: Call, step: Step) -> None:
        """Send one log message."""
        told = types.LoggingMessageNotificationParams(level=step.level, data=step.text)
        note = types.LoggingMessageNotification(params=told)
        await call.session.send_notification(note, related_request_id=call.request_id)
