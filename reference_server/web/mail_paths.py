"""The URLs of mail, and what each asks of its caller."""

from __future__ import annotations

from typing import Final

from reference_server.core.vocabulary import Access
from reference_server.mail.links import PATH

WEBHOOK: Final = "/webhooks/mail"
UNSUBSCRIBE: Final = PATH


def mail_access_of(method: str, path: str) -> Access | None:
    """Return what a URL of mail asks for: a signature is no credential; None for any other URL."""
    if path == WEBHOOK and method == "POST":
        return Access.PUBLIC
    is_link = is_unsubscribing(path) and method in {"GET", "HEAD", "POST"}
    return Access.PUBLIC if is_link else None


def is_unsubscribing(path: str) -> bool:
    """Tell whether a URL is a message's link to unsubscribe by.

    Mailbox providers follow it for their users (RFC 8058), for many of them from one address.
    """
    word = path.removeprefix(UNSUBSCRIBE)
    return path.startswith(UNSUBSCRIBE) and bool(word) and "/" not in word
