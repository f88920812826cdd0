"""Defects of subscriptions: who may have one, and who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp.shared.exceptions import MCPError

from reference_server.mutants.bending import mutant, replaced
from reference_server.protocol.subscriptions import Audience, Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mcp.server.lowlevel import Server
    from mcp.server.session import ServerSession

    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call
    from reference_server.tools.contracts import Caller


class _OneAudience(Subscriptions):
    """Takes any URI, and has one audience for all."""

    async def require_readable(self, call: Call, uris: Sequence[str]) -> None:
        """Ask nothing."""

    def audience(self, owner: str) -> Audience:
        """Return the one there is."""
        del owner
        return self.audiences.setdefault("", Audience())

    async def tell(self, caller: Caller) -> None:
        """Tell whoever subscribed to the URI."""
        for uri in caller.changed:
            await self.audience("").tell(uri)


class _OneSessionAudience(_OneAudience):
    """Does so for sessions alone: a stream of its own is looked after."""

    async def listen(
        self, call: Call, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Check as ever."""
        uris = params.notifications.resource_subscriptions or ()
        await Subscriptions.require_readable(self, call, uris)
        return await super().listen(call, params)


class _OneListeningAudience(_OneAudience):
    """Does so for streams alone: a session's subscription is looked after."""

    async def subscribe(
        self, call: Call, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        """Check as ever."""
        await Subscriptions.require_readable(self, call, [str(params.uri)])
        return await super().subscribe(call, params)


class _EverySubscription(Subscriptions):
    """Tells every session that subscribed to anything."""

    async def tell(self, caller: Caller) -> None:
        """Tell them all of each URI."""
        await super().tell(caller)
        told = [one for audience in self.audiences.values() for one in audience.sessions.items()]
        for uri in caller.changed:
            for (_, subscribed), session in told:
                if subscribed != uri:
                    await session.send_resource_updated(uri)


class _EveryListener(Subscriptions):
    """Tells every stream that listens, whatever it asked for."""

    async def listen(
        self, call: Call, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Remember the stream."""
        held = self._held()
        own = (call.session, call.request_id)
        held.append(own)
        try:
            return await super().listen(call, params)
        finally:
            held.remove(own)

    async def tell(self, caller: Caller) -> None:
        """Tell them all of each URI."""
        await super().tell(caller)
        for uri in caller.changed:
            for session, request in self._held():
                note = types.ResourceUpdatedNotification(
                    params=types.ResourceUpdatedNotificationParams(
                        uri=uri, _meta={SUBSCRIPTION_ID_META_KEY: request}
                    )
                )
                await session.send_notification(note, related_request_id=request)

    def _held(self) -> list[tuple[ServerSession, Any]]:
        return self.__dict__.setdefault("streams", [])


class _TellsKnown(Subscriptions):
    """Says of a URI that somebody else has subscribed to that it is not the caller's."""

    async def require_readable(self, call: Call, uris: Sequence[str]) -> None:
        """Refuse what is known in other words than what is not."""
        known: set[str] = self.__dict__.setdefault("known", set())
        try:
            await super().require_readable(call, uris)
        except MCPError as error:
            if known.intersection(uris):
                raise MCPError(types.INVALID_PARAMS, "The resource is not yours.") from error
            raise
        known.update(uris)


def _broadcasting(parts: Parts) -> Parts:
    """Tell every session that was ever opened, though it has subscribed to nothing."""
    opened: list[ServerSession] = []

    async def remember(call: Any, params: Any) -> None:
        del params
        opened.append(call.session)

    def manager(server: Server[Any], **options: Any) -> Any:
        server.add_notification_handler(
            "notifications/initialized", types.NotificationParams, remember
        )
        return parts.mcp.session_manager(server, **options)

    class Broadcast(Subscriptions):
        async def tell(self, caller: Caller) -> None:
            await super().tell(caller)
            for uri in caller.changed:
                for session in opened:
                    await session.send_resource_updated(uri)

    return replaced(
        {"mcp.session_manager": lambda _: manager, "mcp.subscriptions": lambda _: Broadcast}
    )(parts)


def _serving(kind: type[Subscriptions]) -> Callable[[Parts], Parts]:
    return replaced({"mcp.subscriptions": lambda _: kind})


MUTANTS = (
    mutant(
        "subscribers-of-all-tenants",
        "MCP-18",
        "Subscribers are kept by the URI alone, and any URI is taken.",
        parts=_serving(_OneAudience),
    ),
    mutant(
        "sessions-subscribe-to-all-tenants",
        "MCP-18",
        "A session may subscribe to any URI, and is told of it; streams of their own may not.",
        parts=_serving(_OneSessionAudience),
    ),
    mutant(
        "listeners-of-all-tenants",
        "MCP-18",
        "`subscriptions/listen` takes any URI and tells of it; a session's subscription does not.",
        parts=_serving(_OneListeningAudience),
    ),
    mutant(
        "updates-told-to-every-subscription",
        "MCP-18",
        "Every session that has subscribed to anything is told of every change.",
        parts=_serving(_EverySubscription),
    ),
    mutant(
        "updates-told-to-every-listener",
        "MCP-18",
        "Every stream of `subscriptions/listen` is told of every change.",
        parts=_serving(_EveryListener),
    ),
    mutant(
        "updates-broadcast",
        "MCP-18",
        "Every session is told of every change, though it has subscribed to nothing.",
        parts=_broadcasting,
    ),
    mutant(
        "subscription-tells-foreign-from-unknown",
        "MCP-18",
        "A URI of another tenant is refused in other words than one that names nothing.",
        parts=_serving(_TellsKnown),
    ),
)
