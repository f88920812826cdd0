"""Defects of who a message is from, and of what its head is made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reference_server.mail.contracts import MailRefusal, RefusedMailError
from reference_server.mutants.bending import mutant
from reference_server.mutants.mail._bending import composing, mailing, taking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.mail.contracts import Letter, Sent

_BEGINNING = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def _begins_with_one(told: str) -> str:
    if _BEGINNING.match(told) is None:
        raise RefusedMailError(MailRefusal.RECIPIENT, "to is no address: write name@example.com.")
    return told.lower()


def _of_the_tenant(document: dict[str, Any], letter: Letter, sent: Sent) -> dict[str, Any]:
    del letter
    name, _, domain = document["from"].partition("@")
    return {**document, "from": f"{name}@{str(sent.tenant)[:8]}.{domain}"}


def _as_asked(document: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "from": more.get("from", document["from"])}


def _as_named(document: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Write the sender's name before the address, as if it were one."""
    shown = more.get("from_email")
    return document if shown is None else {**document, "from": shown}


def _with_headers(document: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "headers": {**document["headers"], **more.get("headers", {})}}


def _with_copies(document: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, **more}


MUTANTS = (
    mutant(
        "mail-from-whom-its-caller-says",
        "MAIL-01",
        "An argument from is the sender.",
        parts=taking(("from",), _as_asked),
    ),
    mutant(
        "mail-from-an-address-of-its-callers",
        "MAIL-01",
        "An argument from_email is the sender.",
        parts=taking(("from_email",), _as_named),
    ),
    mutant(
        "mail-from-a-domain-of-the-tenant",
        "MAIL-01",
        "Each tenant's mail comes from a subdomain that nobody has declared.",
        parts=composing(_of_the_tenant),
    ),
    mutant(
        "mail-with-headers-of-its-callers",
        "MAIL-01",
        "An argument headers adds header fields.",
        parts=taking(("headers",), _with_headers),
    ),
    mutant(
        "mail-with-hidden-copies",
        "MAIL-01",
        "An argument bcc that no schema tells of adds a recipient.",
        parts=taking(("bcc",), _with_copies),
    ),
    mutant(
        "mail-with-a-subject-of-several-lines",
        "MAIL-01",
        "A subject may hold what ends a line.",
        parts=mailing(subject=lambda _: str),
    ),
    mutant(
        "mail-with-lines-after-the-recipient",
        "MAIL-01",
        "A recipient has to begin with an address, whatever follows.",
        parts=mailing(recipient=lambda _: _begins_with_one),
    ),
)
