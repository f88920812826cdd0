"""TIME: what the time of a refusal tells about the credential that was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.admin import rotation_of
from conformance.forge.keys import nearly, of_another_form, random_key, random_like, unknown_like
from conformance.forge.objects import nobodys_text
from conformance.forge.requests import Request, opening
from conformance.forge.tokens import is_verifiable_by_anyone, of_nobody, signed_by_nobody
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target
    from conformance.timing.stopwatch import Stopwatch
    from conformance.timing.verdict import Measurement


@requirement("TIME-01")
def test_a_missing_key_takes_as_long_as_an_invalid_one(
    wire: Wire, stopwatch: Stopwatch, good_case: GoodCase
) -> None:
    """The requests differ in one header, and blocks of both in random order share every drift."""
    found = _among_keys(wire, stopwatch, {"missing": None, "invalid": random_key()})
    assert not found.leaks, str(found)
    found.require_decision()
    good_case.conclude()


@requirement("TIME-02")
def test_a_malformed_key_takes_as_long_as_a_well_formed_one(
    wire: Wire, stopwatch: Stopwatch, good_case: GoodCase
) -> None:
    """Wrong in length and alphabet at once, so whichever is looked at first is seen."""
    found = _among_keys(wire, stopwatch, {"malformed": of_another_form(), "invalid": random_key()})
    assert not found.leaks, str(found)
    found.require_decision()
    good_case.conclude()


@requirement("TIME-03")
def test_keys_that_once_worked_take_as_long_as_a_random_one(
    wire: Wire, stopwatch: Stopwatch, keys: Keys, target: Target
) -> None:
    """All are of one form and refused alike: only what the server remembers tells them apart.

    Of a token that anybody can verify no time need tell that it was real, and to look at its claims
    takes time. Under another signature it has claims still, which nobody may look up by then.
    """
    once_good = {
        name: getattr(keys, name)
        for name, channel in (("revoked", Channel.REVOKED_KEY), ("expired", Channel.EXPIRED_KEY))
        if target.has(channel)
    }
    if not once_good:
        raise NotAssessedError(
            "there is no key that once worked", Channel.REVOKED_KEY, Channel.EXPIRED_KEY
        )
    found = _among_keys(wire, stopwatch, _once_good_and_not(keys.active, once_good))
    assert not found.leaks, str(found)
    found.require_decision()


def _once_good_and_not(active: str, once_good: Mapping[str, str]) -> dict[str, str]:
    """Return keys that once worked after one that never did; of tokens, what nobody signed."""
    if not all(map(is_verifiable_by_anyone, (active, *once_good.values()))):
        return {"random": unknown_like(active), **once_good}
    forged = {
        f"{name}, signed by nobody": signed_by_nobody(token, at_the_time_of=active)
        for name, token in once_good.items()
    }
    return {"random": of_nobody(active), **forged}


@requirement("TIME-04")
def test_a_nearly_right_key_takes_as_long_as_a_random_one(
    wire: Wire, stopwatch: Stopwatch, keys: Keys
) -> None:
    """All but the last characters are right: work that follows the prefix shows at its longest."""
    found = _among_keys(
        wire,
        stopwatch,
        {"nearly right": nearly(keys.active), "random": unknown_like(keys.active)},
    )
    assert not found.leaks, str(found)
    found.require_decision()


@requirement("TIME-05")
def test_wrong_admin_tokens_take_the_same_time(
    stopwatch: Stopwatch, administrator: Administrator, target: Target
) -> None:
    """What is asked is about nobody, so that even the right token changes nothing."""
    token, call = supplied(target.admin).token, next(administrator.without_effect())
    kind = [("Content-Type", "application/json")] if call.body is not None else []
    found = stopwatch.compare_credentials(
        {
            "random": random_like(token),
            "nearly right": nearly(token),
            "of another length": random_like(token[: len(token) // 2]),
        },
        Request(call.method, call.path, tuple(kind), call.body),
        lambda value: (target.headers.admin_token, value),
        works=token,
    )
    assert not found.leaks, str(found)
    found.require_decision()


@requirement("TIME-06")
def test_whom_a_refused_request_names_makes_no_difference(
    stopwatch: Stopwatch, administrator: Administrator, target: Target
) -> None:
    """The admin token is wrong, so nothing has to be found out about the tenant it is for."""
    token, tenant = supplied(target.admin).token, administrator.tenant_id
    header = target.headers.admin_token
    wrong = random_like(token)
    found = stopwatch.compare(
        {
            name: _rotation(target, named).with_header(header, wrong)
            for name, named in (("unknown tenant", nobodys_text(tenant)), ("known tenant", tenant))
        },
        works=_rotation(target, "none").with_header(header, token),
    )
    assert not found.leaks, str(found)
    found.require_decision()


def _rotation(target: Target, tenant: str) -> Request:
    return Request(
        path=target.routes.rotate_key,
        headers=(("Content-Type", "application/json"),),
        body=rotation_of(tenant, target.fields.admin),
    )


def _among_keys(
    wire: Wire, stopwatch: Stopwatch, credentials: Mapping[str, str | None]
) -> Measurement:
    tenants = wire.target.tenants
    works = tenants.a.key if tenants else None
    return stopwatch.compare_credentials(
        credentials, opening(wire.revision), wire.key_header, works=works
    )
