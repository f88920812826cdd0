"""The open streams of each principal: one beyond its share ends the oldest of its own.

A GET of a session, and `subscriptions/listen`, stay open for as long as their client likes, with
what is kept for each; where there is no session, nothing else bounds how many there are. The
oldest gives way, not the newest, since a client that has gone is not always heard to go.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reference_server.observability.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Generator

    from reference_server.protocol.exchange import Exchange


class Streams:
    """The streams that are open in this process, ``most`` of each owner; of one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[str, list[Exchange]] = {}

    def count(self, owner: str) -> int:
        """Return how many an owner has."""
        return len(self._open.get(owner, ()))

    @contextmanager
    def open(self, owner: str, exchange: Exchange) -> Generator[None]:
        """Count a stream for the length of the block; one too many ends its owner's oldest."""
        own = self._open.setdefault(owner, [])
        own.append(exchange)
        while len(own) > self._most:
            oldest = own.pop(0)
            log_event("stream_gave_way", oldest.context.request_id, logging.WARNING)
            oldest.end()
        try:
            yield
        finally:
            if exchange in own:
                own.remove(exchange)
            if not own and self._open.get(owner) is own:
                del self._open[owner]
