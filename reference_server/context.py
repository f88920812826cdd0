"""What is known of one request while it runs: filled in by the stages, read by everything after."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reference_server.core.addresses import site_of
from reference_server.core.vocabulary import Access

if TYPE_CHECKING:
    from reference_server.audit.contracts import AuditEvent
    from reference_server.core.principal import Principal
    from reference_server.core.vocabulary import LimitScope
    from reference_server.limits.contracts import Admission
    from reference_server.sessions.contracts import Found, Missed

SCOPE_KEY = "hallmark.context"
"""Where the gate leaves a request's context in its ASGI scope, for Flask and the tools."""

MCP_PATH = "/mcp"
"""The path of the MCP endpoint, decoded: what only looks like it is no view of ours either."""

NO_VIEW = "hallmark.no_view"
"""Says in a request's WSGI environment that Flask runs the chain for it and nothing else."""


@dataclass
class RequestContext:
    """One request's facts.

    ``request_id`` is empty and ``access`` the strictest until ``identify_request`` has run.
    ``address`` is the client's, as ``web.client_address`` finds it. ``headers`` are as received:
    order, letter case and repetitions kept, so that a stage sees what a merged mapping would hide.
    ``credential`` is the API key, or the admin token, as it was sent; ``extracted`` what became of
    looking for a session token or a proxy's word, None where an API key goes before them.
    ``principal`` is None until ``authenticate`` has run, and set on every request that reaches a
    tool; ``is_admin`` says that the admin token was right. ``admissions`` are what the limits said,
    in the order they were asked. ``events`` wait for the one write that stores them, before the
    request goes on or is refused. ``is_unaudited`` is set when the trail could not take this
    request's rows: whatever its answer was, it must not leave. ``is_counted`` is set when it was
    refused and has no row, nor a line, but is part of a count. ``lacks`` is the scope that an OAuth
    client would have needed for what it asked at the MCP endpoint: the answer becomes a 403.
    """

    request_id: str
    address: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    access: Access = Access.KEY
    credential: str | None = field(default=None, repr=False)
    extracted: Found | Missed | None = field(default=None, repr=False)
    principal: Principal | None = None
    is_admin: bool = False
    admissions: dict[LimitScope, Admission] = field(default_factory=dict["LimitScope", "Admission"])
    events: list[AuditEvent] = field(default_factory=list["AuditEvent"])
    is_unaudited: bool = False
    is_counted: bool = False
    lacks: str | None = None

    @property
    def site(self) -> str:
        """Whom limits and blocks count the request against: the address, or its site of IPv6."""
        return site_of(self.address)

    @property
    def is_mcp(self) -> bool:
        """Whether the request is for the MCP endpoint."""
        return self.path == MCP_PATH

    @property
    def caller(self) -> Principal:
        """Who calls, where nobody comes who is unknown; PermissionError if somebody has."""
        if self.principal is None:
            raise PermissionError("the chain let a request without a principal through")
        return self.principal

    def attribute(self, event: AuditEvent) -> AuditEvent:
        """Return the event with this request's id, address and identity filled in.

        The tenant and the key have columns of their own; the metadata tells what else is known of
        who was let in, whatever the event says under the same names.
        """
        principal = self.principal
        tenant = principal.tenant_id if principal else None
        key = principal.key_id if principal else None
        metadata = event.metadata
        if principal is not None:
            identity = _identity(principal)
            metadata = {**identity, **(metadata or {}), **identity}
        return replace(
            event,
            request_id=self.request_id,
            address=self.address,
            tenant_id=event.tenant_id or tenant,
            actor_key_id=event.actor_key_id or key,
            metadata=metadata,
        )


def _identity(principal: Principal) -> dict[str, str]:
    """Return what authorised the request: names that ``db/questions.py`` finds rows by.

    A subject that is the key's id stands in the key's column already.
    """
    is_key = principal.subject == str(principal.key_id)
    told = {
        "scheme": principal.scheme.value,
        "tier": principal.tier.value,
        "session": principal.session_id,
        "tokenId": principal.token_id,
        "subject": None if is_key else principal.subject,
    }
    return {name: value for name, value in told.items() if value}
