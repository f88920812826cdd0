"""A server whose callers show their key by several ways, which it can be told when it starts.

    python -m conformance.selftest.way_servers PORT bearer,cookie

looks at these alone, in this order. It stands in for a target that is launched with a preset.
"""

from __future__ import annotations

import sys
from http.cookies import SimpleCookie
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

from conformance.selftest.targets import KEYS, Good

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = ("bearer", "edge", "cookie")


class OfWays(Good):
    """Takes the first credential that it finds, and no other."""

    order: ClassVar[tuple[str, ...]] = ALL

    def tenant(self) -> str | None:
        """Return whose key was presented by the first way that has any."""
        read: dict[str, Callable[[], str | None]] = {
            "bearer": lambda: self.headers.get("Authorization"),
            "edge": lambda: self.headers.get("X-Edge-Token"),
            "cookie": self._cookie,
        }
        shown = next((told for way in self.order if (told := read[way]()) is not None), "")
        return KEYS.get(shown.removeprefix("Bearer "))

    def _cookie(self) -> str | None:
        found = SimpleCookie(self.headers.get("Cookie", "")).get("sid")
        return found.value if found else None


def server_of(*order: str) -> type[OfWays]:
    """Return a server that looks at some ways, in their order."""
    return type("OfWays", (OfWays,), {"order": order})


if __name__ == "__main__":
    address = ("127.0.0.1", int(sys.argv[1]))
    ThreadingHTTPServer(address, server_of(*sys.argv[2].split(","))).serve_forever()
