"""Every message that a client may send, by the capability of a server that it needs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.forge.guise import in_guise
from conformance.forge.requests import STATELESS, Request, rpc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SESSIONS, BOTH, NEWEST = "sessions", "both", "newest"
"""The eras of the protocol that know a message."""


@dataclass(frozen=True)
class Message:
    """A message: its method, what is told with it, and who knows it.

    ``capability`` is that of servers that serve it; "" where all do. A notification has no id.
    """

    method: str
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    capability: str = ""
    era: str = BOTH
    is_notification: bool = False

    def request(self, revision: str, session: str | None, message_id: int = 1) -> Request:
        """Return it as a client of a revision sends it."""
        number = None if self.is_notification else message_id
        return rpc(
            self.method, dict(self.params), revision=revision, session=session, message_id=number
        )

    def is_of(self, revision: str) -> bool:
        """Tell whether a revision has it."""
        return self.era == BOTH or (self.era == NEWEST) == (revision == STATELESS)


def messages(tool: str | None = None) -> tuple[Message, ...]:
    """Return every request and notification of clients; ``tool`` is the one that is called.

    What they are about need not be there: who may ask is decided before that.
    """
    name, uri, task = in_guise("nothing"), f"{in_guise('nothing')}://1", {"taskId": "1"}
    reference = {
        "ref": {"type": "ref/prompt", "name": name},
        "argument": {"name": "a", "value": ""},
    }
    cancelled = {"requestId": 1}
    return (
        Message("tools/list", {}, "tools"),
        Message("tools/call", {"name": tool or name, "arguments": {}}, "tools"),
        Message("resources/list", {}, "resources"),
        Message("resources/templates/list", {}, "resources"),
        Message("resources/read", {"uri": uri}, "resources"),
        Message("resources/subscribe", {"uri": uri}, "resources", SESSIONS),
        Message("resources/unsubscribe", {"uri": uri}, "resources", SESSIONS),
        Message("prompts/list", {}, "prompts"),
        Message("prompts/get", {"name": name, "arguments": {}}, "prompts"),
        Message("completion/complete", reference, "completions"),
        Message("logging/setLevel", {"level": "debug"}, "logging", SESSIONS),
        Message("tasks/list", {}, "tasks"),
        Message("tasks/get", task, "tasks"),
        Message("tasks/result", task, "tasks"),
        Message("tasks/cancel", task, "tasks"),
        Message("ping", era=SESSIONS),
        Message("server/discover", era=NEWEST),
        Message("subscriptions/listen", {"notifications": {"toolsListChanged": True}}, era=NEWEST),
        Message("notifications/initialized", era=SESSIONS, is_notification=True),
        Message("notifications/cancelled", cancelled, is_notification=True),
        Message(
            "notifications/progress", {"progressToken": 1, "progress": 1}, is_notification=True
        ),
        Message("notifications/roots/list_changed", era=SESSIONS, is_notification=True),
    )


def announced(
    capabilities: Mapping[str, Any], revision: str, tool: str | None = None
) -> Iterator[Message]:
    """Yield the messages that a server of these capabilities serves in a revision."""
    for message in messages(tool):
        if message.is_of(revision) and (
            not message.capability or message.capability in capabilities
        ):
            yield message


def replies(revision: str, session: str | None) -> dict[str, Request]:
    """Return what a client answers to requests of the server: a result, and an error."""
    asked = rpc("ping", revision=revision, session=session)
    error = {"code": -1, "message": in_guise("declined")}
    return {
        what: asked.but(body=json.dumps({"jsonrpc": "2.0", "id": 1, what: told}).encode())
        for what, told in (("result", {}), ("error", error))
    }


KINDS = ("requests", "notifications and replies", "GET and DELETE")


def in_session(
    kind: str, capabilities: Mapping[str, Any], revision: str, session: str | None, tool: str | None
) -> dict[str, Request]:
    """Return what a client may send in a session, of one of the ``KINDS``, by what it is."""
    if kind == KINDS[2]:
        asked = rpc("ping", revision=revision, session=session).but(body=None)
        stream = asked.with_header("Accept", "text/event-stream").with_header("Content-Type", None)
        return {method: stream.but(method=method) for method in ("GET", "DELETE")}
    found = {
        message.method: message.request(revision, session)
        for message in announced(capabilities, revision, tool)
        if message.is_notification == (kind == KINDS[1])
    }
    return found if kind == KINDS[0] else found | replies(revision, session)
