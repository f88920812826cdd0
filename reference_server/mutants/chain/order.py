"""Defects of the order in which credentials count, and of what is told where none does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from reference_server.core.vocabulary import Access, TokenFailure, TokenMethod
from reference_server.mutants.bending import mutant, refusing, replaced, with_stage
from reference_server.sessions.contracts import Found, Missed
from reference_server.sessions.extraction import TokenChain
from reference_server.web.answers import error, unauthorized

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.mutants.bending import Stage
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


def _ordered(*order: TokenMethod) -> Callable[[Parts], Parts]:
    return replaced({"tokens.extractor": lambda parts: _Ordered(parts.tokens.extractor, order)})


class _LastFirst(_Ordered):
    """Lets each method overwrite what the one before has found."""

    def extract(self, headers: Headers, *, is_mcp: bool) -> Found | Missed:
        result = super().extract(headers, is_mcp=is_mcp)
        for method in self.order:
            found = TokenChain((method,)).extract(headers, is_mcp=False)
            result = found if isinstance(found, Found) else result
        return result


class _OverMalformed(_Ordered):
    """Goes on where a method can make nothing of what it finds."""

    def extract(self, headers: Headers, *, is_mcp: bool) -> Found | Missed:
        for method in self.order:
            found = TokenChain((method,)).extract(headers, is_mcp=False)
            if isinstance(found, Found):
                return found
        return super().extract(headers, is_mcp=is_mcp)


def _over_wrong(stage: Stage) -> Stage:
    """Try the next method where a token does not count, until one does."""

    def bent(context: RequestContext, parts: Parts) -> Response | None:
        refusal = stage(context, parts)
        if refusal is None or not isinstance(context.extracted, Found):
            return refusal
        for method in (AUTHORIZATION, COOKIE):
            found = TokenChain((method,)).extract(context.headers, is_mcp=False)
            if isinstance(found, Found) and parts.tokens.validator.validate(found.token):
                context.extracted = found
                context.events.clear()
                return stage(context, parts)
        return refusal

    return bent


def _silent(context: RequestContext) -> Response | None:
    return None if context.access is Access.ADMIN else unauthorized()


def _echoing(context: RequestContext) -> Response | None:
    found = context.extracted
    if not isinstance(found, Found):
        return None
    answer = error(401, "unauthorized", message=f"the token {found.token} is not valid")
    answer.headers["WWW-Authenticate"] = unauthorized(found).headers["WWW-Authenticate"]
    return answer


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
        "cookie-before-bearer",
        "CHAIN-01 CHAIN-02",
        "A cookie decides before the token that a caller sends on purpose.",
        parts=_ordered(PROXY, COOKIE, AUTHORIZATION),
    ),
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
        "malformed-credential-passed-over",
        "CHAIN-02",
        "What no token can be made of counts as nothing, so that the next way decides.",
        parts=replaced(
            {
                "tokens.extractor": lambda parts: _OverMalformed(
                    parts.tokens.extractor, (PROXY, AUTHORIZATION, COOKIE)
                )
            }
        ),
    ),
    mutant(
        "wrong-token-passed-over",
        "CHAIN-02",
        "Where a token does not count, the next one is tried.",
        parts=with_stage("authenticate", _over_wrong),
    ),
    mutant(
        "refusal-names-nothing-missed",
        "CHAIN-03",
        "A refusal is the same, whatever was missed.",
        parts=with_stage("authenticate", refusing(_silent)),
    ),
    mutant(
        "refusal-repeats-the-token",
        "CHAIN-03",
        "A refusal repeats the token that does not count.",
        parts=with_stage("authenticate", refusing(_echoing)),
    ),
    mutant(
        "another-cookie-called-none",
        "CHAIN-03",
        "Whoever sends other cookies is told that he sent none.",
        parts=replaced({"tokens.extractor": _cookie_missing}),
    ),
    mutant(
        "bearer-before-proxy",
        "CHAIN-01 CHAIN-02 CHAIN-05",
        "On the endpoint, too, a bearer token goes before a proxy's word.",
        parts=_ordered(AUTHORIZATION, PROXY, COOKIE),
    ),
)
