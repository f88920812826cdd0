"""Who is told that a resource changed: subscribers of the principal whose resource it is.

Clients of revisions before 2026-07-28 subscribe in a session and are told on its GET stream; later
ones open a stream with `subscriptions/listen`. A process tells its own subscribers only.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import mcp_types as types
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourceUpdated,
    ToolsListChanged,
)

from reference_server.core.vocabulary import EventType
from reference_server.protocol.desk import LONGEST_NAME, Act, principal_owner, session_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcp.server.session import ServerSession
    from mcp.server.subscriptions import ServerEvent

    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk
    from reference_server.protocol.resources import ResourceDesk
    from reference_server.tools.contracts import Caller

MOST_SUBSCRIPTIONS = 100
"""Of one principal in one process, of each kind. The oldest gives way to a newer one, since a
session does not say that it has ended."""

MOST_STREAMS = 20
"""That one principal can listen on in one process."""

LISTS: dict[str, ServerEvent] = {
    "tools/list": ToolsListChanged(),
    "prompts/list": PromptsListChanged(),
}
"""What a call can have changed beside resources, by the method that lists it."""


class Audience:
    """The subscribers of one principal. ``sessions`` are those of its sessions, by id and URI."""

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self.listen = ListenHandler(self._bus, max_subscriptions=MOST_STREAMS)
        self.sessions: OrderedDict[tuple[str, str], ServerSession] = OrderedDict()

    def add(self, session_id: str, uri: str, session: ServerSession) -> None:
        """Subscribe a session to a resource."""
        self.sessions[session_id, uri] = session
        while len(self.sessions) > MOST_SUBSCRIPTIONS:
            self.sessions.popitem(last=False)

    def remove(self, session_id: str, uri: str) -> None:
        """Have a session be told no more of a resource."""
        self.sessions.pop((session_id, uri), None)

    async def tell(self, uri: str) -> None:
        """Tell whoever subscribed to a resource that it has changed."""
        await self._bus.publish(LISTS.get(uri) or ResourceUpdated(uri=uri))
        for (_, subscribed), session in list(self.sessions.items()):
            if subscribed == uri:
                await session.send_resource_updated(uri)


class Subscriptions:
    """Serves `resources/subscribe`, `resources/unsubscribe` and `subscriptions/listen`."""

    def __init__(self, parts: Parts, desk: Desk, resources: ResourceDesk) -> None:
        self._parts = parts
        self._desk = desk
        self._resources = resources
        self.audiences: dict[str, Audience] = {}
        """By the principal, as sessions are bound to it."""

    async def subscribe(
        self, call: Call, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        """Tell this session of a resource's changes; MCPError for what the caller cannot read."""
        uri = str(params.uri)
        await self.require_readable(call, [uri])
        self.audience(principal_owner(self._parts, call)).add(session_id(call), uri, call.session)
        return types.EmptyResult()

    async def unsubscribe(
        self, call: Call, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        """Tell this session no more of the resource; nothing happens where nothing was told."""
        audience = self.audience(principal_owner(self._parts, call))
        audience.remove(session_id(call), str(params.uri))
        return types.EmptyResult()

    async def listen(
        self, call: Call, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Stream the changes asked for; MCPError for a resource that the caller cannot read."""
        await self.require_readable(call, params.notifications.resource_subscriptions or ())
        return await self.audience(principal_owner(self._parts, call)).listen(call, params)

    async def tell(self, caller: Caller) -> None:
        """Tell the caller's own subscribers what the call has changed."""
        audience = self.audiences.get(self._parts.mcp.session_owner(caller.principal))
        if audience is not None:
            for uri in caller.changed:
                await audience.tell(uri)

    async def require_readable(self, call: Call, uris: Sequence[str]) -> None:
        """Return if the caller can read each resource; MCPError otherwise. It is audited."""
        act = Act(
            EventType.RESOURCE_SUBSCRIBED,
            {"resources": [uri[:LONGEST_NAME] for uri in uris[:MOST_SUBSCRIPTIONS]]},
        )

        def read_all(caller: Caller) -> None:
            for uri in uris:
                self._resources.find(uri, caller).read(uri, caller)

        await self._desk.run(call, act, read_all)

    def audience(self, owner: str) -> Audience:
        """Return the subscribers of a principal."""
        return self.audiences.setdefault(owner, Audience())
