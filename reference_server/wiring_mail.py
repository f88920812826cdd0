"""What sends mail, wired once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.errors import ConfigurationError
from reference_server.core.secrets import read_secret
from reference_server.core.urls import is_loopback_origin
from reference_server.db.session import SqlTenantSessions
from reference_server.mail.addresses import recipient_of, subject_of
from reference_server.mail.composing import compose
from reference_server.mail.contracts import MailParts
from reference_server.mail.ledger import SqlLedger
from reference_server.mail.links import SignedLinks
from reference_server.mail.resend import Resend
from reference_server.mail.screening import PhishingScreen
from reference_server.mail.webhooks import SignedWebhooks, read_webhook
from reference_server.outbound.documents import HttpsDocuments

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from reference_server.core.contracts import Clock
    from reference_server.core.settings import Settings

API_KEY = "RESEND_API_KEY"
WEBHOOK_SECRET = "MAIL_WEBHOOK_SECRET"  # noqa: S105 -- the name of a secret


def mail_parts(settings: Settings, secret: bytes, engine: Engine, clock: Clock) -> MailParts | None:
    """Return what sends mail, None where no domain is set to send from.

    ConfigurationError for a secret that cannot be read, and without a public URL.
    """
    if settings.mail_domain is None:
        return None
    if settings.public_url is None:
        raise ConfigurationError(
            "mail_domain needs public_url, for the links by which mail is ended: set --public-url."
        )
    api = settings.mail_api
    line = HttpsDocuments((api,) if is_loopback_origin(api) else ())
    key = read_secret(settings.secrets_dir, API_KEY).decode()
    webhook_secret = read_secret(settings.secrets_dir, WEBHOOK_SECRET).decode()
    most = settings.limits.mail_failures
    return MailParts(
        sender=f"{settings.mail_sender}@{settings.mail_domain}",
        provider=Resend(line, api, key),
        recipient=recipient_of,
        subject=subject_of,
        screen=PhishingScreen(settings.mail_names),
        compose=compose,
        ledger=SqlLedger(SqlTenantSessions(engine), clock, most),
        webhooks=SignedWebhooks(webhook_secret, clock),
        read=read_webhook,
        links=SignedLinks(settings.public_url, secret),
        suppressed_after=most,
    )
