"""The rows of mail: what sends it, what it must be like, and how its failures are told."""

from __future__ import annotations

from conformance.model.row import Row, tool_row

MAIL_PROVIDER = Row(
    "mail-provider",
    "the profile's [world.mail]: the judge's mail provider, to which the target sends",
    "world.mail",
    example=(
        "[world.mail]",
        "# python -m conformance.world mail --port 8901 --control FILE",
        'url = "http://127.0.0.1:8901"',
        'control = { env = "MAIL_CONTROL" }',
    ),
)
MAIL_TOOL = tool_row(
    "mail-tool",
    "mail",
    "a tool that sends a message",
    'name = "send_email"',
    'arguments = { to = "{recipient}", subject = "{subject}", body = "{body}" }',
)
MAIL_DOMAIN = Row(
    "mail-domain",
    "the profile's [mail] domain: that of every sender",
    "mail.domain",
    example=("[mail]", 'domain = "notifications.example"'),
)
MAIL_BLOCKLIST = Row(
    "mail-blocklist",
    "the profile's [mail.blocklist]: says that phishing and impersonation are refused",
    "mail.blocklist",
    example=("[mail.blocklist]",),
)
MAIL_WEBHOOK = Row(
    "mail-webhook",
    "the profile's [mail.webhook]: where the mail provider tells of failures, and its secret",
    "mail.webhook",
    example=(
        "[mail.webhook]",
        'path = "/webhooks/mail"',
        'secret = { env = "MAIL_WEBHOOK_SECRET" }',
    ),
)
MAIL_SUPPRESSION = Row(
    "mail-suppression",
    "the profile's [mail] suppressed_after: how many permanent failures suppress an address",
    "mail.suppressed_after",
    example=("suppressed_after = 3",),
)
