"""A defect of who owns a session, in the methods that are no call."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reference_server.mutants.bending import mutant, replaced

if TYPE_CHECKING:
    from reference_server.core.principal import Principal
    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.parts import Parts


@dataclass
class _Request:
    """What is known of the request that is being served."""

    method: str
    session: str
    owner: str = ""


_CURRENT: ContextVar[_Request] = ContextVar("the request that this task serves")


@dataclass
class _Owners:
    """Remembers who opened each session, and takes whoever ends or follows one for that."""

    opened: dict[str, str] = field(default_factory=dict[str, str])

    def around(self, app: App) -> App:
        """Return the application, which tells what it serves and which sessions it opens."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            headers = dict(scope.get("headers", ()))
            told = headers.get(b"mcp-session-id", b"").decode("latin-1")
            request = _Request(scope.get("method", ""), told)
            _CURRENT.set(request)

            async def note(message: Message) -> None:
                answered = dict(message.get("headers", ()))
                if (identity := answered.get(b"mcp-session-id")) and not told:
                    self.opened[identity.decode("latin-1")] = request.owner
                await send(message)

            await app(scope, receive, note)

        return serve

    def owner(self, principal: Principal) -> str:
        """Return whom a caller is taken for."""
        request, own = _CURRENT.get(), str(principal.tenant_id)
        request.owner = own
        return own if request.method == "POST" else self.opened.get(request.session, own)


def _by_id_alone(parts: Parts) -> Parts:
    owners = _Owners()
    return replaced(
        {"web.edge": lambda _: owners.around, "mcp.session_owner": lambda _: owners.owner}
    )(parts)


MUTANTS = (
    mutant(
        "sessions-ended-by-id-alone",
        "MCP-07",
        "A session is bound to its tenant for calls; its stream and its end go by the id alone.",
        parts=_by_id_alone,
    ),
)
