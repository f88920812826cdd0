"""Defects of how a proxy's word is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from reference_server.mutants.bending import mutant, replaced
from reference_server.sessions.proxy import Bound, SignedProxyIdentities, signature_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.parts import Parts


def _believing(kind: type[SignedProxyIdentities]) -> Callable[[Parts], Parts]:
    """Return a change of parts that believes proxies in another way."""

    def make(parts: Parts) -> SignedProxyIdentities:
        real = cast("SignedProxyIdentities", parts.tokens.proxies)
        return kind(real.secrets, real.clock, real.nonces)

    return replaced({"tokens.proxies": make})


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


MUTANTS = (
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
)
