"""BLOCK: an address that keeps failing is shut out for a while, whatever it then presents."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING

import pytest

from conformance.channels.trail.finding import request_id, rows_of_refusal
from conformance.checks.block._common import (
    BEYOND,
    MINUTE,
    fail,
    failing,
    is_blocked,
    wrong_keys,
)
from conformance.forge.requests import opening
from conformance.profile.events import Event
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

MOST_WRONG = 40
"""Keys on each side of the right one, at most: more would be refused for their length."""


@requirement("BLOCK-01")
def test_the_block_engages_at_the_limit_and_not_before(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target
) -> None:
    """A right key is the probe: it works one failure short of the limit, and not at it."""
    establish(wire.knock(keys.active).succeeded, "the key works from another address")
    address = addresses.fresh()
    line, blocked = wire.derived(address=address), failing(wire, address)
    fail(line, keys, target.limits.auth_failures - 1)
    answer = line.knock(keys.active)
    assert answer.succeeded, f"one failure short of the limit a right key was answered {answer}"
    fail(blocked, keys, 1)
    answer = blocked.knock(keys.active)
    assert is_blocked(answer), (
        f"once the limit of failures was reached a right key was answered {answer}"
    )
    establish(wire.knock(keys.active).succeeded, "the key still works from another address")


@requirement("BLOCK-01")
@pytest.mark.parametrize("joint", [None, ",", ", ", ";", " "], ids=repr)
def test_one_request_tries_one_key(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target, joint: str | None
) -> None:
    """The right key is neither first nor last, with more wrong ones on each side than may fail.

    Whoever believes one of several keys believes a wrong one here, and who counts each that he
    tries has blocked the address by then. ``joint`` None repeats the header.
    """
    establish(wire.knock(keys.active).succeeded, "the key works from another address")
    line = wire.derived(address=addresses.fresh())
    count = min(target.limits.auth_failures, MOST_WRONG) + 1
    before, after = ([keys.random() for _ in range(count)] for _ in range(2))
    tried = [*before, keys.active, *after]
    if joint is None:
        headers = tuple(map(line.key_header, tried))
        answer = line.send(opening(line.revision).but(repeated=headers))
    else:
        answer = line.knock(joint.join(tried))
    assert not answer.executed, (
        f"a right key among {2 * count} wrong ones in one request got a result or a session: one "
        f"request tests {len(tried)} keys"
    )


@requirement("BLOCK-01")
def test_every_kind_of_failure_counts(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target
) -> None:
    """As many failures as the limit, of all kinds in turn: a kind that is not counted is short."""
    establish(wire.knock(keys.active).succeeded, "the key works from another address")
    kinds, most = wrong_keys(keys), target.limits.auth_failures

    def is_let_in_after(*names: str) -> bool:
        line = failing(wire, addresses.fresh())
        for name in islice(cycle(names), most):
            line.knock(kinds[name])
        return not is_blocked(line.knock(keys.active))

    spared: list[str] = []
    for first in range(0, len(kinds), most):
        names = list(kinds)[first : first + most]
        if is_let_in_after(*names):
            spared += filter(is_let_in_after, names)
            assert spared, f"{most} failures by {', '.join(names)} in turn block no address"
    assert not spared, (
        f"{most} failures from one address do not block it where each comes with "
        f"{' or '.join(spared)}"
    )
    establish(wire.knock(keys.active).succeeded, "the key still works from another address")


@requirement("BLOCK-02")
def test_a_valid_key_from_a_blocked_address_is_refused(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target
) -> None:
    """The same key works from another address, so the address alone explains the refusal."""
    blocked, free = failing(wire, addresses.fresh()), wire.derived(address=addresses.fresh())
    establish(free.knock(keys.active).succeeded, "the key works from another address")
    fail(blocked, keys, target.limits.auth_failures + BEYOND)
    answer = blocked.knock(keys.active)
    assert is_blocked(answer), (
        f"after {target.limits.auth_failures + BEYOND} failures from one address a valid key from "
        f"there was answered {answer}"
    )
    establish(free.knock(keys.active).succeeded, "the key still works from another address")


@requirement("BLOCK-03")
def test_a_refusal_by_the_block_is_audited(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target, auditor: AuditReader
) -> None:
    """The refused request's own row must say that the block refused it."""
    line = failing(wire, addresses.fresh())
    fail(line, keys, target.limits.auth_failures + BEYOND)
    answer = line.knock(keys.active)
    establish(is_blocked(answer), "the address is blocked")
    rows = rows_of_refusal(answer, Event.ADDRESS_BLOCKED, auditor, target, line.address)
    assert len(rows) == 1, f"{len(rows)} rows for one refusal"


@requirement("BLOCK-03")
def test_the_beginning_of_a_block_is_audited(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target, auditor: AuditReader
) -> None:
    """The block refuses one request, which has one row: any further row tells that it began.

    It may be of that request, too, where a block is first looked at when it refuses.
    """
    if not auditor.events.has(Event.BLOCK_ENGAGED):
        raise NotApplicableError("the profile says that no event tells of a block's beginning")
    address = addresses.fresh()
    line = failing(wire, address)
    fail(line, keys, target.limits.auth_failures)
    answer = line.knock(keys.active)
    establish(is_blocked(answer), "the address is blocked")
    refused = request_id(answer, target)
    auditor.settle(refused)
    rows = auditor.of(Event.BLOCK_ENGAGED, Event.ADDRESS_BLOCKED, count=2, address=address)
    began = len(rows) > 1 or any(row.request_id != refused for row in rows)
    if not began:
        auditor.require_known(auditor.rows(address=address), Event.BLOCK_ENGAGED)
    assert began, (
        f"no row named {auditor.events.told(Event.BLOCK_ENGAGED)} tells that a block began, only "
        f"{len(rows)} of what it refused"
    )


@requirement("BLOCK-04")
def test_the_block_ends_after_its_time_and_not_before(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target, passage: Passage
) -> None:
    """A right key knocks a minute before the end, and a minute after it."""
    establish(wire.knock(keys.active).succeeded, "the key works from another address")
    line = wire.derived(address=addresses.fresh())
    fail(line, keys, target.limits.auth_failures + BEYOND)
    establish(is_blocked(line.knock(keys.active)), "the address is blocked")
    passage.of(target.limits.block_seconds - MINUTE)
    answer = line.knock(keys.active)
    assert is_blocked(answer), f"a minute before the block ends a right key was answered {answer}"
    passage.of(2 * MINUTE)
    answer = line.knock(keys.active)
    assert answer.succeeded, f"a minute after the block's end a right key was answered {answer}"
