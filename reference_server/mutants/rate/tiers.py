"""Defects of how much each rate tier may ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reference_server.core.vocabulary import Tier
from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.mutants.bending import mutant, replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.limits.contracts import Admission, Limiter
    from reference_server.parts import Parts

    Tiers = Mapping[Tier, Limiter]


def _none(parts: Parts) -> Tiers:
    del parts
    return {}


def _all_base(parts: Parts) -> Tiers:
    return dict.fromkeys(parts.limits.tiers, _like(parts, 1.0, Tier.A2A))


def _like(parts: Parts, factor: float, tier: Tier) -> Limiter:
    usual = parts.limits.tiers[tier].admit("whoever asks how many there may be")
    return MovingWindowLimiter(parts.clock, int(usual.limit * factor), usual.window)


def _with(tier: Tier, make: Callable[[Parts], Limiter]) -> Callable[[Parts], Tiers]:
    def bend(parts: Parts) -> Tiers:
        return {**parts.limits.tiers, tier: make(parts)}

    return bend


def _swapped(parts: Parts) -> Tiers:
    tiers = parts.limits.tiers
    return {**tiers, Tier.ADMIN: tiers[Tier.ANONYMOUS], Tier.ANONYMOUS: tiers[Tier.ADMIN]}


class _Both:
    """Counts a tier's request for the tenant as well."""

    def __init__(self, own: Limiter, base: Limiter) -> None:
        self._own, self._base = own, base

    def admit(self, subject: str) -> Admission:
        """Spend one of each."""
        self._base.admit(subject)
        return self._own.admit(subject)


class _Unlimited:
    """Counts, and admits all."""

    def __init__(self, real: Limiter) -> None:
        self._real = real

    def admit(self, subject: str) -> Admission:
        """Admit one more."""
        return replace(self._real.admit(subject), admitted=True)


def _shared(parts: Parts) -> Tiers:
    own = parts.limits.tiers
    return {tier: _Both(limiter, parts.limits.tenant) for tier, limiter in own.items()}


MUTANTS = (
    mutant(
        "tiers-that-share-the-base",
        "RATE-10",
        "All tiers of a tenant have the base rate, together.",
        parts=replaced({"limits.tiers": _none}),
    ),
    mutant(
        "multipliers-ignored",
        "RATE-10",
        "Every tier has the base rate.",
        parts=replaced({"limits.tiers": _all_base}),
    ),
    mutant(
        "multipliers-inverted",
        "RATE-10",
        "Anonymous callers have what administrators should have, and the other way round.",
        parts=replaced({"limits.tiers": _swapped}),
    ),
    mutant(
        "tiers-that-use-up-the-base",
        "RATE-10",
        "What a tier asks for is counted for all others of its tenant, too.",
        parts=replaced({"limits.tiers": _shared}),
    ),
    mutant(
        "administrators-without-limit",
        "RATE-10",
        "Administrators may ask for as much as they like.",
        parts=replaced(
            {
                "limits.tiers": _with(
                    Tier.ADMIN, lambda parts: _Unlimited(parts.limits.tiers[Tier.ADMIN])
                )
            }
        ),
    ),
    mutant(
        "anonymous-at-half-its-rate",
        "RATE-10",
        "Anonymous callers have half of what they should have.",
        parts=replaced(
            {"limits.tiers": _with(Tier.ANONYMOUS, lambda parts: _like(parts, 0.5, Tier.ANONYMOUS))}
        ),
    ),
)
