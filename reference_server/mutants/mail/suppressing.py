"""Defects of what becomes of mail to addresses that fail."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reference_server.mail.addresses import recipient_of
from reference_server.mutants.bending import Beside, mutant
from reference_server.mutants.mail._bending import mailing

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from reference_server.mail.contracts import Ledger, MailParts, Told


class _Forgetful(Beside):
    """Finds no address suppressed."""

    def is_suppressed(self, tenant: UUID, recipient: str) -> bool:
        del tenant, recipient
        return False


@dataclass
class Counting:
    """Keeps failures of messages itself, by what ``name`` makes of a tenant and an address."""

    real: Ledger
    name: Callable[[UUID, str], object]
    most: int = 3
    counts_each: bool = False
    sent: dict[UUID, object] = field(default_factory=dict["UUID", object])
    failed: dict[UUID, int] = field(default_factory=dict["UUID", int])

    def is_suppressed(self, tenant: UUID, recipient: str) -> bool:
        """Tell whether enough messages of the name have failed."""
        return self._count(self.name(tenant, recipient)) >= self.most

    def record(self, tenant: UUID, recipient: str) -> UUID:
        """Note a message."""
        message = self.real.record(tenant, recipient)
        self.sent[message] = self.name(tenant, recipient)
        return message

    def fail(self, tenant: UUID, message: UUID) -> int | None:
        """Note a failure."""
        del tenant
        if message not in self.sent:
            return None
        before = self.failed.get(message, 0)
        self.failed[message] = before + 1 if self.counts_each else 1
        return self._count(self.sent[message])

    def end(self, tenant: UUID, message: UUID) -> bool:
        """Note who wants no more."""
        return self.real.end(tenant, message)

    def _count(self, name: object) -> int:
        return sum(count for message, count in self.failed.items() if self.sent[message] == name)


def _as_written(told: str) -> str:
    recipient_of(told)
    return told


def _counting_all(mail: MailParts) -> Callable[[bytes], Told | None]:
    def read(body: bytes) -> Told | None:
        told = json.loads(body)
        if "bounce" in told.get("data", {}):
            told["data"]["bounce"]["type"] = "Permanent"
        return mail.read(json.dumps(told).encode())

    return read


def _of_each(tenant: UUID, recipient: str) -> object:
    return tenant, recipient


MUTANTS = (
    mutant(
        "mail-to-addresses-that-fail",
        "MAIL-04",
        "Failures are noted, and nothing follows.",
        parts=mailing(ledger=lambda mail: _Forgetful(mail.ledger)),
    ),
    mutant(
        "mail-failures-of-all-tenants",
        "MAIL-04",
        "Failures of one tenant's messages count for all.",
        parts=mailing(ledger=lambda mail: Counting(mail.ledger, lambda _, recipient: recipient)),
    ),
    mutant(
        "mail-failures-of-a-tenant",
        "MAIL-04",
        "A tenant's failures count whatever address they are of.",
        parts=mailing(ledger=lambda mail: Counting(mail.ledger, lambda tenant, _: tenant)),
    ),
    mutant(
        "mail-failures-by-the-address-as-written",
        "MAIL-04",
        "An address in other letters is another one.",
        parts=mailing(recipient=lambda _: _as_written),
    ),
    mutant(
        "mail-failures-that-pass-count",
        "MAIL-04",
        "Temporary failures count as permanent ones.",
        parts=mailing(read=_counting_all),
    ),
    mutant(
        "mail-given-up-at-the-first-failure",
        "MAIL-04",
        "One permanent failure is enough.",
        parts=mailing(ledger=lambda mail: Counting(mail.ledger, _of_each, most=1)),
    ),
    mutant(
        "mail-given-up-late",
        "MAIL-04",
        "It takes five permanent failures, not three.",
        parts=mailing(ledger=lambda mail: Counting(mail.ledger, _of_each, most=5)),
    ),
)
