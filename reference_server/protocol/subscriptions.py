"""Who is told that a resource changed: subscribers of the principal whose resource it is.

Clients of revisions before 2026-07-28 subscribe in a session and are told on its GET stream; later
ones open a stream with `subscriptions/listen`. A process tells its own subscribers only.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import mcp_types as types
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourceUpdated,
    ToolsListChanged,
)

from reference_server.core.vocabulary import EventType
from reference_server.protocol.desk import LONGEST_NAME, Act
from reference_server.protocol.resources import principal_owner

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


class _Audience:
    """The subscribers of one principal."""

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self.listen = ListenHandler(self._bus, max_subscriptions=MOST_STREAMS)
        self._sessions: OrderedDict[tuple[str, str], ServerSession] = OrderedDict()

    def add(self, session_id: str, uri: str, session: ServerSession) -> None:
        self._sessions[session_id, uri] = session
        while len(self._sessions) > MOST_SUBSCRIPTIONS:
            self._sessions.popitem(last=False)

    def remove(self, session_id: str, uri: str) -> None:
        self._sessions.pop((session_id, uri), None)

    async def tell(self, uri: str) -> None:
        await self._bus.publish(LISTS.get(uri) or ResourceUpdated(uri=uri))
        for (_, subscribed), session in list(self._sessions.items()):
            if subscribed == uri:
                await session.send_resource_updated(uri)


class Subscriptions:
    """Serves `resources/subscribe`, `resources/unsubscribe` and `subscriptions/listen`."""

    def __init__(self, parts: Parts, desk: Desk, resources: ResourceDesk) -> None:
        self._parts = parts
        self._desk = desk
        self._resources = resources
        self._audiences: dict[str, _Audience] = {}

    async def subscribe(
        self, call: Call, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        """Tell this session of a resource's changes; MCPError for what the caller cannot read."""
        uri = str(params.uri)
        await self._check(call, [uri])
        self._audience(principal_owner(self._parts, call)).add(_session_id(call), uri, call.session)
        return types.EmptyResult()

    async def unsubscribe(
        self, call: Call, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        """Tell this session no more of the resource; nothing happens where nothing was told."""
        audience = self._audience(principal_owner(self._parts, call))
        audience.remove(_session_id(call), str(params.uri))
        return types.EmptyResult()

    async def listen(
        self, call: Call, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Stream the changes asked for; MCPError for a resource that the caller cannot read."""
        await self._check(call, params.notifications.resource_subscriptions or ())
        return await self._audience(principal_owner(self._parts, call)).listen(call, params)

    async def tell(self, caller: Caller) -> None:
        """Tell the caller's own subscribers what the call has changed."""
        audience = self._audiences.get(self._parts.mcp.session_owner(caller.principal))
        if audience is not None:
            for uri in caller.changed:
                await audience.tell(uri)

    async def _check(self, call: Call, uris: Sequence[str]) -> None:
        act = Act(
            EventType.RESOURCE_SUBSCRIBED,
            {"resources": [uri[:LONGEST_NAME] for uri in uris[:MOST_SUBSCRIPTIONS]]},
        )

        def read_all(caller: Caller) -> None:
            for uri in uris:
                self._resources.find(uri).read(uri, caller)

        await self._desk.run(call, act, read_all)

    def _audience(self, owner: str) -> _Audience:
        return self._audiences.setdefault(owner, _Audience())


def _session_id(call: Call) -> str:
    """Return the id of the session that carried the call; "" where there are no sessions."""
    return call.request.headers.get(MCP_SESSION_ID_HEADER, "") if call.request else ""
