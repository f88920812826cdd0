"""Defects of how a proxy's word is believed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from reference_server.mutants.bending import mutant, replaced
from reference_server.sessions.proxy import Bound, SignedProxyIdentities, signature_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.core.principal import Principal
    from reference_server.parts import Parts

_SIGNATURE = re.compile(r"sig=.*$")


def _believing(kind: type[SignedProxyIdentities]) -> Callable[[Parts], Parts]:
    """Return a change of parts that believes proxies in another way."""

    def make(parts: Parts) -> SignedProxyIdentities:
        real = cast("SignedProxyIdentities", parts.tokens.proxies)
        return kind(real.secrets, real.clock, real.nonces)

    return replaced({"tokens.proxies": make})


class _AnySignature(SignedProxyIdentities):
    def verify(self, value: str, method: str, path: str) -> Principal | None:
        return super().verify(_SIGNATURE.sub(f"sig={'A' * 43}", value), method, path)

    def is_genuine(self, signature: str, bound: Bound, *told: str) -> bool:
        del signature, bound, told
        return True


class _EmptySecret(SignedProxyIdentities):
    def is_genuine(self, signature: str, bound: Bound, *told: str) -> bool:
        is_ours = super().is_genuine(signature, bound, *told)
        return is_ours or signature == signature_of(b"", bound, *told)


class _AnyTime(SignedProxyIdentities):
    def is_fresh(self, moment: int) -> bool:
        del moment
        return True


class _AnyAge(SignedProxyIdentities):
    def is_fresh(self, moment: int) -> bool:
        return moment <= self.clock.now().timestamp() + 60


class _Unlimited:
    """Remembers no nonce."""

    def take(self, nonce: str) -> bool:
        del nonce
        return True


def _replayed(parts: Parts) -> SignedProxyIdentities:
    real = cast("SignedProxyIdentities", parts.tokens.proxies)
    return SignedProxyIdentities(real.secrets, real.clock, _Unlimited())


MUTANTS = (
    mutant(
        "proxys-signature-not-verified",
        "CHAIN-02 CHAIN-04",
        "A proxy's word is believed as it stands.",
        parts=_believing(_AnySignature),
    ),
    mutant(
        "proxys-empty-secret",
        "CHAIN-04",
        "A proxy that was given no secret signs with the empty one, which counts.",
        parts=_believing(_EmptySecret),
    ),
    mutant(
        "proxys-word-of-any-time",
        "CHAIN-04",
        "When a proxy has signed its word is not looked at.",
        parts=_believing(_AnyTime),
    ),
    mutant(
        "proxys-word-of-any-age",
        "CHAIN-04",
        "A proxy's word is refused that is of the future, and none that is old.",
        parts=_believing(_AnyAge),
    ),
    mutant(
        "proxys-word-again-and-again",
        "CHAIN-04",
        "A proxy's word counts as often as it is sent.",
        parts=replaced({"tokens.proxies": _replayed}),
    ),
)
