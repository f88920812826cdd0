"""Looks at open streams again and again: one ends soon after its caller's key has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from reference_server.core.errors import StorageUnavailableError
from reference_server.core.vocabulary import Scheme

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from reference_server.context import RequestContext
    from reference_server.parts import Parts
    from reference_server.protocol.exchange import Exchange

WATCH_SECONDS = 2.0
"""How often the key of an open stream is looked up."""


def may_stay(context: RequestContext, parts: Parts) -> bool:
    """Tell whether what opened a stream is still good; not where nobody can say."""
    principal = context.principal
    try:
        if principal is not None and principal.scheme is not Scheme.API_KEY:
            return parts.tokens.validator.holds(principal)
        digest = parts.keys.hasher.digest(context.credential or "")
        return parts.keys.directory.find(digest, parts.clock.now()) is not None
    except StorageUnavailableError:
        return False


async def watch(exchange: Exchange, parts: Parts, executor: Executor) -> None:
    """End a stream when its caller may no longer have it; goes on until it is cancelled."""
    loop = asyncio.get_running_loop()
    while not await exchange.has_ended_within(WATCH_SECONDS):
        if not await loop.run_in_executor(executor, parts.mcp.may_stay, exchange.context, parts):
            exchange.end()
