"""Sessions, streams and subscriptions as many as there can be, and answers that nobody reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.forge.requests import SESSION_REVISIONS, STATELESS, Request, opening, rpc
from load.attacks.attack import Attack

if TYPE_CHECKING:
    from load.attacks.attacker import Line

NEWEST = SESSION_REVISIONS[0]
SESSION = "Mcp-Session-Id"


async def _sessions(line: Line, number: int) -> None:
    del number
    await line.ask_on(line.halves(opening(NEWEST), keyed=True).whole())


async def _streams(line: Line, number: int) -> None:
    del number
    _, fields = await line.ask(line.halves(opening(NEWEST), keyed=True).whole())
    session = fields.get(SESSION.lower().encode(), b"").decode()
    headers = (
        ("Accept", "text/event-stream"),
        ("MCP-Protocol-Version", NEWEST),
        (SESSION, session),
    )
    await line.say(line.halves(Request("GET", headers=headers), keyed=True).whole())
    await line.keep()


async def _subscriptions(line: Line, number: int) -> None:
    del number
    wanted = {"notifications": {"toolsListChanged": True, "resourcesListChanged": True}}
    request = rpc("subscriptions/listen", wanted, revision=STATELESS)
    await line.say(line.halves(request, keyed=True).whole())
    await line.keep()


async def _unread(line: Line, number: int) -> None:
    del number
    lists = rpc("tools/list", revision=STATELESS)
    await line.say(line.halves(lists, keyed=True).whole() * 8)
    await line.be_deaf()


ATTACKS = (
    Attack("sessions", "opens sessions, one after the other", 8, _sessions),
    Attack("streams", "opens a session and its stream on each connection", 200, _streams),
    Attack("subscriptions", "subscribes on each connection", 200, _subscriptions),
    Attack("slow-readers", "asks for lists eight times and reads nothing", 200, _unread),
)
