"""The tool `send_email`: sends one message from the platform's own address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from reference_server.mail.contracts import Letter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from reference_server.core.principal import Principal
    from reference_server.tools.contracts import Caller


class Mailing(Protocol):
    """Sends for tenants."""

    def send(self, letter: Letter, principal: Principal, request_id: str) -> UUID:
        """Return the id of a message that was sent; CallerError where it was refused."""
        ...


def _schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "to": {"type": "string", "maxLength": 254, "description": "one plain address"},
            "subject": {"type": "string", "maxLength": 200},
            "body": {"type": "string", "maxLength": 20_000, "description": "plain text"},
            "html": {"type": "string", "maxLength": 20_000, "description": "or else HTML"},
        },
        "required": ["to", "subject"],
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class SendEmail:
    """Takes no sender: that is the operator's."""

    mailer: Mailing
    name: str = "send_email"
    description: str = "Send a message to one address; it comes from this platform's own."
    input_schema: dict[str, Any] = field(default_factory=_schema)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return ``{sent}``, the message's id; errors as those of ``Mailing``."""
        letter = Letter(
            recipient=arguments["to"],
            subject=arguments["subject"],
            text=arguments.get("body", ""),
            html=arguments.get("html", ""),
        )
        sent = self.mailer.send(letter, caller.principal, caller.request_id)
        return {"sent": str(sent)}
