"""Other ways to ask a caller's user: states that the server keeps, states in other hands, none."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, cast

from mcp.server.request_state import InvalidRequestState

from reference_server.mutants.benign.edge import benign, json_rewritten
from reference_server.mutants.mcp.elicitation import PAGE, with_field, with_link, with_message
from reference_server.mutants.mcp.states import Bound
from reference_server.parts import with_parts

if TYPE_CHECKING:
    from reference_server.mutants.benign.edge import Reply
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Desk


class _Kept:
    """States that never leave the server: a caller has a random id, good for one answer."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def seal(self, payload: bytes) -> str:
        """Keep a state and return its id."""
        identity = secrets.token_urlsafe(24)
        self._kept[identity] = payload
        return identity

    def unseal(self, token: str) -> bytes:
        """Return a state, once."""
        if token not in self._kept:
            raise InvalidRequestState("unknown")
        return self._kept.pop(token)


def _kept(parts: Parts) -> Parts:
    def boundary(parts: Parts, desk: Desk, name: str) -> Bound:
        del desk, name
        return Bound(parts, _Kept())

    return with_parts(parts, {"mcp.boundary": boundary})


def _stateless(found: Any, reply: Reply) -> Any:
    """Leave the state out: what a call needs to go on stands in its arguments, too."""
    del reply
    if isinstance(found, dict):
        result = cast("dict[str, Any]", found).get("result")
        if isinstance(result, dict):
            cast("dict[str, Any]", result).pop("requestState", None)
    return cast("Any", found)


_ASKING = frozenset({"MCP-25", "MCP-27"})

VARIANTS = (
    benign(
        "states-kept-by-the-server",
        "A question's state stays with the server; its caller has a random id, good for once.",
        touches=_ASKING,
        parts=_kept,
    ),
    benign(
        "questions-without-state",
        "A question comes without a state, since the call that answers it says all there is.",
        lacks="MCP-25",
        touches=_ASKING,
        parts=json_rewritten(_stateless),
    ),
    benign(
        "questions-by-link",
        "What is to be agreed to is shown at a page, whose link holds a random id and no more.",
        touches=_ASKING,
        parts=with_link(lambda caller: f"{PAGE}/{caller.request_id}?state={secrets.token_hex(16)}"),
    ),
    benign(
        "form-about-keys",
        "A form asks for the name of a key, and tells its user to keep the key.",
        touches=_ASKING,
        parts=with_field("keyName", title="Name of the key", description="Never type your key."),
    ),
    benign(
        "question-that-warns",
        "The question tells its user not to give any secret away.",
        touches=_ASKING,
        parts=with_message("Delete them? Do not enter your password here: nobody asks for it."),
    ),
)
