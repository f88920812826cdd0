"""OAUTH: connecting a platform: the state that comes back, and the proof that goes with it."""

from __future__ import annotations

import re
import secrets
from functools import partial
from typing import TYPE_CHECKING

from conformance.analysis.alike import difference
from conformance.channels.http.gate import Gate
from conformance.channels.http.oauth import random_bits, s256, told_verifiers
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.text.redaction import spellings
from conformance.verdicts import establish
from conformance.waiting import gather, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.oauth import Flows
    from conformance.channels.log import LogStream
    from conformance.channels.passage import Passage
    from conformance.channels.sql.auditor import TableTrail
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

SAMPLE = 16
BITS = 256
AT_ONCE = 8
ROUNDS = 8
MARGIN = 15
"""Seconds before and after the end of a state at which it is tried."""
CLEANED_WITHIN = 10
"""Real seconds that a clean-up may take which is due."""


@requirement("OAUTH-03", also_needs=(Channel.OAUTH_ROUTES,))
def test_each_flow_has_an_s256_challenge_of_its_own(flows: Flows, keys: Keys) -> None:
    """A challenge that is no SHA-256, or is there twice, is not one of a fresh verifier."""
    begun = [flows.start(keys.active) for _ in range(SAMPLE // 2)]
    begun += [flows.start(keys.b.active, flows.routes.platforms[1]) for _ in range(SAMPLE // 2)]
    bare = sum(flow.told.lacks_challenge for flow in begun)
    assert not bare, f"{bare} of {len(begun)} flows ask for a code without a challenge"
    assert {flow.method for flow in begun} == {"S256"}, (
        f"flows were begun with the methods {sorted({flow.method for flow in begun})}"
    )
    odd = [one.challenge for one in begun if not re.fullmatch("[A-Za-z0-9_-]{43}", one.challenge)]
    assert not odd, "a challenge is no SHA-256 in base64url"
    assert len({flow.challenge for flow in begun}) == len(begun), "two flows share a challenge"
    assert not [flow for flow in begun if flow.challenge == flow.state], (
        "the challenge of a flow is its state"
    )


@requirement("OAUTH-03", also_needs=(Channel.OAUTH_ROUTES,))
def test_the_verifier_is_told_in_no_answer(flows: Flows, keys: Keys) -> None:
    """Only the verifier hashes to the challenge, so it is known when it is seen."""
    flow = flows.start(keys.active)
    finished = flows.finish(keys.active, flow.state)
    establish(
        flows.is_done(finished, keys.active), f"the flow can be finished (got {finished.status})"
    )
    for answer in (flow.answer, finished):
        words = f"{answer.text} {answer.headers}"
        assert not told_verifiers(words, flow.challenge), "an answer tells the verifier"


@requirement("OAUTH-03", also_needs=(Channel.OAUTH_ROUTES, Channel.LOG))
def test_the_verifier_is_in_no_log_line(
    flows: Flows, keys: Keys, log: LogStream, target: Target
) -> None:
    """The whole flow is logged before it is searched: the last request's id shows that."""
    mark = log.mark()
    flow = flows.start(keys.active)
    finished = flows.finish(keys.active, flow.state)
    identity = finished.header(target.headers.request_id) or ""
    text = log.until(mark, identity)
    establish(identity and identity in text, "the log tells of the flow")
    assert not told_verifiers(text, flow.challenge), "the log tells the verifier"
    # A state in a URL stands in logs of requests, and by then it is used up.
    if not flows.routes.finish.shows_the_state:
        assert flow.state not in text, "the log tells the state"


@requirement("OAUTH-03", also_needs=(Channel.OAUTH_ROUTES, Channel.AUDITOR))
def test_the_verifier_is_in_no_audit_row(
    flows: Flows, keys: Keys, auditor: AuditReader, target: Target
) -> None:
    """The trail outlives the flow and is read by others; rows of both its requests are read."""
    flow = flows.start(keys.active)
    finished = flows.finish(keys.active, flow.state)
    rows = [
        row
        for answer in (flow.answer, finished)
        for row in auditor.rows(request_id=answer.header(target.headers.request_id) or "")
    ]
    establish(rows, "the trail tells of the flow")
    text = " ".join(str(row) for row in rows)
    assert not told_verifiers(text, flow.challenge), "the trail tells the verifier"
    assert flow.state not in text, "the trail tells the state"


@requirement(
    "OAUTH-03", also_needs=(Channel.OAUTH_ROUTES, Channel.TRAIL_TABLE, Channel.OAUTH_STATES)
)
def test_the_stored_verifier_is_the_challenges_own(
    flows: Flows, keys: Keys, trail_table: TableTrail
) -> None:
    """What the platform will be sent must hash to what it was told, and be nowhere else."""
    column = flows.routes.verifier_column
    if column is None:
        return  # sealed at rest: then nobody can read it, which is what the clause wants
    table = flows.routes.states_table or ""
    before = [str(row[column]) for row in trail_table.table(table)]
    flow = flows.start(keys.active)
    stored = {str(row[column]) for row in trail_table.table(table)} - set(before)
    establish(stored, "a verifier more is stored")
    # Other checks begin flows, too: whose verifier it is, its hash tells.
    own = [verifier for verifier in stored if s256(verifier) == flow.challenge]
    assert own, "no verifier that was stored meanwhile hashes to the challenge"
    assert not [form for form in spellings(own[0]) if form in flow.answer.text], (
        "the answer that began the flow tells the verifier"
    )


def _told_apart(finish: Callable[[str], Answer], state: str) -> str:
    """Return how a state that must be as good as none differs from one that never was; or empty."""
    return difference(lambda: finish(state), lambda: finish(secrets.token_urlsafe(32)))


def _establish_an_end(flows: Flows, keys: Keys) -> None:
    """Show that a flow can be finished, and that one can tell: else no failure is a refusal."""
    flow = flows.start(keys.active)
    finished = flows.finish(keys.active, flow.state)
    establish(
        flows.is_done(finished, keys.active),
        f"the flow can be finished, and told from one that is refused (got {finished}): where the "
        "status does not tell, [oauth] finished does",
    )


@requirement("OAUTH-05")
def test_states_have_256_bits(flows: Flows, keys: Keys) -> None:
    """What is fixed, counted or short in them shows side by side."""
    begun = [flows.start(keys.active).state for _ in range(SAMPLE // 2)]
    begun += [flows.start(keys.b.active).state for _ in range(SAMPLE // 2)]
    assert len(set(begun)) == SAMPLE, "a state was given twice"
    bits = random_bits(begun)
    assert bits >= BITS, f"about {bits:.0f} bits vary in states of {len(begun[0])} characters"


@requirement("OAUTH-05")
def test_a_state_is_good_once(flows: Flows, keys: Keys) -> None:
    """Finished once, it is as unknown as one that was never given."""
    flow = flows.start(keys.active)
    establish(
        flows.is_done(flows.finish(keys.active, flow.state), keys.active),
        "the flow can be finished",
    )
    again = flows.finish(keys.active, flow.state)
    assert not flows.is_done(again, keys.active), "a state was good twice"
    told = _told_apart(partial(flows.finish, keys.active), flow.state)
    assert not told, f"a used state is told apart from an unknown one: {told}"


@requirement("OAUTH-05")
def test_a_state_is_good_once_however_many_ask_at_once(flows: Flows, keys: Keys) -> None:
    """Looking and taking must be one step: of callbacks at once, one finishes the flow."""
    _establish_an_end(flows, keys)
    for _ in range(ROUNDS):
        flow, together = flows.start(keys.active), flows.through(Gate(AT_ONCE))
        asked = gather(
            partial(together.finish, keys.active), [flow.state] * AT_ONCE, at_once=AT_ONCE
        )
        done = [answer for answer in asked if flows.is_done(answer, keys.active)]
        assert len(done) == 1, f"{len(done)} of {AT_ONCE} callbacks at once finished the flow"


@requirement("OAUTH-05")
def test_a_state_is_bound_to_its_tenant(flows: Flows, keys: Keys) -> None:
    """A stranger's attempt must neither succeed nor spoil the flow, nor tell that it exists."""
    _establish_an_end(flows, keys)
    flow = flows.start(keys.active)
    foreign = flows.finish(keys.b.active, flow.state)
    assert not flows.is_done(foreign, keys.b.active), "another tenant finished the flow"
    told = _told_apart(partial(flows.finish, keys.b.active), flow.state)
    assert not told, f"another tenant's state is told apart from an unknown one: {told}"
    own = flows.finish(keys.active, flow.state)
    assert flows.is_done(own, keys.active), f"the attempt of another tenant spoilt the flow: {own}"


@requirement("OAUTH-05")
def test_a_state_is_bound_to_its_platform(flows: Flows, keys: Keys) -> None:
    """One platform's answer must not complete the connection to another."""
    _establish_an_end(flows, keys)
    first, second = flows.routes.platforms
    flow = flows.start(keys.active, first)
    other = flows.finish(keys.active, flow.state, second)
    assert not flows.is_done(other, keys.active), "another platform's callback finished the flow"
    told = _told_apart(partial(flows.finish, keys.active, platform=second), flow.state)
    assert not told, f"another platform's state is told apart from an unknown one: {told}"
    own = flows.finish(keys.active, flow.state, first)
    assert flows.is_done(own, keys.active), (
        f"the attempt at another platform spoilt the flow: {own}"
    )


@requirement("OAUTH-05")
def test_a_state_ends_when_its_time_is_over_and_not_before(
    flows: Flows, keys: Keys, passage: Passage
) -> None:
    """Two states of one moment: one is used shortly before its end, one shortly after."""
    _establish_an_end(flows, keys)
    early, late = flows.start(keys.active), flows.start(keys.active)
    passage.of(flows.routes.state_seconds - MARGIN)
    in_time = flows.finish(keys.active, early.state)
    assert flows.is_done(in_time, keys.active), f"a state ended before its time: {in_time}"
    passage.of(2 * MARGIN)
    expired = flows.finish(keys.active, late.state)
    assert not flows.is_done(expired, keys.active), "a state was good after its time"
    told = _told_apart(partial(flows.finish, keys.active), late.state)
    assert not told, f"an expired state is told apart from an unknown one: {told}"


@requirement("OAUTH-05", also_needs=(Channel.TRAIL_TABLE, Channel.OAUTH_STATES))
def test_expired_states_are_cleaned_up(
    flows: Flows, keys: Keys, trail_table: TableTrail, passage: Passage
) -> None:
    """Both tenants leave a flow open; once it has expired nothing may remember it."""
    table = flows.routes.states_table or ""

    def remembered() -> set[str]:
        return {repr(sorted(row.items())) for row in trail_table.table(table)}

    before = remembered()
    for tenant in (keys.a, keys.b):
        flows.start(tenant.active)
    opened = remembered() - before
    establish(len(opened) == 2, f"two flows are remembered (got {len(opened)})")
    passage.of(flows.routes.state_seconds + flows.routes.cleanup_seconds + MARGIN)
    wait_for(lambda: not opened & remembered(), CLEANED_WITHIN)
    left = len(opened & remembered())
    assert left == 0, f"{left} of {len(opened)} expired states are still there"
