"""BLOCK, continued: what counts towards a block, whom it meets, and what it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.analysis.alike import difference, to_the_letter
from conformance.checks.block._common import BEYOND, MINUTE, fail, failing, is_blocked
from conformance.forge.forwarded import FORWARDED
from conformance.forge.requests import opening
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.forge.keys import Keys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target


@requirement("BLOCK-05")
def test_successes_do_not_count(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target
) -> None:
    """Twice the limit of successes among fewer failures than the limit."""
    establish(wire.knock(keys.b.active).succeeded, "the key works from another address")
    line = wire.derived(address=addresses.fresh())
    for _ in range(target.limits.auth_failures - 1):
        fail(line, keys, 1)
        line.knock(keys.b.active)
        line.knock(keys.b.active)
    answer = line.knock(keys.b.active)
    assert answer.succeeded, (
        f"after {target.limits.auth_failures - 1} failures among twice as many successes a right "
        f"key was answered {answer}"
    )


@requirement("BLOCK-05", also_needs=(Channel.CLOCK,))
def test_failures_older_than_the_window_do_not_count(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target, passage: Passage
) -> None:
    """Nine failures, an hour, nine failures: never ten within one hour."""
    establish(wire.knock(keys.active).succeeded, "the key works from another address")
    line = wire.derived(address=addresses.fresh())
    fail(line, keys, target.limits.auth_failures - 1)
    passage.of(target.limits.auth_failure_window_seconds + MINUTE)
    fail(line, keys, target.limits.auth_failures - 1)
    answer = line.knock(keys.active)
    assert answer.succeeded, (
        f"after twice {target.limits.auth_failures - 1} failures, more than "
        f"{target.limits.auth_failure_window_seconds} s apart, a right key was answered {answer}"
    )


@requirement("BLOCK-06")
def test_a_forwarded_header_does_not_evade_the_block(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target
) -> None:
    """The blocked address claims to be others; the connection still comes from where it does."""
    establish(wire.knock(keys.active).succeeded, "the key works from another address")
    line = failing(wire, addresses.fresh())
    fail(line, keys, target.limits.auth_failures + BEYOND)
    establish(is_blocked(line.knock(keys.active)), "the address is blocked")
    request = opening(wire.revision)
    passed = {
        name: answer.status
        for name, value in FORWARDED
        if (answer := line.send(request.with_header(name, value), key=keys.active)).executed
    }
    assert not passed, (
        "a blocked address got a result or a session with each of these headers: "
        f"{', '.join(passed)}"
    )


@requirement("BLOCK-06")
def test_a_forwarded_header_frames_nobody(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target
) -> None:
    """Failures that name another address leave that address free."""
    establish(wire.knock(keys.active).succeeded, "the key works from another address")
    attacker, victim = addresses.fresh(), addresses.fresh()
    request = opening(wire.revision)
    for name, _ in FORWARDED:
        value = f"for={victim}" if name == "Forwarded" else str(victim)
        request = request.with_header(name, value)
    line = failing(wire, attacker)
    for _ in range(target.limits.auth_failures + BEYOND):
        line.send(request, key=keys.random())
    answer = failing(wire, victim).knock(keys.active)
    assert answer.succeeded, (
        f"after {target.limits.auth_failures + BEYOND} failures from another address that named "
        f"this one in headers, a right key was answered {answer}"
    )


@requirement("BLOCK-06")
def test_failures_of_two_addresses_are_not_counted_together(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target
) -> None:
    """Both stay short of the limit, which they reach together; then one of them goes on.

    Short by two where that is enough: of a block one failure too early BLOCK-01 tells.
    """
    limit = target.limits.auth_failures
    each = min(limit - 1, max(limit - 2, (limit + 1) // 2))
    attacker, another = addresses.fresh(), addresses.fresh()
    lines = [wire.derived(address=address) for address in (attacker, another)]
    establish(lines[1].knock(keys.active).succeeded, "the key works from another address")
    for line in lines:
        fail(line, keys, each)
    for line in lines:
        answer = line.knock(keys.active)
        assert answer.succeeded, (
            f"after {each} failures from each of two addresses a right "
            f"key from one of them was answered {answer}"
        )
    fail(failing(wire, attacker), keys, limit - each + BEYOND)
    answer = failing(wire, another).knock(keys.active)
    assert answer.succeeded, (
        f"after {limit + BEYOND} failures from another address and {each} from this one, a right "
        f"key was answered {answer}"
    )


@requirement("BLOCK-07")
def test_a_block_is_answered_like_a_wrong_key(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target
) -> None:
    """One address is blocked and the other is not; their refusals must be the same."""
    blocked, free = failing(wire, addresses.fresh()), wire.derived(address=addresses.fresh())
    establish(free.knock(keys.active).succeeded, "the key works from another address")
    fail(blocked, keys, target.limits.auth_failures + BEYOND)
    establish(is_blocked(blocked.knock(keys.active)), "the address is blocked")
    told = difference(
        lambda: free.knock(keys.random()), lambda: blocked.knock(keys.active), to_the_letter
    )
    assert not told, f"a wrong key and a blocked address are answered differently: {told}"
