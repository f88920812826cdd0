"""Defects of how an issuer's keys are had: too seldom, too often, and from anybody."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt

from reference_server.identity.issuers import Issuer, header_of
from reference_server.identity.jwks import PoisonedSetError, VerifyingKey, read_key_set
from reference_server.identity.keyring import KeyRing, Pace
from reference_server.mutants.bending import mutant
from reference_server.mutants.jwt.verifying import bytes_of, payload_of, signed_by
from reference_server.mutants.oauth._issuing import with_issuer
from reference_server.outbound.documents import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.contracts import Clock
    from reference_server.identity.definitions import TrustedIssuer
    from reference_server.outbound.documents import Documents

_HOUR = 3600


def _entries(document: bytes) -> list[dict[str, Any]]:
    try:
        return json.loads(document)["keys"]
    except (ValueError, LookupError, TypeError):
        raise PoisonedSetError("it has no keys") from None


class _NeverAgain(Issuer):
    """Fetches the set once in an hour, whatever comes."""

    def __init__(self, told: TrustedIssuer, documents: Documents, clock: Clock) -> None:
        super().__init__(replace(told, refresh_seconds=_HOUR), documents, clock)


class _EachTime(Issuer):
    """Fetches the set for each unknown key."""

    def __init__(self, told: TrustedIssuer, documents: Documents, clock: Clock) -> None:
        super().__init__(told, documents, clock)
        day = timedelta(days=1)
        self.keys = _Asking(self._fetch_keys, clock, Pace(0, day, day))


class _Asking(KeyRing):
    def find(self, kid: str) -> VerifyingKey | None:
        key, _ = self._look(kid)
        if key is None:
            self._run()
        return self._look(kid)[0]


class _OneAfterAnother(Issuer):
    """Has all requests wait for a fetch that one of them has begun."""

    def __init__(self, told: TrustedIssuer, documents: Documents, clock: Clock) -> None:
        super().__init__(told, documents, clock)
        pace = Pace(told.refresh_seconds, timedelta(days=1), timedelta(days=1))
        self.keys = _Locked(self._fetch_keys, clock, pace)


class _Locked(KeyRing):
    _turn = threading.Lock()

    def find(self, kid: str) -> VerifyingKey | None:
        with self._turn:
            key, _ = self._look(kid)
            event = self._refresh() if key is None else None
            if event is not None:
                event.wait(60)
            return self._look(kid)[0]


class _Forgetting(Issuer):
    """Lets go of its keys when the set cannot be had."""

    def _fetch_keys(self) -> Mapping[str, VerifyingKey]:
        try:
            return super()._fetch_keys()
        except DocumentError:
            return {}


class _Believing(Issuer):
    """Takes any set for one, also where it has nothing in it."""

    def _fetch_keys(self) -> Mapping[str, VerifyingKey]:
        try:
            return super()._fetch_keys()
        except PoisonedSetError:
            return {}


class _TheFirstOfTwo(Issuer):
    """Takes the first of several keys of one id."""

    def _fetch_keys(self) -> Mapping[str, VerifyingKey]:
        entries = _entries(self.documents.get(self.metadata().jwks_uri))
        first = {one.get("kid"): one for one in reversed(entries)}
        return read_key_set(json.dumps({"keys": list(first.values())}).encode())


class _OpenWhileOut(Issuer):
    """Believes tokens while their issuer does not answer: nobody is to be kept out for that."""

    def open(self, token: str, kinds: frozenset[str]) -> bytes | None:
        payload = super().open(token, kinds)
        if payload is not None or "kid" not in (header_of(token) or {}):
            return payload
        try:
            self.documents.get(f"{self.told.issuer}/.well-known/openid-configuration")
        except DocumentError:
            return payload_of(token)
        return None


class _Shared(Issuer):
    """Verifies by a secret where the set has one."""

    def open(self, token: str, kinds: frozenset[str]) -> bytes | None:
        header = header_of(token) or {}
        if header.get("alg") != "HS256":
            return super().open(token, kinds)
        entries = _entries(self.documents.get(self.metadata().jwks_uri))
        secrets = [
            one["k"] for one in entries if one.get("kid") == header.get("kid") and "k" in one
        ]
        is_right = any(signed_by(token, bytes_of(secret)) for secret in secrets)
        return payload_of(token) if is_right else None


class _Lax(Issuer):
    """Takes what is left out of a set for a key as well."""

    def _fetch_keys(self) -> Mapping[str, VerifyingKey]:
        document = self.documents.get(self.metadata().jwks_uri)
        found = dict(read_key_set(document))
        for entry in _entries(document):
            kid = entry.get("kid")
            if isinstance(kid, str) and kid not in found and self._takes(entry):
                plain = {name: one for name, one in entry.items() if name not in {"use", "key_ops"}}
                key = jwt.PyJWK(plain, plain.get("alg"))
                found[kid] = VerifyingKey(str(plain.get("alg")), key.key)
        return found

    def _takes(self, entry: dict[str, Any]) -> bool:
        return entry.get("use") == "enc"


class _Weak(_Lax):
    def _takes(self, entry: dict[str, Any]) -> bool:
        return entry.get("kty") == "RSA"


MUTANTS = (
    mutant(
        "issuer-keys-once-an-hour",
        "OAUTH-07 OAUTH-21",
        "An issuer's keys are fetched once an hour: what it adds between does not count.",
        parts=with_issuer(_NeverAgain),
    ),
    mutant(
        "issuer-keys-for-each-stranger",
        "OAUTH-21",
        "Each token with an unknown key has the issuer's set fetched.",
        parts=with_issuer(_EachTime),
    ),
    mutant(
        "issuer-keys-one-after-another",
        "OAUTH-21",
        "While an issuer's set is fetched, whoever comes with a token of it waits.",
        parts=with_issuer(_OneAfterAnother),
    ),
    mutant(
        "issuer-keys-forgotten-in-an-outage",
        "OAUTH-21",
        "An issuer's keys are forgotten when they cannot be had again.",
        parts=with_issuer(_Forgetting),
    ),
    mutant(
        "issuer-keys-of-an-empty-set",
        "OAUTH-21",
        "What is no key set, or has no key, takes the place of a good one.",
        parts=with_issuer(_Believing),
    ),
    mutant(
        "issuer-keys-by-the-first-of-two",
        "OAUTH-21",
        "Of two keys under one id the first counts, whoever added it.",
        parts=with_issuer(_TheFirstOfTwo),
    ),
    mutant(
        "issuer-keys-not-needed-in-an-outage",
        "OAUTH-21",
        "While an issuer does not answer, its tokens are believed.",
        parts=with_issuer(_OpenWhileOut, login=False),
    ),
    mutant(
        "issuer-keys-that-are-secrets",
        "OAUTH-21",
        "A shared secret in an issuer's set verifies tokens.",
        parts=with_issuer(_Shared),
    ),
    mutant(
        "issuer-keys-for-encryption",
        "OAUTH-21",
        "A key that is published for encryption verifies tokens.",
        parts=with_issuer(_Lax),
    ),
    mutant(
        "issuer-keys-that-are-short",
        "OAUTH-21",
        "An RSA key of 1024 bits verifies tokens.",
        parts=with_issuer(_Weak),
    ),
)
