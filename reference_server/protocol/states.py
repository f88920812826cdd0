"""The state of a question, which its caller keeps: sealed to principal, request and time."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, NoReturn

from mcp.server.request_state import (
    AESGCMRequestStateCodec,
    InvalidRequestState,
    RequestStateBoundary,
    RequestStateSecurity,
)
from mcp.shared.exceptions import MCPError

from reference_server.core.vocabulary import EventType
from reference_server.protocol.desk import LONGEST_NAME, Act, RefusedError, principal_owner

if TYPE_CHECKING:
    from mcp.server.context import CallNext, HandlerResult

    from reference_server.core.contracts import Clock
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk
    from reference_server.tools.contracts import Caller

_PURPOSE = b"hallmark: states of questions"

STATE_SECONDS = 600
"""How long a question can be answered."""

REFUSED = {"reason": "invalid_request_state"}
"""By which the SDK's refusal of a state is known."""


class ClockedStates:
    """Seals states with their end, by the server's own clock (AES-256-GCM)."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        # A key of its own for this purpose: what it seals opens nothing else.
        self._codec = AESGCMRequestStateCodec([hmac.digest(secret, _PURPOSE, hashlib.sha256)])
        self._clock = clock

    def seal(self, payload: bytes) -> str:
        """Return the state as callers keep it."""
        end = self._clock.now().timestamp() + STATE_SECONDS
        return self._codec.seal(json.dumps([end, payload.decode()]).encode())

    def unseal(self, token: str) -> bytes:
        """Return what was sealed; InvalidRequestState when it was not, or its time is over."""
        end, payload = json.loads(self._codec.unseal(token))
        if self._clock.now().timestamp() >= end:
            raise InvalidRequestState("expired")
        return payload.encode()


class AuditedBoundary(RequestStateBoundary):
    """The SDK's boundary, which binds states to their request, and to our principals.

    What it refuses is audited like what any other part refuses.
    """

    def __init__(self, parts: Parts, desk: Desk, name: str) -> None:
        def owner(call: Call) -> str:
            return principal_owner(parts, call)

        states = parts.mcp.states
        security = RequestStateSecurity(codec=states, ttl=STATE_SECONDS, bind_principal=owner)
        super().__init__(security, default_audience=name)
        self._desk = desk

    async def __call__(self, ctx: Call, call_next: CallNext) -> HandlerResult:
        """Pass a request on with its state opened; MCPError (-32602) for one that is not good."""
        try:
            return await super().__call__(ctx, call_next)
        except MCPError as error:
            if error.error.data != REFUSED:
                raise
            named = str((ctx.params or {}).get("name", ""))[:LONGEST_NAME]
            act = Act(EventType.STATE_REFUSED, {"method": ctx.method, "name": named})
            return await self._desk.run(ctx, act, _refuse)


def _refuse(caller: Caller) -> NoReturn:
    del caller
    raise RefusedError("There is no such state.")
