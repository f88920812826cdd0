"""Subscriptions and streams in other forms that every clause permits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign
from reference_server.protocol.events import SessionManager
from reference_server.protocol.subscriptions import Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mcp.server.lowlevel import Server

    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call

_ABOUT_STREAMS = frozenset({"MCP-18", "MCP-19"})


class _TakesAny(Subscriptions):
    """Takes a subscription to any URI, and tells each principal of its own alone."""

    async def require_readable(self, call: Call, uris: Sequence[str]) -> None:
        """Ask nothing."""


class _None(Subscriptions):
    """Offers no subscriptions at all."""

    subscribe = unsubscribe = listen = None  # type: ignore[assignment]


def _served_by(kind: type[Subscriptions]) -> Callable[[Parts], Parts]:
    return replaced({"mcp.subscriptions": lambda _: kind})


class _WithoutEvents(SessionManager):
    """Keeps no events: no stream can be resumed."""

    @property
    def event_store(self) -> None:  # type: ignore[override]
        """Return no store at all."""

    @event_store.setter
    def event_store(self, store: Any) -> None:
        """Keep nothing."""


def _without_events(parts: Parts) -> Any:
    del parts

    def manager(server: Server[Any], **options: Any) -> SessionManager:
        return _WithoutEvents(server, **options)

    return manager


VARIANTS = (
    benign(
        "any-uri-subscribed-to",
        "Whoever subscribes to a URI may, whatever it is, and is told of its own resources alone.",
        touches=_ABOUT_STREAMS,
        parts=_served_by(_TakesAny),
    ),
    benign(
        "no-subscriptions",
        "Resources are there to be read; nobody can subscribe to one.",
        lacks="MCP-18",
        touches=_ABOUT_STREAMS,
        parts=_served_by(_None),
    ),
    benign(
        "streams-not-resumable",
        "Events have no ids, and nothing is replayed.",
        lacks="MCP-19",
        touches=_ABOUT_STREAMS,
        parts=replaced({"mcp.session_manager": _without_events}),
    ),
)
