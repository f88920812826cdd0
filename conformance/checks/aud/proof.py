"""AUD, continued: a trail that cannot be done without, asked quickly, or bent unnoticed."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.answer import Transport
from conformance.channels.trail.finding import request_id
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.sql.auditor import TableTrail
    from conformance.channels.sql.owner import TrailOwner
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

PATIENCE = 30.0
"""Seconds that a server may take to find out that its trail is unavailable."""
RECOVERY = 15.0


@requirement("AUD-09")
def test_without_its_trail_the_server_lets_nothing_through(
    wire: Wire, keys: Keys, owner: TrailOwner
) -> None:
    """The trail is held as a stuck disk would hold it; the same call works before and after.

    A refusal may be HTTP's, or an error of the protocol or of the tool in an answer with 200.
    """
    line = wire.derived(seconds=PATIENCE)
    establish(line.call_ping(key=keys.active).succeeded, "a call works while the trail does")
    with owner.holding():
        answer = line.call_ping(key=keys.active)
    establish(
        wait_for(lambda: line.call_ping(key=keys.active).succeeded, RECOVERY, pause=0.2),
        "calls work again once the trail does",
    )
    assert not answer.succeeded, f"a call that could not be written down was answered {answer}"
    establish(
        answer.transport is not Transport.TIMEOUT,
        f"the server refuses at all while its trail is unavailable: within {PATIENCE:.0f} s it "
        "gave no answer, so that it may refuse later, or wait (bound its wait for the trail)",
    )
    is_refused = answer.status >= HTTPStatus.BAD_REQUEST or answer.was_a_tool_error
    assert is_refused, f"no clear refusal: {answer}"


@requirement("AUD-11")
def test_what_an_identity_touched_is_one_indexed_query(
    wire: Wire, keys: Keys, trail_table: TableTrail, target: Target
) -> None:
    """The rows of a call name whose key it was; tenant and identity each lead to rows by index."""
    answer = wire.knock(keys.active)
    establish(answer.succeeded, "the key works")
    name = request_id(answer, target)
    identity = wait_for(lambda: trail_table.identity_of(name), trail_table.patience)
    fields = trail_table.fields
    assert identity, f"no row of the call fills {fields.identity}"
    for field, value in (("tenant", keys.a.tenant.id), ("identity", identity)):
        place, plan = fields.place(field), trail_table.plan_for(field, value)
        assert "Index Cond" in plan, (
            f"no index leads to the rows of a {place}: create one that begins with it (PostgreSQL "
            f"would find them so: {plan})"
        )


@requirement("AUD-12")
def test_tampering_with_the_trail_is_found(wire: Wire, keys: Keys, owner: TrailOwner) -> None:
    """Each way of tampering is tried alone and undone; before and after, the trail is whole."""
    for _ in range(4):
        establish(wire.knock(keys.active).succeeded, "the key works")
    whole, words = owner.verify()
    establish(whole, f"verification finds the trail whole ({words})")
    unnoticed: list[str] = []
    for how in owner.ways:
        with owner.tampered(how):
            whole, words = owner.verify()
        if whole:
            unnoticed.append(f"{how}: {words}")
    whole, words = owner.verify()
    establish(whole, f"the trail is whole again ({words})")
    assert not unnoticed, f"verification found the trail whole with {'; '.join(unnoticed)}"


def _write(wire: Wire, keys: Keys) -> None:
    for _ in range(4):
        establish(wire.knock(keys.active).succeeded, "the key works")


def _refuses(line: Wire, keys: Keys, answers: list[Answer]) -> bool:
    answers.append(line.call_ping(key=keys.active))
    is_answered = answers[-1].transport is not Transport.TIMEOUT
    establish(is_answered, f"the server answers at all within {PATIENCE:.0f} s")
    return not answers[-1].succeeded


@requirement("AUD-15")
def test_verification_finds_a_trail_that_was_set_back(
    wire: Wire, keys: Keys, owner: TrailOwner
) -> None:
    """Rows and all beside them are as they once were, so that only what stands elsewhere tells.

    Verification finds the trail whole before, as it grows, and when all is in its place again.
    """
    _write(wire, keys)
    with owner.remembering() as former:
        _write(wire, keys)
        whole, words = owner.verify()
        establish(whole, f"verification finds the trail whole ({words})")
        with former.put_back():
            found = wait_for(lambda: not owner.verify()[0], owner.notice_seconds, pause=0.5)
            words = owner.verify()[1]
    whole = wait_for(lambda: owner.verify()[0], RECOVERY, pause=0.5)
    establish(whole, "verification finds the trail whole again")
    assert found, f"verification found a trail whole that had lost its newest rows: {words}"


@requirement("AUD-15")
def test_the_running_server_finds_that_its_trail_was_set_back(
    wire: Wire, keys: Keys, owner: TrailOwner
) -> None:
    """It wrote the rows that are gone. It refuses, as for a trail that is away, or raises an alarm.

    Once everything is in its place again, calls work.
    """
    line = wire.derived(seconds=PATIENCE)
    establish(not owner.is_alarmed(), "the alarm is quiet while nobody touches the trail")
    with owner.remembering() as former:
        _write(line, keys)
        with former.put_back():
            answers: list[Answer] = []
            noticed = wait_for(
                lambda: owner.is_alarmed() or _refuses(line, keys, answers),
                owner.notice_seconds,
                pause=0.5,
            )
    establish(
        wait_for(lambda: line.call_ping(key=keys.active).succeeded, RECOVERY, pause=0.2),
        "calls work again once the trail is as it was (restart a server that refuses on)",
    )
    assert noticed, (
        "the server went on with a trail that had lost its newest rows: "
        f"{owner.notice_seconds:.0f} s later a call was answered {answers[-1]}"
    )
    whole, words = owner.verify()
    establish(whole, f"the trail is whole again ({words})")
