"""Makes the provider's document of a letter: the sender, the footer and the header fields."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from reference_server.mail.markup import read_markup

if TYPE_CHECKING:
    from reference_server.mail.contracts import Letter, MailParts, Sent

TENANT_TAG, MESSAGE_TAG = "tenant", "message"
"""What the provider is asked to remember, and tells again by its webhooks."""


def compose(parts: MailParts, letter: Letter, sent: Sent) -> dict[str, Any]:
    """Return the body of Resend's `POST /emails`, footer and fields of RFC 8058 included."""
    link = parts.links.make(sent.tenant, sent.message)
    document: dict[str, Any] = {
        "from": parts.sender,
        "to": [sent.recipient],
        "subject": letter.subject,
        "text": letter.text + text_footer(link),
        "headers": {
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "tags": [
            {"name": TENANT_TAG, "value": str(sent.tenant)},
            {"name": MESSAGE_TAG, "value": str(sent.message)},
        ],
    }
    if letter.html:
        shown = read_markup(letter.html)
        document["text"] = shown.text + text_footer(link)
        document["html"] = f"<div>{shown.markup}</div>{html_footer(link)}"
    return document


def text_footer(link: str) -> str:
    """Return what ends a text."""
    return f"\n\n-- \nYou get this because somebody sent it to you. To unsubscribe: {link}\n"


def html_footer(link: str) -> str:
    """Return what ends HTML."""
    target = html.escape(link)
    return (
        "<hr><p>You get this because somebody sent it to you. "
        f'<a href="{target}">Unsubscribe</a></p>'
    )
