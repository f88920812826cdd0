"""Lists that fit one page have no cursors, so a cursor for one is made up."""

from __future__ import annotations

import mcp_types as types
from mcp.shared.exceptions import MCPError


def refuse_cursor(params: types.PaginatedRequestParams | None) -> None:
    """Raise MCPError (-32602) where a cursor is given."""
    if params is not None and params.cursor is not None:
        raise MCPError(types.INVALID_PARAMS, "There is no such cursor.")
