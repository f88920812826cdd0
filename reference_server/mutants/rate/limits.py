"""Defects of rate limits and of the block."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import request

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, Outcome, Scheme
from reference_server.limits.contracts import Admission, Budget
from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.mutants.bending import (
    address_limiter,
    addressed_by,
    claimed,
    header,
    mutant,
    refusing,
    replaced,
    with_stage,
)
from reference_server.parts import with_parts
from reference_server.web.answers import error

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.limits.contracts import Limiter
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts

LIMIT = 100


class _Telling:
    """A limiter that tells another time to wait."""

    def __init__(self, limiter: Limiter, tell: Callable[[Admission], int]) -> None:
        self._limiter, self._tell = limiter, tell

    def admit(self, subject: str) -> Admission:
        admission = self._limiter.admit(subject)
        return replace(admission, retry_after=self._tell(admission))


def _telling(tell: Callable[[Admission], int]) -> Callable[[Parts], Parts]:
    return replaced({"limits.address": lambda parts: _Telling(parts.limits.address, tell)})


class _Forgetting:
    """Begins anew with whoever was refused."""

    def __init__(self, parts: Parts) -> None:
        self._clock, self._limiters = parts.clock, dict[str, MovingWindowLimiter]()

    def admit(self, subject: str) -> Admission:
        new = MovingWindowLimiter(self._clock, LIMIT, 60)
        admission = self._limiters.setdefault(subject, new).admit(subject)
        if not admission.admitted:
            del self._limiters[subject]
        return admission


class _Unlimited:
    """Admits everything."""

    def __init__(self, parts: Parts) -> None:
        self._limiter = MovingWindowLimiter(parts.clock, 1_000_000, 60)

    def admit(self, subject: str) -> Admission:
        return self._limiter.admit(subject)


def _tenant_subject(subject: Callable[[RequestContext], str]) -> Callable[[Stage], Stage]:
    """Charge the tenant's limit to something narrower than the tenant."""

    class Keyed:
        def __init__(self, limiter: Limiter, context: RequestContext) -> None:
            self._limiter, self._context = limiter, context

        def admit(self, tenant: str) -> Admission:
            return self._limiter.admit(f"{tenant} {subject(self._context)}")

    def around(stage: Stage) -> Stage:
        def bent(context: RequestContext, parts: Parts) -> Response | None:
            return stage(
                context, with_parts(parts, {"limits.tenant": Keyed(parts.limits.tenant, context)})
            )

        return bent

    return around


def _keys_alone(stage: Stage) -> Stage:
    """Hold a tenant to its limit where its caller has a key."""

    def bent(context: RequestContext, parts: Parts) -> Response | None:
        caller = context.principal
        has_token = caller is not None and caller.scheme is Scheme.SESSION
        return None if has_token else stage(context, parts)

    return bent


def _another_body(context: RequestContext) -> Response:
    del context
    answer = error(HTTPStatus.TOO_MANY_REQUESTS, "slow_down")
    answer.headers["Retry-After"] = "60"
    return answer


def _without_retry_after(context: RequestContext) -> Response:
    del context
    return error(HTTPStatus.TOO_MANY_REQUESTS, "rate_limit_exceeded")


class _LookingFirst:
    """Looks whether there is room, and counts afterwards."""

    def __init__(self, parts: Parts) -> None:
        self._clock, self._seen = parts.clock, defaultdict[str, list[float]](list)
        self._never = threading.Event()

    def admit(self, subject: str) -> Admission:
        now = self._clock.now().timestamp()
        live = [moment for moment in self._seen[subject] if moment > now - 60]
        admitted = len(live) < LIMIT
        self._never.wait(0.01)  # what a counter on another machine takes when it is busy
        if admitted:
            self._seen[subject].append(now)
        wait = 0 if admitted else int(live[0] + 61 - now)
        left = max(0, LIMIT - len(live))
        return Admission(admitted, LIMIT, 60, wait, lambda: Budget(left, 60))


class _OneMore:
    """Admits the first request of a subject that a limiter refuses."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._had_more: set[str] = set()

    def admit(self, subject: str) -> Admission:
        found = self._limiter.admit(subject)
        if found.admitted:
            self._had_more.discard(subject)
            return found
        if subject in self._had_more:
            return found
        self._had_more.add(subject)
        return replace(found, admitted=True, retry_after=0)


class _Optimistic:
    """Tells that all of the limit is left, whatever was used of it."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    def admit(self, subject: str) -> Admission:
        admission = self._limiter.admit(subject)
        return replace(admission, budget=lambda: Budget(admission.limit, 60))


def _by_path(context: RequestContext) -> str:
    return f"{context.address} {request.full_path}"


def _punishing(stage: Stage) -> Stage:
    """Shut out whatever key was seen at an address over its limit, for as long as the address."""
    until: dict[str, float] = {}

    def bent(context: RequestContext, parts: Parts) -> Response | None:
        key = header(context, "x-api-key") or ""
        now = parts.clock.now().timestamp()
        is_punished = now < until.get(key, 0)
        refusal = stage(context, parts)
        if refusal is not None:
            until[key] = now + int(refusal.headers["Retry-After"])
        elif is_punished:
            scope = {"scope": "global"}
            event = AuditEvent(EventType.RATE_LIMIT_EXCEEDED, Outcome.FAILURE, metadata=scope)
            context.events.append(event)
            return _another_body(context)
        return refusal

    return bent


def _limit_after_keys(parts: Parts) -> Parts:
    names = [stage.__name__ for stage in parts.web.pipeline]
    stages = list(parts.web.pipeline)
    stages.insert(names.index("authenticate"), stages.pop(names.index("limit_address")))
    return with_parts(parts, {"web.pipeline": tuple(stages)})


MUTANTS = (
    mutant(
        "tokens-beyond-the-limit",
        "RATE-02",
        "What comes with a session token is not counted for its tenant.",
        parts=with_stage("limit_tenant", _keys_alone),
    ),
    mutant(
        "ratelimit-field-untrue",
        "RATE-05",
        "The RateLimit field never counts down.",
        parts=replaced({"limits.address": lambda parts: _Optimistic(parts.limits.address)}),
    ),
    mutant(
        "limit-per-worker",
        "RATE-11",
        "Each worker process counts an address's requests for itself.",
        parts=address_limiter(LIMIT),
    ),
    mutant(
        "limit-looks-before-it-counts",
        "RATE-05 RATE-06 RATE-11",
        "Looking at the count and raising it are two steps.",
        parts=replaced({"limits.address": _LookingFirst}),
    ),
    mutant(
        "limit-keyed-on-forwarded-for",
        "RATE-07",
        "The address limit believes X-Forwarded-For from anybody.",
        parts=with_stage("limit_address", addressed_by(claimed)),
    ),
    mutant(
        "limit-keyed-on-the-path",
        "RATE-07",
        "Each path with its query has a limit of its own.",
        parts=with_stage("limit_address", addressed_by(_by_path)),
    ),
    mutant(
        "tenant-limit-keyed-on-the-path",
        "RATE-07",
        "A tenant has its whole limit at each path with its query.",
        parts=with_stage("limit_tenant", _tenant_subject(lambda _: request.full_path)),
    ),
    mutant(
        "limit-forgotten-once-told",
        "RATE-01 RATE-06 RATE-11",
        "Whoever was refused once has the whole limit again.",
        parts=replaced({"limits.address": _Forgetting}),
    ),
    mutant(
        "limit-punishes-the-key",
        "RATE-08",
        "A key seen at an address over its limit is refused everywhere.",
        parts=with_stage("limit_address", _punishing),
    ),
    mutant(
        "limit-after-authentication",
        "RATE-09",
        "The address limit is asked after the key, so guessing is not limited.",
        parts=_limit_after_keys,
    ),
    mutant(
        "address-limit-one-too-many",
        "RATE-01 RATE-05 RATE-06 RATE-11",
        "The address limit admits the 101st request.",
        parts=address_limiter(101),
    ),
    mutant(
        "address-limit-one-too-few",
        "RATE-01 RATE-06",
        "The address limit refuses the 100th request.",
        parts=address_limiter(99),
    ),
    mutant(
        "address-unlimited",
        "RATE-01 RATE-06",
        "There is no limit for an address.",
        parts=replaced({"limits.address": _Unlimited}),
    ),
    mutant(
        "tenant-unlimited",
        "RATE-02",
        "There is no limit for a tenant.",
        parts=replaced({"limits.tenant": _Unlimited}),
    ),
    mutant(
        "tenant-limit-one-too-many",
        "RATE-02",
        "The tenant limit admits a request more than it declares.",
        parts=replaced({"limits.tenant": lambda parts: _OneMore(parts.limits.tenant)}),
    ),
    mutant(
        "tenant-limit-per-key",
        "RATE-02",
        "Each key of a tenant has the tenant's whole limit.",
        parts=with_stage(
            "limit_tenant",
            _tenant_subject(lambda context: str(context.principal and context.principal.key_id)),
        ),
    ),
    mutant(
        "tenant-limit-per-address",
        "RATE-02",
        "A tenant has its whole limit at each address.",
        parts=with_stage("limit_tenant", _tenant_subject(lambda context: context.address)),
    ),
    mutant(
        "limit-tells-another-error",
        "RATE-01",
        "The address limit's 429 has another error code.",
        parts=with_stage("limit_address", refusing(_another_body)),
    ),
    mutant(
        "tenant-limit-tells-another-error",
        "RATE-02",
        "The tenant limit's 429 has another error code.",
        parts=with_stage("limit_tenant", refusing(_another_body)),
    ),
    mutant(
        "retry-after-missing",
        "RATE-05",
        "A 429 does not say how long to wait.",
        parts=with_stage("limit_address", refusing(_without_retry_after)),
    ),
    mutant(
        "retry-after-too-short",
        "RATE-05",
        "A 429 says to wait a second, whatever is left of the minute.",
        parts=_telling(lambda _: 1),
    ),
    mutant(
        "retry-after-in-milliseconds",
        "RATE-05",
        "A 429 tells milliseconds where HTTP has seconds.",
        parts=_telling(lambda admission: admission.retry_after * 1000),
    ),
)
