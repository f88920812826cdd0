"""Who may connect: so many from one address, so many in all, and a word on who was turned away."""

from __future__ import annotations

import asyncio
import logging
import resource
from collections import Counter
from typing import TYPE_CHECKING

from reference_server.core.addresses import address_of, site_of
from reference_server.observability.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

    from reference_server.serving.budget import Budget

LOG_SECONDS = 1.0
"""The time between two lines: whoever knocks a thousand times writes no thousand lines."""

LINES = 10
"""Lines in that time for requests that cannot be read, each of which would have its own."""


class Door:
    """Counts the connections of a process. All methods are the event loop's."""

    def __init__(self, budget: Budget, trusted: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        self._budget = budget
        self._trusted = trusted
        self._most = _most_connections(budget)
        self._open: Counter[str] = Counter()
        self._in_all = 0
        self._closed: Counter[str] = Counter()
        self._lines = 0
        self._lines_since = 0.0

    def admit(self, address: str) -> str | None:
        """Return whom the connection counts for, to be released; None when it has to close.

        A trusted proxy brings everybody's connections, so its own are bounded in all alone.
        """
        holder = self._holder(address)
        if self._in_all >= self._most:
            self.tell("too_many")
            return None
        if holder and self._open[holder] >= self._budget.connections_per_address:
            self.tell("too_many_of_one_address")
            return None
        self._in_all += 1
        self._open[holder] += 1
        return holder

    def release(self, holder: str) -> None:
        """Forget a connection."""
        self._in_all -= 1
        self._open[holder] -= 1
        if not self._open[holder]:
            del self._open[holder]

    def tell(self, reason: str) -> None:
        """Have the log say, together with all others of this second, that one was closed."""
        if not self._closed:
            asyncio.get_running_loop().call_later(LOG_SECONDS, self._write)
        self._closed[reason] += 1

    def has_a_line(self, reason: str) -> bool:
        """Tell whether what was closed may have a line of its own; else it is told with others."""
        now = asyncio.get_running_loop().time()
        if now - self._lines_since >= LOG_SECONDS:
            self._lines, self._lines_since = 0, now
        self._lines += 1
        if self._lines > LINES:
            self.tell(reason)
        return self._lines <= LINES

    def _write(self) -> None:
        log_event("connections_closed", None, logging.WARNING, closed=dict(self._closed))
        self._closed.clear()

    def _holder(self, address: str) -> str:
        """Return the address, or its site; empty where no one address is meant."""
        found = address_of(address)
        if found is None:
            return ""  # a socket without addresses
        is_trusted = any(found in network for network in self._trusted)
        return "" if is_trusted else site_of(address)


def _most_connections(budget: Budget) -> int:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return budget.connections
    return max(1, min(budget.connections, files - budget.reserved_files))
