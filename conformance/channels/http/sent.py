"""What kinds of requests a check sends, as they are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.profile.target import Target

ELSEWHERE = "elsewhere"
"""The route of a path that no profile names."""


@dataclass(frozen=True)
class Sent:
    """A kind of request: its method, the route by its name in the profile, and what it presents.

    ``fails`` tells that it presents no right credential where one is asked for.
    """

    method: str
    route: str
    fails: bool

    def __str__(self) -> str:
        """Return it as one word a record can hold, which ``parse`` reads."""
        return f"{self.method} {self.route}{'!' if self.fails else ''}"

    @staticmethod
    def parse(text: str) -> Sent:
        """Read what ``str`` wrote."""
        method, _, route = text.partition(" ")
        return Sent(method, route.removesuffix("!"), route.endswith("!"))


def route_of(target: Target, path: str | None) -> str:
    """Return the name of the route that a request goes to; None stands for the MCP endpoint."""
    paths = target.tenants.paths().values() if target.tenants else ()
    if path is None or path in paths:
        return "mcp"
    named = {getattr(value, "path", value): name for name, value in target.routes if value}
    return named.get(path.partition("?")[0], ELSEWHERE)
