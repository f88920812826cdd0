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
    word = path.removeprefix(UNSUBSCRIBE)
    is_link = path.startswith(UNSUBSCRIBE) and word and "/" not in word
    return Access.PUBLIC if is_link and method in {"GET", "HEAD", "POST"} else None
