"""What a session's streams have carried, so that a client can go on where it was cut off."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from mcp.server.streamable_http import EventMessage, EventStore
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

if TYPE_CHECKING:
    from mcp.server.streamable_http import EventCallback, StreamableHTTPServerTransport
    from mcp_types import JSONRPCMessage
    from starlette.types import Receive, Scope, Send

MOST_EVENTS = 64
"""That one session can be told again."""
MOST_OWN = 256
"""Sessions of one principal: the next one ends its oldest, and costs nobody else anything."""


class _Event(NamedTuple):
    id: str
    stream: str
    message: JSONRPCMessage | None


class SessionEvents(EventStore):
    """The last events of one session, and of no other: an id from elsewhere names nothing here."""

    def __init__(self) -> None:
        self._events: deque[_Event] = deque(maxlen=MOST_EVENTS)

    async def store_event(self, stream_id: str, message: JSONRPCMessage | None) -> str:
        """Keep an event and return its id, which nobody can guess."""
        event = _Event(uuid4().hex, stream_id, message)
        self._events.append(event)
        return event.id

    async def replay_events_after(
        self, last_event_id: str, send_callback: EventCallback
    ) -> str | None:
        """Send what its stream carried after an event; return the stream, None if it is unknown."""
        kept = list(self._events)
        place = next((i for i, event in enumerate(kept) if event.id == last_event_id), None)
        if place is None:
            return None
        for event in kept[place + 1 :]:
            if event.stream == kept[place].stream and event.message is not None:
                await send_callback(EventMessage(event.message, event.id))
        return kept[place].stream


class SessionManager(StreamableHTTPSessionManager):
    """The SDK's session manager, with a store of events for each session instead of one for all.

    The SDK asks a store for events by their id alone, so a shared one would tell a session's
    events to whoever knows their ids.
    """

    @property
    def event_store(self) -> EventStore:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Return a new store: the manager asks once for each session that it opens."""
        return SessionEvents()

    @event_store.setter
    def event_store(self, store: EventStore | None) -> None:
        """Keep nothing: the manager's own store is for all sessions."""
        del store

    async def _serve_opening_request(
        self,
        http_transport: StreamableHTTPServerTransport,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Open a session; where its principal has too many, end the oldest of them."""
        await super()._serve_opening_request(http_transport, scope, receive, send)
        owner = self._session_owners.get(http_transport.mcp_session_id or "")
        own = [name for name, one in self._session_owners.items() if one == owner]
        for name in own[: max(0, len(own) - MOST_OWN)] if owner is not None else ():
            await self._discard_session(name, self._server_instances[name])
