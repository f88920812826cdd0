"""OPS, continued: a database that is silent, not gone, keeps nobody waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish
from conformance.waiting import gather, wait_for

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.programs.pooled import PooledServer
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

CROWD = 24
"""Calls at once: more than most pools have connections."""
SPARE = 2.0
"""Seconds that an answer may come late, and still be seen as such."""
RECOVERY = 20.0


@requirement("OPS-11-c")
def test_calls_are_refused_in_time_while_the_database_is_silent(
    pool: PooledServer, wire: Wire, keys: Keys, target: Target
) -> None:
    """The tap passes on nothing, and ends no connection, as a frozen host, or a cut line, would.

    The calls worked before, over this tap, and work again after: so it is silence that they met.
    """
    bound = target.limits.silence_seconds
    line = wire.at(pool.url(wire.path)).derived(seconds=bound + SPARE)
    patient = line.derived(may_be_silent=True)

    def call(turn: int = 0) -> Answer:
        del turn
        return patient.call_ping(key=keys.active)

    establish(line.call_ping(key=keys.active).succeeded, "a call works while the database answers")
    pool.roles_during(call)
    with pool.silenced():
        answers = gather(call, range(CROWD), at_once=CROWD, seconds=2 * (bound + SPARE))
    recovered = wait_for(lambda: call().succeeded, RECOVERY, pause=0.2)
    if all(one.succeeded for one in answers):
        raise NotApplicableError("no call waits for the database")
    late = [one for one in answers if not one.status or one.seconds > bound]
    assert not late, (
        f"while the database was silent, {len(late)} of {CROWD} calls were not answered within "
        f"{bound} s"
    )
    assert recovered, "once the database answered again, calls did not work without a restart"
