"""The chain that makes the audit trail tamper-evident, whoever owns the database.

A row's ``digest`` is an HMAC over the digest before it and over the row, its position included. So
no row can be changed, removed, added or moved without the key, which the database never holds. The
one row of ``audit_head`` says where the chain ends; its seal is what no cut-off tail can be given.

The seal is also a lock. It is the SHA-256 of the head's *proof*, an HMAC under the same key, and
the database adds nothing behind a head but for whoever shows that proof (``db/functions.sql``). So
it tells the server from somebody else who speaks as the runtime role, and yet holds no key: from a
seal nobody finds the proof, and a proof is of use for one head, once.

What is left to whoever kept a copy of an earlier head and its seal is to put both back, with the
rows as they were: against that there are anchors, outside of the database (``audit/anchors.py``).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Made once: json.loads and json.dumps make a new one for every call with options.
_decode = json.JSONDecoder(parse_int=Decimal, parse_float=Decimal).decode
_encode = json.JSONEncoder(sort_keys=True).encode
_LONGEST_REMEMBERED = 128
"""Characters of metadata whose spelling is remembered: nearly all rows say one of a few things."""
_TEXTS = ("event_type", "outcome", "tenant_id", "actor_key_id", "actor_ip", "request_id")

SECRET = "AUDIT_CHAIN_KEY"  # noqa: S105 -- the name of a secret


@dataclass(frozen=True)
class Head:
    """Where the chain ends: the last row's position, which is its id, and its digest."""

    position: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.position}:{self.digest.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read what ``str`` wrote; ValueError for anything else."""
        position, _, digest = text.partition(":")
        return cls(int(position), bytes.fromhex(digest))


START = Head(0, bytes(32))
"""The head of an empty trail."""


class AuditChain:
    """Links rows and seals heads under a key of at least 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def link(self, before: Head, row: Mapping[Any, Any]) -> Head:
        """Return the head after a row of ``audit_log``, its metadata given as JSON text."""
        position = before.position + 1
        return Head(position, self._mac(b"row", before.digest, canonical(position, row)))

    def proof(self, head: Head) -> bytes:
        """Return what is shown to move this head on: only who has the key knows it."""
        return self._mac(b"head", head.digest, str(head.position).encode())

    def seal(self, head: Head) -> bytes:
        """Return what stands beside the head: somebody with the key put it there."""
        return self.seal_by(self.proof(head))

    @staticmethod
    def seal_by(proof: bytes) -> bytes:
        """Return the seal of the head that a proof is of."""
        return hashlib.sha256(proof).digest()

    def seals(self, head: Head, seal: bytes) -> bool:
        """Tell whether the seal is the head's, in constant time."""
        return hmac.compare_digest(self.seal(head), seal)

    def vouch(self, head: Head, moment: str) -> bytes:
        """Return what proves that somebody with the key saw the head at a moment, given as text."""
        return self._mac(b"anchor", head.digest, f"{head.position} {moment}".encode())

    def _mac(self, purpose: bytes, digest: bytes, text: bytes) -> bytes:
        return hmac.digest(self._key, b"\0".join((purpose, digest, text)), "sha256")


def canonical(position: int, row: Mapping[Any, Any]) -> bytes:
    """Return the row's one spelling: what jsonb and timestamptz change about it changes nothing."""
    moment = (row["created_at"] - _EPOCH) // _MICROSECOND
    texts = [None if row[name] is None else str(row[name]) for name in _TEXTS]
    text = row["metadata"]
    metadata = _spelt_json(text) if len(text) > _LONGEST_REMEMBERED else _known_spelt(text)
    return _encode([position, moment, *texts, metadata]).encode()


def _spelt_json(text: str) -> Any:
    return _spelt(_decode(text))


_known_spelt = lru_cache(maxsize=512)(_spelt_json)


def _plain_number(value: Decimal) -> str:
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _spelt(value: Any) -> Any:
    """Return JSON without numbers: jsonb turns 1e2 into 100, so a number is its value's text."""
    if isinstance(value, str):
        return "s" + value
    if isinstance(value, Decimal):
        return "n" + _plain_number(value)
    if isinstance(value, dict):
        return {key: _spelt(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_spelt(item) for item in cast("list[Any]", value)]
    return value
