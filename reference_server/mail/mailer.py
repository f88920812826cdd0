"""Sends a letter: it is checked, screened, composed, noted down and handed over, in this order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reference_server.audit.contracts import AuditEvent
from reference_server.core.errors import ToolError
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.mail.contracts import (
    FailedMailError,
    Letter,
    MailRefusal,
    RefusedMailError,
    Sent,
)

if TYPE_CHECKING:
    from uuid import UUID

    from reference_server.audit.contracts import AuditTrail
    from reference_server.core.principal import Principal
    from reference_server.mail.contracts import MailParts

LONGEST_BODY = 20_000


@dataclass(frozen=True)
class Mailer:
    """Sends for tenants, and writes into the trail what was sent and what was refused.

    The trail has no address and nothing of what was written: a message's id, or the reason.
    """

    parts: MailParts
    trail: AuditTrail

    def send(self, letter: Letter, principal: Principal, request_id: str) -> UUID:
        """Return the id of a message that the provider took.

        RefusedMailError says what is wrong with it; ToolError that the provider did not take it.
        """
        try:
            sent = self._noted(letter, principal.tenant_id)
        except RefusedMailError as refused:
            told = {"reason": refused.refusal.value, "rule": refused.rule}
            self._write(EventType.MAIL_REFUSED, principal, request_id, told)
            raise
        try:
            self.parts.provider.send(self.parts.compose(self.parts, letter, sent))
        except FailedMailError as error:
            told = {"reason": MailRefusal.PROVIDER.value, "message": str(sent.message)}
            self._write(EventType.MAIL_REFUSED, principal, request_id, told)
            raise ToolError("the mail provider did not take the message", str(error)) from error
        self._write(EventType.MAIL_SENT, principal, request_id, {"message": str(sent.message)})
        return sent.message

    def _noted(self, letter: Letter, tenant: UUID) -> Sent:
        """Return what is to be sent, once nothing speaks against it."""
        parts = self.parts
        recipient = parts.recipient(letter.recipient)
        letter = replace(letter, subject=parts.subject(letter.subject))
        if bool(letter.text) == bool(letter.html) or max(len(letter.text), len(letter.html)) > (
            LONGEST_BODY
        ):
            raise RefusedMailError(
                MailRefusal.BODY,
                f"A message has a body or html, of at most {LONGEST_BODY} characters.",
            )
        if rule := parts.screen.find(letter):
            raise RefusedMailError(
                MailRefusal.CONTENT, "The message reads like phishing, so it is not sent.", rule
            )
        if parts.ledger.is_suppressed(tenant, recipient):
            raise RefusedMailError(
                MailRefusal.SUPPRESSED,
                "to gets no more of your mail: messages there failed for good, or nobody wants "
                "them there. Write to another address.",
            )
        return Sent(tenant, parts.ledger.record(tenant, recipient), recipient)

    def _write(
        self, event: EventType, principal: Principal, request_id: str, told: dict[str, Any]
    ) -> None:
        outcome = Outcome.SUCCESS if event is EventType.MAIL_SENT else Outcome.FAILURE
        self.trail.write(
            AuditEvent(
                event,
                outcome,
                request_id=request_id,
                tenant_id=principal.tenant_id,
                actor_key_id=principal.key_id,
                metadata={name: value for name, value in told.items() if value},
            )
        )
