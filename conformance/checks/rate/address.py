"""RATE: how much one address may ask for, what must not move that limit, and whom it spares.

The order spares requests: one address at its limit serves every check until one lets time pass.
"""

from __future__ import annotations

import math
import re
from functools import partial
from typing import TYPE_CHECKING

from conformance.analysis.alike import difference
from conformance.analysis.figures import draw_admissions
from conformance.channels.http.answer import NOTHING_THERE, says
from conformance.channels.http.exhaustion import (
    AT_ONCE,
    LIMITED,
    admitted,
    are_counted,
    require_one_window,
)
from conformance.channels.http.gate import Gate
from conformance.channels.trail.finding import scopes_of
from conformance.checks.rate._common import evasions, refused_now
from conformance.forge.described import described
from conformance.forge.keys import random_key
from conformance.model import Channel
from conformance.profile.events import Scope
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.exhaustion import Exhaustion
    from conformance.channels.http.transcript import Transcript
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.requests import SignInRequest
    from conformance.profile.target import Target

ROUNDS = 3
_REMAINING = re.compile(r"\b(?:r|remaining) *= *(\d+)")


@requirement("RATE-01")
def test_the_request_after_the_address_limit_is_refused(
    exhaustion: Exhaustion, target: Target, transcript: Transcript
) -> None:
    """Counted exactly: one refusal too early or too late is an error in the limit."""
    limit, window = target.limits.address_requests, target.limits.address_window_seconds
    spent: list[tuple[Wire, str]] = []

    def measure() -> list[Answer]:
        line, key, answers = exhaustion.spend_address()
        spent.append((line, key))
        return answers

    answers = exhaustion.measured(measure, limit, window)[-1]
    draw_admissions(transcript, answers, limit, window)
    *within, last = answers
    establish(are_counted(within), "the key works until the limit")
    refused = [number for number, answer in enumerate(within, 1) if answer.status == LIMITED]
    assert not refused, (
        f"request {min(refused)} was refused, within the limit of {limit}, "
        f"and {len(refused) - 1} more after it"
    )
    require_one_window(answers, window)
    assert last.status == LIMITED, (
        f"request {len(answers)}, one more than the limit, was answered {last}"
    )
    more = _beyond(*spent[-1], limit)
    require_one_window([*answers, *more], window)
    count = len(within) + sum(answer.succeeded for answer in more)
    assert count <= 2 * limit, (
        f"{count} requests were admitted within a window of {window} s, "
        f"after a refusal at the limit of {limit}"
    )


def _beyond(line: Wire, key: str, limit: int) -> list[Answer]:
    """Return the answers to what follows a refusal: one, and many where that one is admitted.

    Of windows that are fixed, the next may just have begun: two of them admit twice the limit.
    """
    first = line.knock(key)
    if first.status == LIMITED:
        return [first]
    return [first, *(line.knock(key) for _ in range(limit + 2))]


@requirement("RATE-01", also_needs=(Channel.LIMIT_BODY,))
def test_the_refusal_of_an_address_says_what_it_should(
    exhaustion: Exhaustion, target: Target
) -> None:
    """Servers word it differently, so the body is what the profile says that it holds."""
    _, _, refused = refused_now(exhaustion)
    assert says(refused, target.answers.rate_limited), f"the limit was told as {refused}"


@requirement("RATE-04", also_needs=(Channel.SPARE_TENANT, Channel.ADDRESS_LIMIT))
def test_each_refusal_of_an_address_is_audited(
    exhaustion: Exhaustion, auditor: AuditReader, target: Target
) -> None:
    """Three refusals, three rows: the trail must tell how hard somebody knocked."""
    line, key = exhaustion.address_at_limit()
    answers = [line.knock(key) for _ in range(3)]
    establish(all(answer.status == LIMITED for answer in answers), "the address limit refuses")
    for answer in answers:
        scopes = scopes_of(answer, auditor, target, Scope.ADDRESS)
        assert scopes == [Scope.ADDRESS], (
            f"one refusal of an address has {len(scopes)} audit rows, with the scopes {scopes}"
        )


@requirement("RATE-07", also_needs=(Channel.ADDRESS_LIMIT,))
def test_no_header_or_spelling_evades_the_limit(exhaustion: Exhaustion) -> None:
    """The address is at its limit; each request then differs in one thing it could be keyed on."""
    passed = evasions(*exhaustion.address_at_limit())
    assert not passed, f"requests from an address at its limit were answered {passed}"


@requirement("RATE-08", also_needs=(Channel.ADDRESS_LIMIT,))
def test_an_address_at_its_limit_costs_no_other_anything(
    exhaustion: Exhaustion, wire: Wire, addresses: AddressPool, keys: Keys
) -> None:
    """Another address, with the same key and with another tenant's, is served as before."""
    _, key = exhaustion.address_at_limit()
    other = wire.derived(address=addresses.fresh())
    same = other.knock(key)
    assert same.succeeded, f"from another address, the same key was answered {same}"
    foreign = other.knock(keys.a.active)
    assert foreign.succeeded, f"from another address, another tenant's key was answered {foreign}"


@requirement("RATE-09")
def test_over_the_limit_right_and_wrong_keys_look_alike(
    exhaustion: Exhaustion, keys_or_random: Keys
) -> None:
    """Were they told apart, the limit would not stop anybody from guessing."""
    line, key = exhaustion.address_at_limit()
    right = partial(line.knock, key)
    others = {"a wrong key": partial(line.knock, keys_or_random.random()), "no key": line.knock}
    for what, ask in {"a right key": right, **others}.items():
        answer = ask()
        assert answer.status == LIMITED, f"over the address limit, {what} was answered {answer}"
    for what, ask in others.items():
        told = difference(right, ask)
        assert not told, f"over the address limit, {what} is told apart from a right one: {told}"


@requirement("RATE-05")
def test_ratelimit_fields_agree_with_what_happens(
    wire: Wire, exhaustion: Exhaustion, addresses: AddressPool, target: Target
) -> None:
    """Where the fields are sent: never more is left than there can be, and nothing at the limit."""
    busy, key = exhaustion.address_at_limit()
    line = wire.derived(address=addresses.fresh())
    first, second = line.knock(key), line.knock(key)
    establish(first.succeeded and second.succeeded, "the key works")
    refused = busy.knock(key)
    establish(refused.status == LIMITED, "an address is at its limit")
    told = [_left(answer) for answer in (first, second, refused)]
    most = (target.limits.address_requests - 1, target.limits.address_requests - 2, 0)
    assert all(left is None or left <= there for left, there in zip(told, most, strict=True)), (
        f"told that {told} are left where at most {most} can be"
    )


@requirement("RATE-05")
def test_a_refusal_tells_when_to_come_again(exhaustion: Exhaustion, target: Target) -> None:
    """A number or a date, and no later than the window is over."""
    _, _, refused = refused_now(exhaustion)
    seconds = refused.retry_after
    assert seconds is not None, f"Retry-After: {refused.header('retry-after')!r}"
    # In whole seconds the window may seem one longer; a date and the answer's own, one more.
    assert 0 < seconds <= target.limits.address_window_seconds + 2, (
        f"Retry-After is {seconds} s with a window of {target.limits.address_window_seconds} s"
    )


@requirement("RATE-05")
def test_waiting_as_long_as_told_admits_again(exhaustion: Exhaustion, passage: Passage) -> None:
    """A caller that honours Retry-After must not be refused again for the same reason."""
    line, key, refused = refused_now(exhaustion)
    seconds = refused.retry_after
    establish(seconds is not None, "the refusal tells how long to wait")
    passage.of(seconds or 0)
    again = line.knock(key)
    assert again.status != LIMITED, f"after the {seconds} s of Retry-After the answer was {again}"


@requirement("RATE-06")
def test_simultaneous_requests_are_admitted_exactly_to_the_limit(
    exhaustion: Exhaustion, wire: Wire, spare_key: str, target: Target
) -> None:
    """Twice the limit at once: a limit that looks before it counts lets more in."""
    limit, window = target.limits.address_requests, target.limits.address_window_seconds

    def race() -> list[Answer]:
        line = wire.derived(address=exhaustion.addresses.fresh())
        return gather(line.knock, [spare_key] * (2 * limit), at_once=AT_ONCE)

    races = exhaustion.measured(race, limit, window)
    draw_admissions(wire.transcript, races[-1], limit, window)
    for answers in races:
        establish(are_counted(answers), "the key works until the limit")
        require_one_window(answers, window)
    count = admitted(races[-1])
    assert count == limit, f"{count} of {len(races[-1])} were admitted, where {limit} may be"
    _require_no_window_ended(races)


@requirement("RATE-06")
def test_the_last_place_is_given_to_one_of_many(
    exhaustion: Exhaustion, wire: Wire, spare_key: str, target: Target
) -> None:
    """All start as one on connections that are open: a race of a millisecond meets several."""
    limits = target.limits
    limit, window = limits.address_requests, limits.address_window_seconds

    def race() -> list[Answer]:
        line = wire.derived(address=exhaustion.addresses.fresh())
        taken = gather(line.knock, [spare_key] * (limit - 1), at_once=AT_ONCE)
        together = line.derived(gate=Gate(AT_ONCE))
        answers = gather(together.knock, [spare_key] * AT_ONCE, at_once=AT_ONCE)
        establish(are_counted([*taken, *answers]), "the key works until the limit")
        establish(not any(answer.status == LIMITED for answer in taken), "there is a place left")
        require_one_window([*taken, *answers], window)
        return [*taken, *answers]

    for _ in range(_races(exhaustion, limits.tenant_requests // limit)):
        races = exhaustion.measured(race, limit, window)
        given = admitted(races[-1]) - (limit - 1)
        assert given == 1, f"{given} of {AT_ONCE} were given the one place left"
        _require_no_window_ended(races)


def _require_no_window_ended(races: list[list[Answer]]) -> None:
    """Raise NotEstablishedError where a race let more in once, and not when it was run again."""
    establish(
        len(races) == 1,
        f"a race lets in what it should ({admitted(races[0])} once, {admitted(races[-1])} after: "
        "a window may have ended meanwhile)",
    )


def _races(exhaustion: Exhaustion, affordable: int) -> int:
    """Return how many races to run: one where there is no other address, or the tenant's limit."""
    return max(1, min(ROUNDS, affordable)) if exhaustion.addresses.is_usable else 1


@requirement("RATE-03")
def test_signing_in_has_a_stricter_limit(
    wire: Wire, addresses: AddressPool, target: Target, passage: Passage
) -> None:
    """Counted exactly, still shut shortly before its window ends, and open after."""
    count, window = target.limits.auth_requests, target.limits.auth_window_seconds
    passage.of(window + 1)
    line = wire.derived(address=addresses.fresh())
    *within, last = [_sign_in(line, target) for _ in range(count + 1)]
    _require_a_route(within, last, target)
    assert [answer.status == LIMITED for answer in within] == [False] * count, (
        "attempts to sign in, within the limit, were answered "
        f"{[answer.status for answer in within]}"
    )
    assert last.status == LIMITED, (
        f"attempt {len(within) + 1} to sign in, one over the limit, was answered {last}"
    )
    assert says(last, target.answers.rate_limited), f"the limit was told as {last}"
    early = _shortly(window)
    passage.of(window - early)
    still = _sign_in(line, target)
    assert still.status == LIMITED or _keeps_to_the_clock(line, target, passage), (
        f"{early:g} s before the window of {window} s ends the answer was {still}"
    )
    passage.of(window + 1)
    after = _sign_in(line, target)
    assert after.status != LIMITED, f"after the window the answer was {after}"


@requirement("RATE-03")
def test_another_credential_each_time_gives_no_more_attempts_to_sign_in(
    wire: Wire, addresses: AddressPool, target: Target
) -> None:
    """Whoever guesses credentials has another each time: what is counted is the address."""
    count = target.limits.auth_requests
    line = wire.derived(address=addresses.fresh())
    *within, last = [_sign_in(line, target, random_key()) for _ in range(count + 1)]
    _require_a_route(within, last, target)
    assert last.status == LIMITED, (
        f"attempt {count + 1} to sign in, each with another credential, was answered {last}"
    )


def _keeps_to_the_clock(line: Wire, target: Target, passage: Passage) -> bool:
    """Tell whether sign-in is shut for a whole window, counted from where one begins.

    Windows that all begin at multiples of their length may end soon after anybody's attempts. One
    is waited for in steps, so that it may be a step old when it is found.
    """
    count, window = target.limits.auth_requests, target.limits.auth_window_seconds
    step = _shortly(window)
    shut = [_sign_in(line, target) for _ in range(count + 1)][-1]
    establish(shut.status == LIMITED, "sign-in is at its limit")
    for _ in range(math.ceil(window / step) + 1):
        passage.of(step)
        if _sign_in(line, target).status != LIMITED:
            break
    else:
        return False
    for _ in range(count):
        _sign_in(line, target)
    passage.of(window - 2 * step)
    return _sign_in(line, target).status == LIMITED


def _shortly(window: int) -> float:
    """Return what is a short while beside a window, both in seconds."""
    return min(30.0, window / 10)


@requirement("RATE-04", also_needs=(Channel.AUTH_ROUTE,))
def test_a_refusal_to_sign_in_is_audited(
    wire: Wire, addresses: AddressPool, target: Target, auditor: AuditReader
) -> None:
    """The row says that it was the limit of signing in."""
    line = wire.derived(address=addresses.fresh())
    answers = [_sign_in(line, target) for _ in range(target.limits.auth_requests + 1)]
    establish(answers[-1].status == LIMITED, "the limit of signing in refuses")
    scopes = scopes_of(answers[-1], auditor, target, Scope.AUTH, line.address)
    assert scopes == [Scope.AUTH], (
        f"the refusal to sign in has {len(scopes)} audit rows, with the scopes {scopes}"
    )


def _require_a_route(within: list[Answer], last: Answer, target: Target) -> None:
    """Raise NotEstablishedError where attempts to sign in were not answered, or by nothing."""
    establish(all(answer.status for answer in within), "the route answers")
    is_there = last.status == LIMITED or any(one.status not in NOTHING_THERE for one in within)
    establish(
        is_there,
        f"there is such a route (got {last.status} to a {_request_of(target).method}; "
        '[routes] auth takes a table, as { method = "POST", path = "/login" })',
    )


def _sign_in(line: Wire, target: Target, key: str | None = None) -> Answer:
    """Try to sign in, by the profile's request alone or with a credential that may be wrong."""
    return line.send(described(_request_of(target), {}), key=key, is_guarded=key is not None)


def _request_of(target: Target) -> SignInRequest:
    return supplied(target.routes.auth)


def _left(answer: Answer) -> int | None:
    """Return the least that a RateLimit field says is left; None where no field says it.

    Reads the current draft (``"policy";r=9;t=60``) and the former ones (``remaining=9``).
    """
    fields = answer.header("ratelimit") or f"remaining={answer.header('ratelimit-remaining')}"
    return min((int(number) for number in _REMAINING.findall(fields)), default=None)
