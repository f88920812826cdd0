"""Sections of a profile that tell of mail: what sends it, its form, who reports on it."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from pydantic import Field, field_validator

from conformance.profile.sections import OwnPath, Reason, Secret, Section

MAIL_COMMAND = "python -m conformance.world mail"
"""What starts the judge's mail provider."""
SECRET_PREFIX = "whsec_"  # noqa: S105 -- how such a secret begins


class MailTool(Section):
    """A tool that sends one message.

    In texts of ``arguments`` ``{recipient}`` is its address, ``{subject}`` its subject and
    ``{body}`` its text. ``html_arguments`` are those of a message whose body is HTML.
    """

    name: str
    arguments: dict[str, Any]
    html_arguments: dict[str, Any] | None = None


class MailText(Section):
    """A message: what a blocklist refuses, or lets through."""

    subject: Reason
    body: Reason


def _text(subject: str, body: str) -> MailText:
    return MailText(subject=subject, body=body)


REFUSED = (
    _text(
        "Your account has been suspended",
        "Your account has been suspended. Verify your password now to restore access.",
    ),
    _text(
        "Security alert",
        "This is the PayPal Security Team. Confirm your card number to avoid closure.",
    ),
    _text(
        "Payroll",
        "Reply with your password so that payroll can release your salary today.",
    ),
    _text(
        "Quick favour",
        "Are you at your desk? Buy gift cards for a client and send me the codes. Keep it quiet.",
    ),
)
"""What every blocklist of the kind refuses."""
ORDINARY = (
    _text("Report of the week", "Spend went up by 4 % this week. The report is in your workspace."),
    _text("Password changed", "Your password was changed today. We never ask for it by e-mail."),
    _text("Lunch on Thursday?", "Shall we meet at noon? I can book a table for four."),
)
"""What nobody has a reason to refuse."""


class Blocklist(Section):
    """Says that phishing and impersonation are refused.

    ``refused`` are messages that the target refuses, and ``ordinary`` such as it sends.
    """

    refused: Annotated[tuple[MailText, ...], Field(min_length=1)] = REFUSED
    ordinary: Annotated[tuple[MailText, ...], Field(min_length=1)] = ORDINARY


class MailWebhook(Section):
    """Where the mail provider reports what became of messages, signed as Standard Webhooks say.

    ``secret`` begins with `whsec_`, and base64 follows. A webhook whose time is further from now
    than ``tolerance_seconds`` counts for nothing.
    """

    path: OwnPath
    secret: Secret
    id_header: Reason = "svix-id"
    timestamp_header: Reason = "svix-timestamp"
    signature_header: Reason = "svix-signature"
    tolerance_seconds: int = Field(default=300, gt=0, le=3600)

    @field_validator("secret")
    @classmethod
    def _is_one(cls, value: str) -> str:
        if not value.startswith(SECRET_PREFIX):
            return value  # what will come from a state file stands there as its own name
        try:
            base64.b64decode(value.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            raise ValueError(
                f"is no such secret: {SECRET_PREFIX} and base64, as the provider shows it"
            ) from None
        return value


class Mail(Section):
    """What the target's mail must be like.

    ``domain`` is that of every sender, ``footer`` words that stand in what ends each message,
    beside a link. An address is suppressed for a tenant after ``suppressed_after`` permanent
    failures of messages that the tenant sent there.
    """

    domain: Reason | None = None
    footer: Reason = "unsubscribe"
    suppressed_after: int = Field(default=3, gt=0, le=10)
    blocklist: Blocklist | None = None
    webhook: MailWebhook | None = None
