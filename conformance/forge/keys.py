"""Keys to present: the profile's own, and ones that were never issued."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.text.tokens import is_token

if TYPE_CHECKING:
    from conformance.profile.tenants import Tenant

KEY_BYTES = 32


def random_key() -> str:
    """Return a key of the right form (256 bits, base64url) that no server has issued."""
    return secrets.token_urlsafe(KEY_BYTES)


@dataclass(frozen=True)
class TenantKeys:
    """One tenant's keys as the profile has them."""

    tenant: Tenant = field(repr=False)

    @property
    def tenant_id(self) -> str:
        """The tenant's id."""
        return self.tenant.id

    @property
    def active(self) -> str:
        """A key that works."""
        return self.tenant.key

    @property
    def token(self) -> str:
        """A session token that works; the key, where that is one."""
        return self.tenant.token

    @property
    def revoked(self) -> str:
        """A key that was revoked; the check's clause must need REVOKED_KEY."""
        return _present(self.tenant.revoked_key, "revoked_key")

    @property
    def expired(self) -> str:
        """A key that ran out; the check's clause must need EXPIRED_KEY."""
        return _present(self.tenant.expired_key, "expired_key")

    @property
    def canary(self) -> str:
        """A string in the tenant's data that nobody else may see; the check must need CANARIES."""
        return _present(self.tenant.canary, "canary")


@dataclass(frozen=True)
class Keys:
    """The keys of both tenants; ``active`` and the like are tenant A's."""

    a: TenantKeys
    b: TenantKeys

    @property
    def active(self) -> str:
        """Tenant A's working key."""
        return self.a.active

    @property
    def revoked(self) -> str:
        """Tenant A's revoked key."""
        return self.a.revoked

    @property
    def expired(self) -> str:
        """Tenant A's expired key."""
        return self.a.expired

    def random(self) -> str:
        """Return a well-formed key that was never issued; where keys are tokens, a token."""
        return unknown_like(self.active) if is_token(self.active) else random_key()


def malformed_keys(real: str) -> dict[str, str]:
    """Return header values that are no key of the right form, by what is wrong with them.

    Derived from a real key where that is the point: a comparison that normalizes too much
    (strips, folds case, unquotes) accepts one of these. What some key does not differ from, such as
    one without letters from itself in another case, and what is blank, is left out; and so is
    padding of a token, which many a decoder takes for the same bytes: JWT-03 has that.
    """
    spoilt = {
        "one character": real[:1],
        "one character short": real[:-1],
        "one character long": f"{real}A",
        "twice itself": real + real,
        "another alphabet": "!" * len(real),
        "Latin-1 bytes": "ÿþ" * (len(real) // 2),
        "UTF-8 bytes": "ключ".encode().decode("latin-1") * 5,
        "padded base64": f"{real}=",
        "case changed": real.swapcase(),
        "in double quotes": f'"{real}"',
        "in single quotes": f"'{real}'",
        "with a scheme": f"Bearer {real}",
        "SQL": "' OR '1'='1' --",
        "a wildcard": "%",
        "8 KiB": "A" * 8192,
    }
    if is_token(real):
        del spoilt["padded base64"]
    return {what: key for what, key in spoilt.items() if key.strip() and key != real}


def with_control_byte(real: str) -> str:
    """Return a real key with a byte in it that no field of HTTP may hold."""
    return f"{real[:10]}\x1b{real[10:]}"


def random_like(real: str) -> str:
    """Return random text of a credential's length that differs from it at the first character."""
    letters = string.ascii_letters + string.digits
    first = secrets.choice(letters.replace(real[:1], ""))
    return first + "".join(secrets.choice(letters) for _ in real[1:])


_KEPT = 2
"""Characters of a signature that stay: one above the key's modulus would be refused unread."""


def unknown_like(real: str) -> str:
    """Return a credential of the same form that was never issued: of a JWT, another signature.

    Who verifies signatures refuses other text by its form alone, which tells the caller nothing.
    """
    if not is_token(real):
        return random_like(real)
    *parts, signature = real.split(".")
    head = ".".join((*parts, ""))
    drawn = secrets.token_urlsafe(len(signature))[: len(signature) - _KEPT - 1]
    # The last character has bits to spare, of which not every value is base64url.
    return head + signature[:_KEPT] + drawn + signature[-1]


def nearly(real: str) -> str:
    """Return a credential spoilt in its last characters only.

    More than one is spoilt: base64 may decode two spellings of the last one to the same bytes. Of a
    token it stays, since of another spelling a decoder may refuse it before anything is verified.
    """
    wrong = min(4, len(real))
    if is_token(real):
        return real[: -wrong - 1] + random_like(real[-wrong - 1 : -1]) + real[-1]
    return real[:-wrong] + random_like(real[-wrong:])


def of_another_form() -> str:
    """Return text that is no key by its length and by its alphabet."""
    return "!" * 7


def _present(value: str | None, name: str) -> str:
    if value is None:
        raise LookupError(f"the profile has no tenants.*.{name}")
    return value
