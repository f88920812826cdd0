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

SCOPE_KEY = "hallmark.context"
"""Where the gate leaves a request's context in its ASGI scope, for Flask and the tools."""

NO_VIEW = "hallmark.no_view"
"""Says in a request's WSGI environment that Flask runs the chain for it and nothing else."""


@dataclass
class RequestContext:
    """One request's facts.

    ``request_id`` is empty and ``access`` the strictest until ``identify_request`` has run.
    ``address`` is the client's, as ``web.client_address`` finds it. ``headers`` are as received:
    order, letter case and repetitions kept, so that a stage sees what a merged mapping would hide.
    ``principal`` is None until ``authenticate`` has run, and set on every request that reaches a
    tool; ``is_admin`` says that the admin token was right. ``admissions`` are what the limits said,
    in the order they were asked. ``events`` wait for the one write that stores them, before the
    request goes on or is refused. ``is_unaudited`` is set when the trail could not take this
    request's rows: whatever its answer was, it must not leave.
    """

    request_id: str
    address: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    access: Access = Access.KEY
    credential: str | None = field(default=None, repr=False)
    principal: Principal | None = None
    is_admin: bool = False
    admissions: dict[LimitScope, Admission] = field(default_factory=dict["LimitScope", "Admission"])
    events: list[AuditEvent] = field(default_factory=list["AuditEvent"])
    is_unaudited: bool = False

    is_counted: bool = False

    @property
    def site(self) -> str:
        """Whom limits and blocks count the request against: the address, or its site of IPv6."""
        return site_of(self.address)

    def attribute(self, event: AuditEvent) -> AuditEvent:
        """Return the event with this request's id, address, tenant and key filled in."""
        tenant = self.principal.tenant_id if self.principal else None
        key = self.principal.key_id if self.principal else None
        return replace(
            event,
            request_id=self.request_id,
            address=self.address,
            tenant_id=event.tenant_id or tenant,
            actor_key_id=event.actor_key_id or key,
        )
