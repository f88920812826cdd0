"""SCAN: requests that look like a mass scanner's are refused before anybody routes them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from conformance.checks.scan._common import (
    Script,
    clean_path,
    is_refusal,
    key_for_calls,
    key_for_paths,
    require_clean,
    sent_in_turn,
)
from conformance.forge.requests import Request, opening
from conformance.forge.scanners import (
    AGENT_KINDS,
    CERTAIN,
    PATH_KINDS,
    Agent,
    probes,
    scanning_agents,
)
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

NOT_OFFERED = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
"""What a method is answered with that an edge knows for no path at all."""
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
SHOWN = 5


@requirement("SCAN-01")
@pytest.mark.parametrize("kind", PATH_KINDS)
def test_paths_of_scanners_are_refused(
    wire: Wire, addresses: AddressPool, target: Target, kind: str
) -> None:
    """A path that nobody knows is answered otherwise, from the same address before and after."""
    scanner = supplied(target.scanner)
    key = key_for_paths(target, addresses)
    paths = [one.path for one in probes(scanner) if one.kind == kind]
    answers = sent_in_turn(
        paths,
        lambda line, path: line.send(Request("GET", path), key=key),
        lambda line: line.send(Request("GET", clean_path()), key=key),
        wire=wire,
        addresses=addresses,
        scanner=scanner,
    )
    passed = [f"{path} ({answer})" for path, answer in answers if not is_refusal(answer, scanner)]
    assert not passed, (
        f"{len(passed)} of {len(paths)} paths that scanners ask for are let pass: "
        f"{'; '.join(passed[:SHOWN])}"
    )


@requirement("SCAN-01")
def test_a_probe_is_refused_by_any_method_and_with_a_right_key(
    wire: Wire, addresses: AddressPool, target: Target
) -> None:
    """Of each method a clean path is answered otherwise, and a right key works elsewhere.

    A method that is refused by itself, whatever the path, reaches no handler either.
    """
    scanner, key = supplied(target.scanner), key_for_calls(target)
    own = set(scanner.own_paths)
    probe = next((path for path in CERTAIN if path not in own), None)
    if probe is None:
        raise NotApplicableError("the profile says that the target has all such paths itself")
    knock = wire.knock(key)
    establish(key is None or knock.succeeded, f"a right key works (got {knock})")
    asked = [(method, shown) for method in METHODS for shown in dict.fromkeys((None, key))]
    passed, judged = list[str](), 0
    for method, shown in asked:
        line = wire.derived(address=addresses.fresh())
        clean = line.send(Request(method, clean_path()), key=shown)
        if is_refusal(clean, scanner):
            continue  # what is refused whatever it asks for shows nothing, by HEAD for one
        answer = line.send(Request(method, probe), key=shown)
        is_unknown = answer.status == clean.status and clean.status in NOT_OFFERED
        judged += not is_unknown
        if not is_unknown and not is_refusal(answer, scanner):
            passed.append(f"{method}{' with a right key' if shown else ''} ({answer})")
    assert not passed, f"{probe} is let pass by {', '.join(passed)}"
    establish(judged, "a path that nobody knows is not refused as a scanner's request is")


@requirement("SCAN-02")
@pytest.mark.parametrize("kind", AGENT_KINDS)
def test_agents_of_scanners_are_refused(
    wire: Wire, addresses: AddressPool, target: Target, kind: str
) -> None:
    """The same request works by another agent, with the same key and from the same address."""
    scanner, key = supplied(target.scanner), key_for_calls(target)
    agents = [one for one in scanning_agents(scanner) if one.kind == kind]
    if not agents:
        raise NotApplicableError(f"the profile says that the target lets {kind} in")

    def ask(line: Wire, agent: Agent) -> Answer:
        return line.send(agent.sends(opening(line.revision)), key=key)

    answers = sent_in_turn(
        agents,
        ask,
        lambda line: line.knock(key),
        wire=wire,
        addresses=addresses,
        scanner=scanner,
    )
    knock = wire.knock(key)
    establish(key is None or knock.succeeded, f"a right key works (got {knock})")
    passed = [f"{agent} ({answer})" for agent, answer in answers if not is_refusal(answer, scanner)]
    assert not passed, (
        f"{len(passed)} of {len(agents)} agents ({kind}) are let pass: {'; '.join(passed[:SHOWN])}"
    )


@requirement("SCAN-03")
def test_a_script_without_a_credential_is_refused_for_its_pace(
    wire: Wire, addresses: AddressPool, target: Target
) -> None:
    """Its last request differs from its first only in how many came before it."""
    script = Script(wire, addresses, target)
    script.spend()
    answer = script.beyond()
    other = Script(wire, addresses, target).ask()
    require_clean(other, script.scanner, "the same request from another address")
    assert is_refusal(answer, script.scanner), (
        f"after {script.most} requests without a credential in {script.scanner.window_seconds} s "
        f"more were let pass; the last was answered {answer}"
    )
