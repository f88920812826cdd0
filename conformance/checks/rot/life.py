"""ROT, continued: what a rotation may and may not do to keys and to what is told of them."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.admin import Administrator
from conformance.channels.http.gate import Gate
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.profile.target import Target

HOUR = 3600
MINUTE = 60
AT_ONCE = 6
PAIRS = 12
"""Of rotations at once. Where none waits for the other, four to five pairs of ten have met; each
takes the target's clock a day and an hour further."""

MADE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
"""How a rotation that was carried out is answered."""


@requirement("ROT-07")
def test_a_second_rotation_does_not_lengthen_the_first_grace(
    administrator: Administrator, wire: Wire, passage: Passage, target: Target
) -> None:
    """The oldest key is an hour from its end when the next rotation comes, and ends on time."""
    grace = target.limits.rotation_grace_seconds
    oldest, _ = administrator.mint(), administrator.mint()
    passage.of(grace - HOUR)
    establish(wire.knock(oldest).succeeded, "the oldest key is still in its grace")
    newest = administrator.mint()
    passage.of(HOUR + MINUTE)
    establish(wire.knock(newest).succeeded, "the newest key works")
    answer = wire.knock(oldest)
    assert answer.status == HTTPStatus.UNAUTHORIZED, (
        f"after its own grace, the oldest key was answered {answer}"
    )
    administrator.mint()
    answer = wire.knock(oldest)
    assert answer.status == HTTPStatus.UNAUTHORIZED, (
        f"after its own grace and one more rotation, the oldest key was answered {answer}"
    )


def rotated_at_once(administrator: Administrator, count: int) -> list[Answer]:
    """Return the answers to rotations of one tenant that reach the target together."""
    # A rotation that another one is in the way of may be put off: that is an answer like any other.
    wire = administrator.wire.derived(gate=Gate(count), may_be_silent=True)
    together = replace(administrator, wire=wire)
    answers = gather(Administrator.attempt_rightly, [together] * count, at_once=count)
    for answer in answers:
        establish(answer.status, f"each rotation is answered (got {answer})")
    return answers


def is_busy(answer: Answer) -> bool:
    """Tell whether a rotation was put off."""
    return answer.status == HTTPStatus.SERVICE_UNAVAILABLE


def issued(administrator: Administrator, answers: Iterable[Answer]) -> list[str]:
    """Return the keys of the rotations that were carried out, one at least."""
    carried_out = [answer for answer in answers if answer.status in MADE]
    establish(carried_out, "one of several rotations at once is carried out")
    return [administrator.key_of(answer) for answer in carried_out]


@requirement("ROT-08")
def test_concurrent_rotations_give_keys_that_work(administrator: Administrator, wire: Wire) -> None:
    """The newest for good, the others in their grace. One that is refused has issued no key."""
    before = administrator.mint()
    establish(before, "a rotation works")
    worked = wire.knock(before).succeeded
    answers = rotated_at_once(administrator, AT_ONCE)
    crashed = [answer.status for answer in answers if answer.status >= 500 and not is_busy(answer)]
    assert not crashed, f"of {AT_ONCE} rotations at once, {len(crashed)} got a {crashed[0]}"
    minted = issued(administrator, answers)
    assert len(set(minted)) == len(minted), (
        f"{len(minted)} rotations at once returned {len(set(minted))} different keys"
    )
    refused = [number for number, key in enumerate(minted) if not wire.knock(key).succeeded]
    assert not refused, f"{len(refused)} of {len(minted)} keys minted at once do not work"
    kept = wire.knock(before).succeeded
    assert kept or not worked, "the key from before them was refused in its grace"


@requirement("ROT-08", also_needs=(Channel.CLOCK,))
def test_of_two_concurrent_rotations_one_key_ends(
    administrator: Administrator, wire: Wire, passage: Passage, target: Target
) -> None:
    """Rotations that overlook each other's new key leave both without an end.

    Two at a time: a third that came later would put both into their grace, and hide it.
    """
    for _ in range(PAIRS):
        minted = issued(administrator, rotated_at_once(administrator, 2))
        passage.of(target.limits.rotation_grace_seconds + HOUR)
        working = [key for key in dict.fromkeys(minted) if wire.knock(key).succeeded]
        establish(working, "the newer key works")
        assert len(working) < 2, "an hour after the grace, both keys minted at once still work"
