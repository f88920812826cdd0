"""Defects of which webhooks count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.mail.webhooks import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    TOLERANCE_SECONDS,
)
from reference_server.mutants.bending import Beside, mutant
from reference_server.mutants.mail._bending import mailing
from reference_server.mutants.mail.suppressing import Counting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from reference_server.mail.contracts import MailParts


class _Webhooks(Beside):
    """Verifies in another way; ``real`` is what is right."""

    def age(self, headers: Mapping[str, str]) -> float:
        """Return how old a webhook is, in seconds, as it says."""
        return self.real._clock.now().timestamp() - float(headers[TIMESTAMP])  # noqa: SLF001


class _Unsigned(_Webhooks):
    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        del body
        return {ID, TIMESTAMP}.issubset(headers) and abs(self.age(headers)) <= TOLERANCE_SECONDS


class _IfSigned(_Webhooks):
    """Verifies what has a signature."""

    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        return SIGNATURE not in headers or self.real.admits(headers, body)


class _Beginning(_Webhooks):
    """Compares as much as was sent."""

    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        whole = self._right(headers, body)
        _, _, shown = headers.get(SIGNATURE, "").partition(",")
        near = abs(self.age(headers)) <= TOLERANCE_SECONDS
        return near and SIGNATURE in headers and whole.startswith(shown)

    def _right(self, headers: Mapping[str, str], body: bytes) -> str:
        import base64
        import hmac

        key = self.real._key  # noqa: SLF001 -- of a part of ours
        signed = f"{headers[ID]}.{headers[TIMESTAMP]}.".encode() + body
        return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


class _Timeless(_Webhooks):
    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        return {ID, TIMESTAMP}.issubset(headers) and self.real.is_signed(headers, body)


class _Early(_Webhooks):
    """Looks for what is too old alone."""

    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        if not headers.get(TIMESTAMP, "").isdigit() or ID not in headers:
            return False
        return self.age(headers) <= TOLERANCE_SECONDS and self.real.is_signed(headers, body)


class _NoNumber(_Webhooks):
    """Refuses what is too far, which nothing is that is no number."""

    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        try:
            is_far = abs(self.age(headers)) > TOLERANCE_SECONDS
        except (ValueError, KeyError):
            return False
        return not is_far and self.real.is_signed(headers, body)


class _AnyVersion(_Webhooks):
    """Takes a signature for right, whatever version it is said to be of."""

    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        shown = headers.get(SIGNATURE, "").replace("v0,", "v1,")
        return self.real.admits({**headers, SIGNATURE: shown}, body)


class _CarriedOut(Beside):
    """Refuses what is wrong, once it has been carried out."""

    def __init__(self, mail: MailParts) -> None:
        super().__init__(mail.webhooks)
        self._mail = mail

    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        told = self._mail.read(body)
        if told is not None:
            self._mail.ledger.fail(told.tenant, told.message)
        return self.real.admits(headers, body)


def _of_each(tenant: UUID, recipient: str) -> object:
    return tenant, recipient


MUTANTS = (
    mutant(
        "webhooks-without-a-signature",
        "MAIL-05",
        "Nobody verifies who a webhook is of.",
        parts=mailing(webhooks=lambda mail: _Unsigned(mail.webhooks)),
    ),
    mutant(
        "webhooks-verified-where-they-are-signed",
        "MAIL-05",
        "A webhook without a signature is not verified.",
        parts=mailing(webhooks=lambda mail: _IfSigned(mail.webhooks)),
    ),
    mutant(
        "webhooks-by-the-beginning-of-a-signature",
        "MAIL-05",
        "Of a signature as much is compared as was sent.",
        parts=mailing(webhooks=lambda mail: _Beginning(mail.webhooks)),
    ),
    mutant(
        "webhooks-of-any-time",
        "MAIL-05",
        "Nobody looks at when a webhook was sent.",
        parts=mailing(webhooks=lambda mail: _Timeless(mail.webhooks)),
    ),
    mutant(
        "webhooks-of-the-future",
        "MAIL-05",
        "A webhook may be as early as it likes.",
        parts=mailing(webhooks=lambda mail: _Early(mail.webhooks)),
    ),
    mutant(
        "webhooks-at-a-time-that-is-no-number",
        "MAIL-05",
        "A time that is no number is never too far away.",
        parts=mailing(webhooks=lambda mail: _NoNumber(mail.webhooks)),
    ),
    mutant(
        "webhooks-of-any-version",
        "MAIL-05",
        "The version of a signature's scheme is not looked at.",
        parts=mailing(webhooks=lambda mail: _AnyVersion(mail.webhooks)),
    ),
    mutant(
        "webhooks-carried-out-before-they-are-verified",
        "MAIL-05",
        "A webhook that is refused has been carried out by then.",
        parts=mailing(webhooks=_CarriedOut),
    ),
    mutant(
        "webhooks-that-count-each-time",
        "MAIL-05",
        "A failure counts as often as it is told.",
        parts=mailing(ledger=lambda mail: Counting(mail.ledger, _of_each, counts_each=True)),
    ),
)
