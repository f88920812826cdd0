"""Defects of the block that follows failed authentications."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from reference_server.core.vocabulary import Access, EventType, Reason
from reference_server.limits.block import FailureBlock
from reference_server.mutants.bending import (
    addressed_by,
    before,
    bent_trail,
    claimed,
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

    from reference_server.audit.contracts import AuditEvent
    from reference_server.context import RequestContext
    from reference_server.limits.contracts import AddressBlock
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts

HOUR = 3600


def block(failures: int = 10, window: int = HOUR, length: int = HOUR) -> Callable[[Parts], Parts]:
    """Return a change of parts with another block."""
    return replaced(
        {"limits.block": lambda parts: FailureBlock(parts.clock, failures, window, length)}
    )


class _Prolonging:
    """Starts the block's hour again with every refusal."""

    def __init__(self, parts: Parts) -> None:
        self._block, self._clock = parts.limits.block, parts.clock
        self._until: dict[str, float] = {}

    def is_blocked(self, address: str) -> bool:
        now = self._clock.now().timestamp()
        blocked = self._block.is_blocked(address) or now < self._until.get(address, 0)
        if blocked:
            self._until[address] = now + timedelta(hours=1).total_seconds()
        return blocked

    def record_failure(self, address: str) -> bool:
        return self._block.record_failure(address)


def _each_tried(context: RequestContext, parts: Parts) -> None:
    """Believe whichever of several keys is right."""
    told = [value for name, value in context.headers if name.lower() == "x-api-key"]
    keys = [key for value in told for part in value.split(",") if (key := part.strip())]
    if len(keys) > 1:
        digests = ((key, parts.keys.hasher.digest(key)) for key in keys)
        known = (key for key, one in digests if parts.keys.directory.find(one, parts.clock.now()))
        context.credential = next(known, None)


class Never:
    """Never blocks."""

    def __init__(self, parts: Parts) -> None:
        del parts

    def is_blocked(self, address: str) -> bool:
        """Tell that it is not."""
        del address
        return False

    def record_failure(self, address: str) -> bool:
        """Count nothing."""
        del address
        return False


def _only_wrong_keys(stage: Stage) -> Stage:
    def bent(context: RequestContext, parts: Parts) -> Response | None:
        key = parts.keys.reader.read(context.headers)
        digest = parts.keys.hasher.digest(key or "")
        if parts.keys.directory.find(digest, parts.clock.now()) is not None:
            return None
        return stage(context, parts)

    return bent


def _block_told(context: RequestContext) -> Response:
    del context
    answer = error(HTTPStatus.UNAUTHORIZED, "address_blocked")
    answer.headers["WWW-Authenticate"] = 'ApiKey realm="mcp"'
    return answer


def _told_when(context: RequestContext) -> Response:
    del context
    answer = error(HTTPStatus.TOO_MANY_REQUESTS, "too_many_failures")
    answer.headers["Retry-After"] = str(HOUR)
    return answer


@dataclass
class _Together:
    """Counts failures in a row, whoever fails, until another address presents a right key."""

    parts: Parts
    _moments: deque[float] = field(default_factory=lambda: deque(maxlen=10))
    _last: str = ""
    _until: dict[str, float] = field(default_factory=dict[str, float])

    def is_blocked(self, address: str) -> bool:
        return self._now() < self._until.get(address, 0)

    def record_failure(self, address: str) -> bool:
        self._last, now = address, self._now()
        self._moments.append(now)
        engaged = len(self._moments) == self._moments.maxlen and now - self._moments[0] < HOUR
        if engaged:
            self._until[address] = now + HOUR
        return engaged

    def record_success(self, address: str) -> None:
        if address != self._last:
            self._moments.clear()

    def _now(self) -> float:
        return self.parts.clock.now().timestamp()


def _beginning_anew(stage: Stage) -> Stage:
    """Count no failures on an administrator's routes, and none before a success from elsewhere."""

    def bent(context: RequestContext, parts: Parts) -> Response | None:
        block = parts.limits.block
        if context.access is Access.ADMIN:
            parts = with_parts(parts, {"limits.block": Never(parts)})
        refusal = stage(context, parts)
        if refusal is None and context.principal is not None and isinstance(block, _Together):
            block.record_success(context.address)
        return refusal

    return bent


def _together(parts: Parts) -> Parts:
    counted = replaced({"limits.block": _Together})(parts)
    return with_stage("authenticate", _beginning_anew)(counted)


def _only_invalid(stage: Stage) -> Stage:
    """Count no failure of a request that presents no key."""

    def bent(context: RequestContext, parts: Parts) -> Response | None:
        if context.credential is None:
            parts = with_parts(parts, {"limits.block": Never(parts)})
        return stage(context, parts)

    return bent


def _silently(event: AuditEvent) -> tuple[AuditEvent, ...]:
    """Leave out the row that tells of a block's beginning."""
    is_engaged = (event.metadata or {}).get("reason") == Reason.ENGAGED.value
    return () if event.event_type is EventType.BLOCKED_ADDRESS and is_engaged else (event,)


_never: Callable[[Parts], AddressBlock] = Never


MUTANTS = (
    mutant(
        "each-of-several-keys-tried",
        "AUTH-09 BLOCK-01",
        "Of several keys in one request each is tried, so one failure counted is many guesses.",
        parts=with_stage("authenticate", before(_each_tried)),
    ),
    mutant(
        "failures-never-forgotten",
        "BLOCK-05",
        "Failures of any age count towards the block.",
        parts=block(window=365 * 24 * HOUR),
    ),
    mutant(
        "block-believes-forwarded-for",
        "BLOCK-06",
        "The block asks for the address that X-Forwarded-For names.",
        parts=with_stage("block_address", addressed_by(claimed)),
    ),
    mutant(
        "block-told-apart",
        "BLOCK-07",
        "A blocked address is told that it is blocked.",
        parts=with_stage("block_address", refusing(_block_told)),
    ),
    mutant(
        "block-answered-by-429",
        "BLOCK-07",
        "A blocked address is told so by 429, and when to come again: it is blocked all the same.",
        parts=with_stage("block_address", refusing(_told_when)),
    ),
    mutant(
        "missing-keys-not-counted",
        "BLOCK-01",
        "A request without a key is no failure that counts towards the block.",
        parts=with_stage("authenticate", _only_invalid),
    ),
    mutant(
        "failures-counted-together",
        "BLOCK-06",
        "Failures in a row count together, from whatever addresses they come.",
        parts=_together,
    ),
    mutant(
        "block-begins-unseen",
        "BLOCK-03",
        "The trail tells what the block refused, and not when it began.",
        parts=bent_trail(_silently),
    ),
    mutant(
        "block-one-too-late",
        "BLOCK-01",
        "The block engages at the eleventh failure.",
        parts=block(failures=11),
    ),
    mutant(
        "block-one-too-early",
        "BLOCK-01 BLOCK-05",
        "The block engages at the ninth failure.",
        parts=block(failures=9),
    ),
    mutant(
        "never-blocked",
        "AUD-04 BLOCK-01 BLOCK-02",
        "Failures are written down, and nothing follows from them.",
        parts=replaced({"limits.block": _never}),
    ),
    mutant(
        "block-spares-valid-keys",
        "BLOCK-01 BLOCK-02",
        "The block is asked after the key, so guessing right lifts it.",
        parts=with_stage("block_address", _only_wrong_keys),
    ),
    mutant(
        "block-never-ends",
        "BLOCK-04",
        "A blocked address stays blocked for a year.",
        parts=block(length=365 * 24 * HOUR),
    ),
    mutant(
        "block-of-half-an-hour",
        "BLOCK-04",
        "The block ends after half an hour.",
        parts=block(length=HOUR // 2),
    ),
    mutant(
        "block-prolonged-by-refusals",
        "BLOCK-04",
        "Each refused request starts the hour again.",
        parts=replaced({"limits.block": _Prolonging}),
    ),
)
