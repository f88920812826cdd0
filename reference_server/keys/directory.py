"""API keys: made, digested, and looked up by digest. A raw key is never stored."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from reference_server.core.principal import Principal
from reference_server.db.session import storage_guarded
from reference_server.db.statements import Statements

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

_KEY_BYTES = 32

_FIND = "SELECT key_id, tenant_id FROM find_api_key(%(digest)s, %(now)s)"


def generate_key() -> str:
    """Return a new key: 256 random bits in 43 characters that need no escaping anywhere."""
    return secrets.token_urlsafe(_KEY_BYTES)


class HmacKeyHasher:
    """HMAC-SHA256 under a server secret: a stolen table of digests cannot be searched offline."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def digest(self, raw_key: str) -> str:
        """Return the digest in lower-case hex; any text is accepted."""
        raw = raw_key.encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, raw, "sha256").hex()


class SqlKeyDirectory:
    """Finds a key's owner by the function for it: the role sees no key without its tenant."""

    def __init__(self, engine: Engine) -> None:
        # A single SELECT needs no transaction around it; that saves two round trips a request.
        self._statements = Statements(engine)

    def find(self, digest: str, now: datetime) -> Principal | None:
        """Return the owner of an active key; None for unknown, revoked and expired ones alike.

        StorageUnavailableError when the database does not answer.
        """
        with storage_guarded():
            row = self._statements.first(_FIND, {"digest": digest, "now": now})
        if row is None or row[0] is None:
            return None
        return Principal(key_id=row[0], tenant_id=row[1])
