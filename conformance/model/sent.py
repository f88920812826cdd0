"""Kinds of requests that a check sends, as a record counts them."""

from __future__ import annotations

from dataclasses import dataclass

ENDPOINT = "mcp"
"""The route of the MCP endpoint."""
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
