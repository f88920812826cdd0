"""A lost answer is an accident until the target has shown it to be its habit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.missing import REPEATS, is_missing, require_habit
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Callable

HEARD = Answer(Transport.ANSWERED, 401)
RESET, CUT, BABBLE = map(Answer, (Transport.RESET, Transport.CUT, Transport.GARBAGE))
BUSY, BAD_GATEWAY, LATE = (Answer(Transport.ANSWERED, status) for status in (503, 502, 504))


def giving(*answers: Answer) -> Callable[[], Answer]:
    """Return a request that is answered by one of these after the other, and no oftener."""
    return iter(answers).__next__


@pytest.mark.parametrize("lost", [RESET, CUT, BABBLE, BUSY, BAD_GATEWAY, LATE])
def test_who_breaks_off_each_time_and_answers_others_means_it(lost: Answer) -> None:
    require_habit(lost, giving(*[lost] * REPEATS), giving(HEARD))


@pytest.mark.parametrize(
    "lost",
    [
        Answer(Transport.TIMEOUT),
        Answer(Transport.UNREADABLE, 401),
        Answer(Transport.ANSWERED, 429),
    ],
)
def test_what_hangs_or_cannot_be_read_and_a_limit_that_was_met_accuse_nobody(lost: Answer) -> None:
    assert is_missing(lost)
    with pytest.raises(NotEstablishedError):
        require_habit(lost, giving(), giving())


def test_what_was_heard_is_not_missing() -> None:
    assert not is_missing(HEARD)


@pytest.mark.parametrize("before", range(REPEATS))
def test_an_answer_that_comes_when_asked_again_was_lost_by_accident(before: int) -> None:
    with pytest.raises(NotEstablishedError, match="asked again, the target gave it: 401"):
        require_habit(RESET, giving(*[RESET] * before, HEARD), giving())


@pytest.mark.parametrize(
    "transport",
    [Transport.REFUSED, Transport.UNREACHABLE, Transport.UNTRUSTED, Transport.NO_TLS],
)
def test_what_never_reached_the_target_tells_nothing_of_it(transport: Transport) -> None:
    with pytest.raises(NotEstablishedError, match="reached no more"):
        require_habit(Answer(transport), giving(), giving())


def test_a_target_that_answers_nobody_has_stopped() -> None:
    with pytest.raises(NotEstablishedError, match="stopped answering"):
        require_habit(RESET, giving(*[RESET] * REPEATS), giving(RESET))


def test_what_has_effects_is_not_sent_again() -> None:
    with pytest.raises(NotEstablishedError, match="has effects"):
        require_habit(RESET, None, giving())
