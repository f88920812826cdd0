"""What the checks of BLOCK share: failing on purpose."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys

MINUTE = 60


BEYOND = 3
"""Failures more than the limit where not the limit itself is judged, but what follows from it."""


def is_blocked(answer: Answer) -> bool:
    """Tell whether a right key was refused, in whatever words a block has for it.

    That it is refused for the address, the key must show that works from another meanwhile.
    """
    is_refusal = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    is_refusal |= answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    return is_refusal and not answer.executed


def failing(wire: Wire, address: str | None) -> Wire:
    """Return a line from an address that is to be blocked: 429, until whenever, is an answer."""
    return wire.derived(address=address, meets_limits=True)


def fail(line: Wire, keys: Keys, times: int) -> None:
    """Fail to authenticate so many times."""
    for _ in range(times):
        line.knock(keys.random())


def wrong_keys(keys: Keys) -> dict[str, str | None]:
    """Return what fails to authenticate, by its kind; old keys where the profile has them."""
    tenant = keys.a.tenant
    old = {"a revoked key": tenant.revoked_key, "an expired key": tenant.expired_key}
    told = {name: key for name, key in old.items() if key}
    return {
        "no key": None,
        "a key too short": keys.random()[:8],
        "a random key": keys.random(),
    } | told
