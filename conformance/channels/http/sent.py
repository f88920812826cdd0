"""To which route of the target a request goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.model.sent import ELSEWHERE, ENDPOINT

if TYPE_CHECKING:
    from conformance.profile.target import Target


def route_of(target: Target, path: str | None) -> str:
    """Return the name of the route that a request goes to; None stands for the MCP endpoint."""
    paths = target.tenants.paths().values() if target.tenants else ()
    if path is None or path in paths:
        return ENDPOINT
    named = {known: name for name, known in target.routes.paths().items()}
    return named.get(path.partition("?")[0], ELSEWHERE)
