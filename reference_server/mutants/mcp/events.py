"""Defects of streams that are taken up again: whose events are replayed."""

from __future__ import annotations

from collections import defaultdict
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar

from mcp.server.streamable_http import EventMessage, EventStore

from reference_server.mutants.bending import mutant, replaced
from reference_server.protocol.events import SessionEvents, SessionManager

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.lowlevel import Server
    from mcp.server.streamable_http import EventCallback
    from mcp_types import JSONRPCMessage

    from reference_server.core.principal import Principal
    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.parts import Parts

_AFTER = b"last-event-id"
_SESSION = b"mcp-session-id"


class _Counted(EventStore):
    """All that was ever sent to anybody, counted: a place in it is a number."""

    def __init__(self) -> None:
        self._events: list[tuple[str, JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: str, message: JSONRPCMessage | None) -> str:
        """Keep an event and return its number."""
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(
        self, last_event_id: str, send_callback: EventCallback
    ) -> str | None:
        """Send all that came later."""
        if not last_event_id.isdecimal():
            return None
        first = int(last_event_id)
        for number, (_, message) in enumerate(self._events[first:], first + 1):
            if message is not None:
                await send_callback(EventMessage(message, str(number)))
        return self._events[first - 1][0] if 0 < first <= len(self._events) else None


def _keeping(make: Callable[[], EventStore]) -> Callable[[Parts], Parts]:
    """Return a change of parts by which all sessions have one store."""

    def manager(server: Server[Any], **options: Any) -> SessionManager:
        shared = make()

        class Sharing(SessionManager):
            @property
            def event_store(self) -> EventStore:  # pyright: ignore[reportIncompatibleVariableOverride]
                return shared

            @event_store.setter
            def event_store(self, store: EventStore | None) -> None:
                del store

        return Sharing(server, **options)

    return replaced({"mcp.session_manager": lambda _: manager})


_CALLER: ContextVar[str] = ContextVar("who opens the session", default="")


class _TenantsEvents(SessionManager):
    """Keeps the events of a tenant's sessions together."""

    stores: ClassVar[defaultdict[str, EventStore]] = defaultdict(SessionEvents)

    async def handle_request(self, scope: Any, receive: Any, send: Any) -> None:
        """Remember who asks."""
        _CALLER.set(scope["user"].access_token.client_id)
        await super().handle_request(scope, receive, send)

    @property
    def event_store(self) -> EventStore:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Return the tenant's."""
        return self.stores[_CALLER.get()]

    @event_store.setter
    def event_store(self, store: EventStore | None) -> None:
        del store


_CURRENT: ContextVar[tuple[bytes, bytes]] = ContextVar("session and event", default=(b"", b""))


class _ByEvent:
    """Takes up a stream for whoever knows an event of it, in that event's session."""

    def __init__(self) -> None:
        self._sessions: dict[bytes, bytes] = {}
        self._owners: dict[bytes, str] = {}

    def around(self, app: App) -> App:
        """Return the application, in the session of the event that a request names."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            fields = dict(scope.get("headers", ()))
            after, session = fields.get(_AFTER, b""), fields.get(_SESSION, b"")
            if after in self._sessions:
                session = self._sessions[after]
                kept = [pair for pair in scope["headers"] if pair[0] != _SESSION]
                scope = {**scope, "headers": [*kept, (_SESSION, session)]}
            _CURRENT.set((session, after))
            told = [session]

            async def note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    told[0] = dict(message["headers"]).get(_SESSION, session)
                for line in message.get("body", b"").splitlines():
                    if line.startswith(b"id: "):
                        self._sessions.setdefault(line[4:], told[0])
                await send(message)

            await app(scope, receive, note)

        return serve

    def owner(self, principal: Principal) -> str:
        """Return whom a caller is taken for."""
        session, after = _CURRENT.get()
        own = str(principal.tenant_id)
        if after:
            return self._owners.get(session, own)
        self._owners.setdefault(session, own)
        return own


def _by_event(parts: Parts) -> Parts:
    held = _ByEvent()
    return replaced({"web.edge": lambda _: held.around, "mcp.session_owner": lambda _: held.owner})(
        parts
    )


MUTANTS = (
    mutant(
        "events-of-all-sessions",
        "MCP-19",
        "One store has the events of all sessions, and finds them by their ids alone.",
        parts=_keeping(SessionEvents),
    ),
    mutant(
        "events-counted",
        "MCP-19",
        "Events are counted over all sessions, and all that came after a number is replayed.",
        parts=_keeping(_Counted),
    ),
    mutant(
        "events-of-a-tenants-sessions",
        "MCP-19",
        "The sessions of a tenant share their events.",
        parts=replaced({"mcp.session_manager": lambda _: _TenantsEvents}),
    ),
    mutant(
        "stream-resumed-by-event-alone",
        "MCP-19",
        "Whoever names an event goes on in its session, whoever and whatever session he is.",
        parts=_by_event,
    ),
)
