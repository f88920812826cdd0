"""AUTH, continued: who asks, in which version, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.stranger import reach
from conformance.forge.askers import AGENTS, REVISIONS, by, in_revision, with_upgrades
from conformance.forge.requests import SESSION_REVISIONS, STATELESS, opening
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.stranger import Claim
    from conformance.channels.http.wire import Wire
    from conformance.forge.requests import Request

KNOWN = frozenset({STATELESS, *SESSION_REVISIONS})
MOST_TIMES = 12
_IN_HAND = 2
"""Refusals that are left to an address before it is blocked."""
_SECONDS = 3.0
"""How long a server may take to answer on a WebSocket that it has opened."""


def _refused(line: Wire) -> None:
    """Raise NotEstablishedError unless an ordinary caller without a key is refused."""
    answer = line.send(line.strongest_probe())
    establish(not answer.executed, f"a request without a key is refused (got {answer})")


def _let_in(line: Wire, claims: Mapping[str, Claim]) -> str:
    """Tell which claims got a result or a session."""
    found = {what: reach(line, claim).opened for what, claim in claims.items()}
    return "; ".join(f"{what}: {answer}" for what, answer in found.items() if answer.executed)


@requirement("AUTH-21")
def test_no_program_is_let_in_for_its_name(wire: Wire, good_case: GoodCase) -> None:
    """Whoever knows the name of a probe or of a client can give it as his own."""
    good_case.establish()
    line = wire.derived(may_be_silent=True)
    _refused(line)

    def named(agent: str, name: str) -> Claim:
        return lambda request: by(request, agent, name)

    claims = {f"{agent!r}, client {name!r}": named(agent, name) for agent, name in AGENTS}
    let_in = _let_in(line, claims)
    assert not let_in, f"without a key these user agents got a result or a session: {let_in}"
    good_case.conclude()


@requirement("AUTH-21")
def test_no_version_of_the_protocol_is_let_in(wire: Wire, good_case: GoodCase) -> None:
    """Each revision has a first request of its own, and one path to it may lack the guard."""
    good_case.establish()
    line = wire.derived(may_be_silent=True)
    _refused(line)
    probe = line.strongest_probe()
    requests: dict[str, Request] = {}
    for revision in REVISIONS:
        requests[f"{revision}, as said"] = in_revision(probe, revision)
        own = opening(revision if revision in KNOWN else SESSION_REVISIONS[0])
        requests[f"{revision}, opened"] = in_revision(own, revision)
    answers = {what: line.send(request) for what, request in requests.items()}
    let_in = "; ".join(f"{what}: {found}" for what, found in answers.items() if found.executed)
    assert not let_in, f"without a key these revisions got a result or a session: {let_in}"
    good_case.conclude()


@requirement("AUTH-21")
def test_no_version_of_http_and_no_upgrade_is_let_in(wire: Wire, good_case: GoodCase) -> None:
    """What is handed to another parser, or to another protocol, may go round the guard."""
    good_case.establish()
    line = wire.derived(seconds=_SECONDS)
    _refused(line)
    probe = line.strongest_probe()
    requests = {"HTTP/1.0": probe.but(version="1.0"), **with_upgrades(probe)}
    answers = {what: line.send(request) for what, request in requests.items()}
    let_in = "; ".join(f"{what}: {found}" for what, found in answers.items() if found.executed)
    assert not let_in, f"without a key these got a result or a session: {let_in}"
    good_case.conclude()


@requirement("AUTH-21")
def test_nobody_is_let_in_for_asking_again(wire: Wire, good_case: GoodCase) -> None:
    """The same request is asked on one connection, as often as its address may be refused."""
    good_case.establish()
    line = wire.derived(may_be_silent=True)
    _refused(line)
    probe = line.strongest_probe()
    times = max(1, min(MOST_TIMES, wire.target.limits.auth_failures - _IN_HAND - 1))
    for time in range(times):
        answer = line.send(probe)
        assert not answer.executed, f"asked again {time + 1} times without a key: {answer}"
    good_case.conclude()
