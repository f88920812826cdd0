"""Defects of the order in which credentials count, and of what is told where none does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from reference_server.core.vocabulary import TokenFailure, TokenMethod
from reference_server.mutants.bending import mutant, replaced
from reference_server.sessions.contracts import Found, Missed
from reference_server.sessions.extraction import TokenChain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference_server.parts import Parts
    from reference_server.sessions.contracts import Headers, TokenExtractor

AUTHORIZATION, PROXY, COOKIE = TokenMethod


@dataclass(frozen=True)
class _Ordered:
    """Tries methods in an order of its own, on every route alike."""

    real: TokenExtractor
    order: tuple[TokenMethod, ...]

    @property
    def methods(self) -> Sequence[TokenMethod]:
        return self.order

    def yields(self, headers: Headers) -> bool:
        return self.real.yields(headers)

    def extract(self, headers: Headers, *, is_mcp: bool) -> Found | Missed:
        del is_mcp
        tried: dict[TokenMethod, TokenFailure] = {}
        for method in self.order:
            found = TokenChain((method,)).extract(headers, is_mcp=False)
            if isinstance(found, Found) or not found.is_absent:
                return found
            tried |= found.tried
        return Missed(TokenFailure.NONE_FOUND, tried)


class _LastFirst(_Ordered):
    """Lets each method overwrite what the one before has found."""

    def extract(self, headers: Headers, *, is_mcp: bool) -> Found | Missed:
        result = super().extract(headers, is_mcp=is_mcp)
        for method in self.order:
            found = TokenChain((method,)).extract(headers, is_mcp=False)
            result = found if isinstance(found, Found) else result
        return result


class _CookieMissing(_Ordered):
    """Knows no cookie but its own, and so calls none there what is there without it."""

    def extract(self, headers: Headers, *, is_mcp: bool) -> Found | Missed:
        found = self.real.extract(headers, is_mcp=is_mcp)
        if isinstance(found, Found):
            return found
        other = {TokenFailure.NOT_IN_COOKIE: TokenFailure.MISSING_COOKIE}
        return replace(found, tried={one: other.get(why, why) for one, why in found.tried.items()})


def _cookie_missing(parts: Parts) -> TokenExtractor:
    real = parts.tokens.extractor
    return cast("TokenExtractor", _CookieMissing(real, tuple(real.methods)))


MUTANTS = (
    mutant(
        "last-credential-decides",
        "CHAIN-01 CHAIN-02 CHAIN-05",
        "Each way overwrites what the one before it has found.",
        parts=replaced(
            {
                "tokens.extractor": lambda parts: _LastFirst(
                    parts.tokens.extractor, (PROXY, AUTHORIZATION, COOKIE)
                )
            }
        ),
    ),
    mutant(
        "another-cookie-called-none",
        "CHAIN-03",
        "Whoever sends other cookies is told that he sent none.",
        parts=replaced({"tokens.extractor": _cookie_missing}),
    ),
)
