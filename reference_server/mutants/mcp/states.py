"""Defects of the state that callers keep between a question and its answer."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from mcp.server.request_state import AESGCMRequestStateCodec, InvalidRequestState
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from reference_server.mutants.bending import mutant, replaced
from reference_server.mutants.benign.edge import read_whole, replayed
from reference_server.protocol.desk import context_of, principal_owner
from reference_server.protocol.states import STATE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcp.server.context import CallNext, HandlerResult
    from mcp.server.request_state import RequestStateCodec

    from reference_server.mutants.benign.edge import App, Receive, Scope, Send
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk

_KEY = secrets.token_bytes(32)


class _Readable:
    """Base64 of what it holds: whoever can read it can write it."""

    def seal(self, payload: bytes) -> str:
        """Return the state as callers keep it."""
        return base64.urlsafe_b64encode(payload).decode().rstrip("=")

    def unseal(self, token: str) -> bytes:
        """Return what the caller sent."""
        try:
            return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError as error:
            raise InvalidRequestState("malformed") from error


class _SignedIfYouLike(_Readable):
    """A signature behind a dot, which is looked at where there is one."""

    def __init__(self) -> None:
        self._codec = AESGCMRequestStateCodec([_KEY])

    def seal(self, payload: bytes) -> str:
        """Return the state, and what proves it."""
        text = super().seal(payload)
        return f"{text}.{super().seal(self._codec.seal(text.encode()).encode())}"

    def unseal(self, token: str) -> bytes:
        """Return what was proven, or else what was said."""
        text, _, proof = token.partition(".")
        if proof and self._codec.unseal(super().unseal(proof).decode()).decode() != text:
            raise InvalidRequestState("signature")
        return super().unseal(text)


@dataclass
class Bound:
    """Seals states by a codec, with claims of its own; what it ``forgets`` it does not compare."""

    parts: Parts
    codec: RequestStateCodec
    forgets: str = ""
    shows_key: bool = False

    async def __call__(self, call: Call, call_next: CallNext) -> HandlerResult:
        """Pass a call on with its state opened, and what it asks with a state sealed."""
        params = call.params or {}
        if call.method != "tools/call":
            return await call_next(call)
        if (state := params.get("requestState")) is not None:
            opened = self._opened(str(state), self._claims(call))
            call = replace(call, params={**params, "requestState": opened})
        result: Any = await call_next(call)
        if isinstance(result, dict) and "requestState" in result:
            given = cast("dict[str, Any]", result)
            return {**given, "requestState": self._closed(call, given["requestState"])}
        return cast("HandlerResult", result)

    def _claims(self, call: Call) -> dict[str, Any]:
        params = call.params or {}
        return {
            "owner": principal_owner(self.parts, call),
            "tool": params.get("name"),
            "arguments": params.get("arguments"),
            "end": self.parts.clock.now().timestamp() + STATE_SECONDS,
        }

    def _closed(self, call: Call, state: str) -> str:
        sealed = self.codec.seal(json.dumps({**self._claims(call), "state": state}).encode())
        if not self.shows_key:
            return sealed
        headers = dict(context_of(call).headers)
        key = {name.lower(): value for name, value in headers.items()}["x-api-key"]
        return f"{base64.b64encode(key.encode()).decode()}~{sealed}"

    def _opened(self, state: str, claims: Mapping[str, Any]) -> str:
        try:
            held: Any = json.loads(self.codec.unseal(state.rpartition("~")[2]))
            now = claims["end"] - STATE_SECONDS
            same = {name: held[name] == claims[name] for name in claims}
            same["end"] = held["end"] > now
            told = str(held["state"])
        except (InvalidRequestState, ValueError, LookupError, TypeError) as error:
            raise MCPError(INVALID_PARAMS, "Invalid state") from error
        if not all(is_same for name, is_same in same.items() if name not in self.forgets):
            raise MCPError(INVALID_PARAMS, "Invalid state")
        return told


def bounded(
    make: Callable[[], RequestStateCodec], *, forgets: str = "", shows_key: bool = False
) -> Callable[[Parts], Parts]:
    """Return a change of parts whose states are sealed so, and bound to all but something."""

    def boundary(parts: Parts, desk: Desk, name: str) -> Bound:
        del desk, name
        return Bound(parts, make(), forgets, shows_key)

    return replaced({"mcp.boundary": lambda _: boundary})


def _sealed() -> RequestStateCodec:
    return AESGCMRequestStateCodec([_KEY])


def _let_in_by_state(parts: Parts) -> Parts:
    """Take a state for the key of whoever last called with a good one."""
    held: dict[bytes, bytes] = {}

    def around(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            if (b"mcp-method", b"tools/call") not in scope.get("headers", ()):
                await app(scope, receive, send)
                return
            body = await read_whole(receive)
            headers = dict(scope["headers"])
            if (key := headers.get(b"x-api-key")) and b'"requestState"' not in body:
                held[headers.get(b"mcp-name", b"")] = key
            elif key is None and b'"requestState"' in body:
                key = held.get(headers.get(b"mcp-name", b""), b"")
                scope = {**scope, "headers": [*scope["headers"], (b"x-api-key", key)]}
            await app(scope, replayed(body, receive), send)

        return edge

    return replaced({"web.edge": lambda _: around})(parts)


MUTANTS = (
    mutant(
        "state-not-sealed",
        "MCP-25",
        "A question's state names principal, call and end, and is base64 that anybody can write.",
        parts=bounded(_Readable),
    ),
    mutant(
        "state-signed-if-you-like",
        "MCP-25",
        "A question's state is signed; without the signature it is as good.",
        parts=bounded(_SignedIfYouLike),
    ),
    mutant(
        "state-of-any-principal",
        "MCP-25 MCP-27",
        "A question's state is sealed, and good for whoever has it.",
        parts=bounded(_sealed, forgets="owner"),
    ),
    mutant(
        "state-of-any-arguments",
        "MCP-25",
        "A question's state is good for another call of the same tool.",
        parts=bounded(_sealed, forgets="arguments"),
    ),
    mutant(
        "state-without-end",
        "MCP-25",
        "A question can be answered for ever.",
        parts=bounded(_sealed, forgets="end"),
    ),
    mutant(
        "state-with-the-key",
        "MCP-25",
        "A question's state holds its caller's key, in base64.",
        parts=bounded(_sealed, shows_key=True),
    ),
    mutant(
        "state-in-place-of-a-key",
        "MCP-25",
        "Who calls again with a state needs no key: the state is enough to be let in.",
        parts=_let_in_by_state,
    ),
)
