"""Defects of the limits of signing in, and of asking for tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import request

from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.mutants.bending import mutant, replaced, with_stage
from reference_server.parts import with_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.limits.contracts import Admission, Limiter
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts


def _auth_limiter(requests: int, window: int) -> Callable[[Parts], Parts]:
    return replaced(
        {"limits.auth": lambda parts: MovingWindowLimiter(parts.clock, requests, window)}
    )


def _by_what_is_presented(stage: Stage) -> Stage:
    class Keyed:
        def __init__(self, limiter: Limiter) -> None:
            self._limiter = limiter

        def admit(self, subject: str) -> Admission:
            return self._limiter.admit(f"{subject} {request.headers.get('X-Api-Key')}")

    def bent(context: RequestContext, parts: Parts) -> Response | None:
        return stage(context, with_parts(parts, {"limits.auth": Keyed(parts.limits.auth)}))

    return bent


def _nobody(stage: Stage) -> Stage:
    del stage

    def bent(context: RequestContext, parts: Parts) -> Response | None:
        del context, parts

    return bent


def _by_the_address(stage: Stage) -> Stage:
    class Keyed:
        def __init__(self, limiter: Limiter, address: str) -> None:
            self._limiter, self._address = limiter, address

        def admit(self, subject: str) -> Admission:
            del subject
            return self._limiter.admit(self._address)

    def bent(context: RequestContext, parts: Parts) -> Response | None:
        authorization = parts.oauth.authorization
        if authorization is None:
            return stage(context, parts)
        keyed = Keyed(authorization.requests, context.site)
        return stage(context, with_parts(parts, {"oauth.authorization.requests": keyed}))

    return bent


def _as_global(stage: Stage) -> Stage:
    def bent(context: RequestContext, parts: Parts) -> Response | None:
        refusal = stage(context, parts)
        if refusal is not None:
            context.events[-1] = replace(context.events[-1], metadata={"scope": "global"})
        return refusal

    return bent


MUTANTS = (
    mutant(
        "auth-unlimited",
        "RATE-03",
        "Signing in has no limit but an address's.",
        parts=_auth_limiter(1_000_000, 900),
    ),
    mutant(
        "auth-limit-one-too-many",
        "RATE-03",
        "Signing in is refused at the seventh request.",
        parts=_auth_limiter(6, 900),
    ),
    mutant(
        "auth-limit-of-a-minute",
        "RATE-03",
        "Signing in is admitted again after a minute.",
        parts=_auth_limiter(5, 60),
    ),
    mutant(
        "auth-limit-by-credential",
        "RATE-03",
        "Attempts to sign in are counted by the key that is tried, and not by address.",
        parts=with_stage("limit_auth", _by_what_is_presented),
    ),
    mutant(
        "clients-unlimited",
        "RATE-03-b",
        "Clients ask the authorization server for tokens as often as their address may ask at all.",
        parts=with_stage("limit_oauth", _nobody),
    ),
    mutant(
        "clients-counted-together",
        "RATE-03-b",
        "The authorization server counts an address, whatever clients share it.",
        parts=with_stage("limit_oauth", _by_the_address),
    ),
    mutant(
        "auth-limit-audited-as-global",
        "RATE-04",
        "A refusal to sign in is written down as one by the address's limit.",
        parts=with_stage("limit_auth", _as_global),
    ),
)
