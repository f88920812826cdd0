"""AUTH, continued: who asks, in which version, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.stranger import let_in
from conformance.forge.askers import AGENTS, REVISIONS, by, in_revision, with_upgrades
from conformance.forge.requests import SESSION_REVISIONS, STATELESS, opening
from conformance.requirement import requirement

if TYPE_CHECKING:
    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.wire import Wire
    from conformance.forge.requests import Request

KNOWN = frozenset({STATELESS, *SESSION_REVISIONS})
MOST_TIMES = 12
_IN_HAND = 2
"""Refusals that are left to an address before it is blocked."""
_SECONDS = 3.0
"""How long a server may take to answer on a WebSocket that it has opened."""


@requirement("AUTH-21")
def test_no_program_is_let_in_for_its_name(wire: Wire, good_case: GoodCase) -> None:
    """Whoever knows the name of a probe or of a client can give it as his own."""
    good_case.establish()
    good_case.establish_a_door()
    line = wire.derived(may_be_silent=True)
    probe = line.strongest_probe()
    requests = {f"{agent!r}, client {name!r}": by(probe, agent, name) for agent, name in AGENTS}
    found = let_in(line, requests)
    assert not found, f"without a key these user agents got a result or a session: {found}"
    good_case.conclude()


@requirement("AUTH-21")
def test_no_version_of_the_protocol_is_let_in(wire: Wire, good_case: GoodCase) -> None:
    """Each revision has a first request of its own, and one path to it may lack the guard."""
    good_case.establish()
    good_case.establish_a_door()
    line = wire.derived(may_be_silent=True)
    probe = line.strongest_probe()
    requests: dict[str, Request] = {}
    for revision in REVISIONS:
        requests[f"{revision}, as said"] = in_revision(probe, revision)
        own = opening(revision if revision in KNOWN else SESSION_REVISIONS[0])
        requests[f"{revision}, opened"] = in_revision(own, revision)
    found = let_in(line, requests)
    assert not found, f"without a key these revisions got a result or a session: {found}"
    good_case.conclude()


@requirement("AUTH-21")
def test_no_version_of_http_and_no_upgrade_is_let_in(wire: Wire, good_case: GoodCase) -> None:
    """What is handed to another parser, or to another protocol, may go round the guard."""
    good_case.establish()
    good_case.establish_a_door()
    line = wire.derived(seconds=_SECONDS)
    probe = line.strongest_probe()
    requests = {"HTTP/1.0": probe.but(version="1.0"), **with_upgrades(probe)}
    found = let_in(line, requests)
    assert not found, f"without a key these got a result or a session: {found}"
    good_case.conclude()


@requirement("AUTH-21")
def test_nobody_is_let_in_for_asking_again(wire: Wire, good_case: GoodCase) -> None:
    """The same request is asked on one connection, as often as its address may be refused."""
    good_case.establish()
    good_case.establish_a_door()
    line = wire.derived(may_be_silent=True)
    probe = line.strongest_probe()
    times = max(1, min(MOST_TIMES, wire.target.limits.auth_failures - _IN_HAND - 1))
    for time in range(times):
        answer = line.send(probe)
        assert not answer.executed, f"asked again {time + 1} times without a key: {answer}"
    good_case.conclude()
