"""Bends who a message of MCP acts for, and what it is answered with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reference_server.core.vocabulary import Tier
from reference_server.mutants.bending import replaced
from reference_server.protocol.desk import context_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from reference_server.core.principal import Principal
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk

    Next = Callable[[Call], Awaitable[Any]]
    Around = Callable[[Call, Next, Desk], Awaitable[Any]]

MUTANTS = ()


def around_messages(around: Around) -> Callable[[Parts], Parts]:
    """Return a change of parts that wraps what every message of MCP is answered by."""

    def extend(server: Any, parts: Parts, desk: Desk) -> None:
        del parts

        async def wrapped(call: Call, call_next: Next) -> Any:
            return await around(call, call_next, desk)

        server.middleware.append(wrapped)

    return replaced({"mcp.extensions": lambda parts: (*parts.mcp.extensions, extend)})


def as_somebody_else(
    other: Callable[[Call, Principal], Principal | None],
) -> Callable[[Parts], Parts]:
    """Return a change of parts that takes a message for another caller's, where there is one."""

    async def around(call: Call, call_next: Next, desk: Desk) -> Any:
        del desk
        context = context_of(call)
        own = context.principal
        if own is None:
            return await call_next(call)
        context.principal = other(call, own) or own
        try:
            return await call_next(call)
        finally:
            context.principal = own

    return around_messages(around)


def of_tier(principal: Principal, tier: Tier) -> Principal:
    """Return the same caller in another tier, with the scope of that."""
    return replace(principal, tier=tier, scope=frozenset({tier}))


def elevated_where(is_so: Callable[[Call], bool]) -> Callable[[Parts], Parts]:
    """Return a change of parts that takes everybody for an administrator, of some messages."""

    def other(call: Call, principal: Principal) -> Principal | None:
        return of_tier(principal, Tier.ADMIN) if is_so(call) else None

    return as_somebody_else(other)


def params_of(call: Call) -> dict[str, Any]:
    """Return the parameters of a message as they came."""
    return dict(call.params or {})
