"""What is neither tool, resource nor prompt: log levels, and the seal of states.

Where the server has one of these itself, that one stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity

from reference_server.protocol.resources import principal_owner
from reference_server.protocol.server import NAME

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk


async def _accept_level(call: Call, params: types.SetLevelRequestParams) -> types.EmptyResult:
    del call, params
    return types.EmptyResult()


def add_log_levels(server: Server[dict[str, Any]], parts: Parts, desk: Desk) -> None:
    """Let sessions set a level; the fixtures send at one level alone."""
    del parts, desk
    if server.get_request_handler("logging/setLevel") is None:
        server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, _accept_level)


def seal_states(server: Server[dict[str, Any]], parts: Parts, desk: Desk) -> None:
    """Seal the states that the fixtures hand out, to their principal among other things."""
    del desk
    if any(isinstance(one, RequestStateBoundary) for one in server.middleware):
        return

    def owner(call: Call) -> str:
        return principal_owner(parts, call)

    ephemeral = RequestStateSecurity.ephemeral().codec
    security = RequestStateSecurity(codec=ephemeral, bind_principal=owner)
    server.middleware.append(RequestStateBoundary(security, default_audience=NAME))


EXTENSIONS = (add_log_levels, seal_states)
