"""A proxy's word for a caller, which counts only when a proxy has signed it.

``v1 t=SECONDS,n=NONCE,id=IDENTITY,sig=SIGNATURE``: the identity is JSON in base64url, and the
signature HMAC-SHA256, in base64url, of these lines: ``v1``, the request's method, its path, t, n
and id. So a word serves one request, once, and for a minute.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets as random
import threading
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, cast
from uuid import UUID  # noqa: TC003 -- pydantic reads the annotations

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from reference_server.core.errors import StorageUnavailableError
from reference_server.core.principal import Principal
from reference_server.core.text import base64url
from reference_server.core.vocabulary import Scheme, Tier
from reference_server.sessions.claims import Text  # noqa: TC001 -- pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from redis import Redis

    from reference_server.core.contracts import Clock
    from reference_server.sessions.contracts import Nonces

WINDOW_SECONDS = 60
"""How far the time of a word may be from ours."""

STREAM_SECONDS = 300
"""How long a stream stays open that a proxy's word has opened."""

_REMEMBERED = 2 * WINDOW_SECONDS + 1
"""Seconds for which a nonce is remembered: no word is believed for longer."""

MOST_NONCES = 200_000
"""That many in memory, of signed words alone; more are refused, not forgotten."""

_WORD = re.compile(
    r"v1 t=(\d{1,12}),n=([A-Za-z0-9_-]{16,64}),id=([A-Za-z0-9_-]{1,4096}),sig=([A-Za-z0-9_-]{43})"
)


@checked(frozen=True, config=ConfigDict(strict=True, extra="forbid"))
class Identity:
    """Whom a proxy speaks for."""

    tenant: UUID
    subject: Text
    tier: Tier = Tier.USER
    roles: Annotated[tuple[Text, ...], Field(max_length=64)] = ()


_identity = TypeAdapter(Identity)


@dataclass(frozen=True)
class Bound:
    """What a word is bound to: the request that it comes with."""

    method: str
    path: str


def sign(secret: bytes, identity: Identity, bound: Bound, now: datetime) -> str:
    """Return the header's value by which a proxy that has the secret speaks for somebody."""
    fields = asdict(identity) | {"tenant": str(identity.tenant)}
    told = base64url(json.dumps(fields, separators=(",", ":")).encode())
    moment, nonce = str(int(now.timestamp())), random.token_urlsafe(16)
    signature = signature_of(secret, bound, moment, nonce, told)
    return f"v1 t={moment},n={nonce},id={told},sig={signature}"


@dataclass(frozen=True)
class SignedProxyIdentities:
    """Believes what is signed under any of some secrets; without one, nothing."""

    secrets: Sequence[bytes]
    clock: Clock
    nonces: Nonces

    def verify(self, value: str, method: str, path: str) -> Principal | None:
        """Return who is told of; None when the word is forged, altered, stale or used before.

        StorageUnavailableError when nobody can say whether it was used before.
        """
        word = _WORD.fullmatch(value)
        if word is None:
            return None
        moment, nonce, told, signature = word.groups()
        bound = Bound(method, path)
        is_genuine = self.is_genuine(signature, bound, moment, nonce, told)
        identity = _read(told) if is_genuine else None
        if identity is None or not self.is_fresh(int(moment)) or not self.nonces.take(nonce):
            return None
        return self._principal(identity)

    def is_genuine(self, signature: str, bound: Bound, *told: str) -> bool:
        """Tell whether a signature of a request and of t, n and id is one of a proxy's."""
        right = [signature_of(secret, bound, *told) for secret in self.secrets]
        return any([hmac.compare_digest(one, signature) for one in right])  # noqa: C419 -- all

    def is_fresh(self, moment: int) -> bool:
        """Tell whether a word was signed just now."""
        return abs(self.clock.now().timestamp() - moment) <= WINDOW_SECONDS

    def _principal(self, identity: Identity) -> Principal:
        return Principal(
            tenant_id=identity.tenant,
            key_id=None,
            scheme=Scheme.PROXY,
            tier=identity.tier,
            scope=frozenset({identity.tier}),
            roles=frozenset(identity.roles),
            rate_tier=identity.tier,
            subject=identity.subject,
            ends=self.clock.now() + timedelta(seconds=STREAM_SECONDS),
        )


class MemoryNonces:
    """Remembers nonces in this process, in the order in which they came."""

    def __init__(self, most: int = MOST_NONCES, seconds: float = _REMEMBERED) -> None:
        self._most, self._seconds = most, seconds
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, nonce: str) -> bool:
        """Tell whether it is new, and remember it; StorageUnavailableError when there is no room.

        By the machine's own time, which no clock of ours can put forward.
        """
        now = time.monotonic()
        with self._lock:
            while self._until and next(iter(self._until.values())) <= now:
                del self._until[next(iter(self._until))]
            if nonce in self._until:
                return False
            if len(self._until) >= self._most:
                raise StorageUnavailableError("too many proxied requests in two minutes")
            self._until[nonce] = now + self._seconds
        return True


class SharedNonces:
    """Remembers nonces for several processes, in Redis."""

    def __init__(self, client: Redis, seconds: int = _REMEMBERED) -> None:
        self._client, self._seconds = client, seconds

    def take(self, nonce: str) -> bool:
        """Tell whether it is new, and remember it; StorageUnavailableError without Redis."""
        from redis import RedisError

        try:
            taken = self._client.set(f"hallmark:nonce:{nonce}", 1, nx=True, ex=self._seconds)
        except RedisError as error:
            raise StorageUnavailableError("the storage of nonces did not answer") from error
        return bool(cast("object", taken))


def signature_of(secret: bytes, bound: Bound, *told: str) -> str:
    """Return the signature of a request and of t, n and id, in base64url."""
    text = "\n".join(("v1", bound.method, bound.path, *told))
    return base64url(hmac.digest(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256))


def _read(told: str) -> Identity | None:
    try:
        return _identity.validate_json(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))
    except (binascii.Error, ValidationError):
        return None
