"""Who has a key: one way to find out, which costs the same whatever comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from reference_server.core.principal import Principal
    from reference_server.keys.contracts import KeyParts

ABSENT = "absent"
"""What is digested and looked up for a missing key. No minted key is this short."""


def look_up(keys: KeyParts, credential: str | None, now: datetime) -> Principal | None:
    """Return who has the key; None for missing, unknown, revoked and expired ones alike.

    StorageUnavailableError when that cannot be found out.
    """
    digest = keys.hasher.digest(ABSENT if credential is None else credential)
    found = keys.directory.find(digest, now)
    return None if credential is None else found
