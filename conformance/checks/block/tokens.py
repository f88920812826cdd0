"""BLOCK, continued: failures and right credentials that come by other ways than keys do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.checks.block._common import BEYOND, fail, failing, is_blocked
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.ways import Ways
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target


@requirement("BLOCK-01")
def test_failures_by_every_way_count(
    wire: Wire, keys: Keys, ways: Ways, addresses: AddressPool, target: Target
) -> None:
    """As many wrong ones by one way as the limit: a right key from there is the probe."""
    others = ways.beside_keys()
    establish(wire.knock(keys.active).succeeded, "the key works from another address")
    spared: list[str] = []
    for way in others:
        line = failing(wire, addresses.fresh())
        shown = replace(ways, wire=line)
        for _ in range(target.limits.auth_failures):
            answer = shown.send(shown.wrong(way, keys.a))
            establish(not answer.executed, f"a wrong one by {way.name} is refused (got {answer})")
        if not is_blocked(line.knock(keys.active)):
            spared.append(way.name)
    assert not spared, (
        f"{target.limits.auth_failures} failures from one address do not block it where each "
        f"comes by {' or '.join(spared)}"
    )
    establish(wire.knock(keys.active).succeeded, "the key still works from another address")


@requirement("BLOCK-02")
def test_no_way_leads_past_the_block(
    wire: Wire, keys: Keys, ways: Ways, addresses: AddressPool, target: Target
) -> None:
    """What is right by each way works from another address; a key is refused from this one."""
    others = ways.beside_keys()
    blocked = replace(ways, wire=failing(wire, addresses.fresh()))
    free = replace(ways, wire=wire.derived(address=addresses.fresh()))
    fail(blocked.wire, keys, target.limits.auth_failures + BEYOND)
    establish(is_blocked(blocked.wire.knock(keys.active)), "the address is blocked")
    passed: list[str] = []
    for way in others:
        answer = free.send(free.right(way, keys.a), is_right=True)
        establish(answer.succeeded, f"it works by {way.name} elsewhere (got {answer})")
        answer = blocked.send(blocked.right(way, keys.a))
        if not is_blocked(answer):
            passed.append(f"{way.name}: {answer}")
    assert not passed, f"a valid credential from a blocked address was let in by {passed[0]}"
