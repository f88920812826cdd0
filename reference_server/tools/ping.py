"""The tool `ping`: proves the whole chain by saying whom it took the caller for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reference_server.tools.contracts import no_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.tools.contracts import Caller


@dataclass(frozen=True)
class Ping:
    """Answers with the caller's tenant and the id of the request that carried the call."""

    name: str = "ping"
    description: str = "Check the connection: returns your tenant and this request's id."
    input_schema: dict[str, Any] = field(default_factory=no_arguments)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return ``{ok, tenantId, requestId}``; takes no arguments."""
        del arguments
        return {
            "ok": True,
            "tenantId": str(caller.principal.tenant_id),
            "requestId": caller.request_id,
        }
