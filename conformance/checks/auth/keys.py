"""AUTH: who gets in with which key, and what those who do not get to see."""

from __future__ import annotations

import json
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from conformance.analysis.alike import difference, to_the_letter
from conformance.channels.http.answer import NOTHING_THERE, Transport, says
from conformance.channels.http.challenge import is_bare_challenge, is_called_malformed
from conformance.channels.http.missing import NEVER_SENT, NO_SERVER
from conformance.channels.http.results import field_of, is_tenant
from conformance.forge.guise import in_guise
from conformance.forge.keys import malformed_keys, with_control_byte
from conformance.forge.requests import Request, opening
from conformance.forge.stored import forms_in
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.wire import Wire
    from conformance.channels.sql.app_role import AppDatabase
    from conformance.channels.sql.auditor import TableTrail
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

UNAUTHORIZED = HTTPStatus.UNAUTHORIZED
NOT_IMPLEMENTED = HTTPStatus.NOT_IMPLEMENTED
REFUSED = frozenset({HTTPStatus.BAD_REQUEST, UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""What refuses a key where none belongs: an edge may do so before anyone looks for one."""
COARSEST_NOTE = 1.2
"""Seconds after which a note in whole seconds must move, and a little more."""
LONG_FIELD = 8190
"""Bytes of a field's line: Apache and gunicorn refuse more, if not told otherwise."""
BAD_HTTP = frozenset({400, 413, 431})
LOST = frozenset({Transport.RESET, Transport.CUT})


@requirement("AUTH-01")
def test_a_missing_key_is_refused_and_nothing_runs(wire: Wire, good_case: GoodCase) -> None:
    """The same request with a key works, so what is missing is the key alone."""
    for request in (opening(wire.revision), wire.strongest_probe()):
        answer = wire.send(request)
        assert answer.status == UNAUTHORIZED, f"a request without a key was answered {answer}"
        assert not answer.executed, f"a request without a key got a result or a session: {answer}"
    good_case.conclude()


@requirement("AUTH-01", also_needs=(Channel.REFUSAL_BODY,))
def test_the_refusal_says_what_it_should(wire: Wire, target: Target, good_case: GoodCase) -> None:
    """Servers word it differently, so the body is what the profile says that it holds."""
    for request in (opening(wire.revision), wire.strongest_probe()):
        answer = wire.send(request)
        assert says(answer, target.answers.unauthorized), f"the refusal was {answer}"
    good_case.conclude()


@requirement("AUTH-02")
def test_a_blank_key_is_answered_like_a_missing_one(
    wire: Wire, target: Target, keys_or_random: Keys, good_case: GoodCase
) -> None:
    """Both requests present nothing, so any difference tells that blanks take another path.

    Plain spaces need no case of their own: HTTP trims them, so they arrive as the empty value.
    """
    missing, answer = wire.knock(), wire.knock("")
    is_open = missing.executed and answer.executed
    establish(not is_open, f"a missing key is refused (got {missing}, as for a blank one)")
    assert answer.status == UNAUTHORIZED, f"a blank key was answered {answer}"
    is_bare = is_bare_challenge(missing, answer, target)
    told = ""
    if not (is_bare and is_called_malformed(answer)):
        told = difference(wire.knock, lambda: wire.knock(""))
    if told and is_bare:
        # A scheme without a token is a token that nobody has, as far as RFC 6750 goes.
        told = difference(lambda: wire.knock(keys_or_random.random()), lambda: wire.knock(""))
    assert not told, (
        f"{'an unknown' if is_bare else 'a missing'} key and a blank one are answered "
        f"differently: {told}"
    )
    good_case.conclude()


@requirement("AUTH-03")
def test_an_unknown_key_is_answered_like_a_missing_one(
    wire: Wire, target: Target, keys_or_random: Keys, good_case: GoodCase
) -> None:
    """Were the answers different, the difference would tell who has guessed a key's form.

    RFC 6750 has a caller without a token told nothing but the scheme; what has another form than a
    token is then compared with an unknown one alone, by AUTH-04.
    """
    missing, unknown = wire.knock(), wire.knock(keys_or_random.random())
    assert unknown.status == UNAUTHORIZED, f"an unknown key was answered {unknown}"
    if not is_bare_challenge(missing, unknown, target):
        told = difference(wire.knock, lambda: wire.knock(keys_or_random.random()))
        assert not told, f"a missing key and an unknown one are answered differently: {told}"
    good_case.conclude()


def is_long(wire: Wire, key: str) -> bool:
    """Tell whether a key makes its header field longer than many servers read."""
    name, value = wire.key_header(key)
    return len(f"{name}: {value}\r\n") >= LONG_FIELD


def knocked_long(wire: Wire, key: str) -> Answer:
    """Return what comes of a long key; that may be nothing, but not for want of a connection."""
    line = wire.derived(may_be_silent=True)
    answer = line.knock(key)
    establish(answer.transport not in NEVER_SENT, f"the target can be reached (got {answer})")
    if answer.status in NO_SERVER:
        again = line.knock(key)
        establish(again.status in NO_SERVER, f"a long key is answered alike ({answer}, {again})")
    return answer


def is_bad_http(answer: Answer) -> bool:
    """Tell whether a long field was refused below the application.

    Who refuses before it has read all may close the connection before its answer has arrived.
    """
    return answer.status in BAD_HTTP or answer.transport in LOST


def is_an_edges(answer: Answer) -> bool:
    """Tell whether a malformed key was refused outright, as by a filter in front of the server."""
    return answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN} and not answer.executed


@requirement("AUTH-04")
def test_malformed_keys_get_the_uniform_refusal(
    wire: Wire, target: Target, keys_or_random: Keys, good_case: GoodCase
) -> None:
    """Each is a right key spoilt in one way: a lookup that normalizes too much lets it in.

    What an edge takes for an attack it may refuse in its own words, for they tell nothing of keys;
    but a profile that declares the refusal has said that there is only this one.
    """
    random = keys_or_random.random()
    unknown = wire.knock(random)
    different: dict[str, str] = {}
    for what, key in malformed_keys(keys_or_random.active).items():
        may_be_bad = is_long(wire, key)
        answer = knocked_long(wire, key) if may_be_bad else wire.knock(key)
        assert not answer.was_abandoned, f"a malformed key ({what}) was left hanging: {answer}"
        if answer.visible == unknown.visible or (may_be_bad and is_bad_http(answer)):
            continue
        if target.answers.unauthorized is None and is_an_edges(answer):
            continue
        if told := difference(partial(wire.knock, random), partial(wire.knock, key)):
            different[what] = told
    assert unknown.status == UNAUTHORIZED, f"an unknown key was answered {unknown}"
    assert not different, (
        "an unknown key and a malformed one are answered differently: "
        f"{'; '.join(map(': '.join, different.items()))}"
    )
    good_case.conclude()


@requirement("AUTH-04")
def test_a_control_byte_makes_no_key_right(
    wire: Wire, keys_or_random: Keys, good_case: GoodCase
) -> None:
    """A parser may refuse such a field as bad HTTP, before there is a request to refuse."""
    spoilt = with_control_byte(keys_or_random.active)
    answer = wire.knock(spoilt)
    if answer.status != HTTPStatus.BAD_REQUEST:
        random = keys_or_random.random()
        told = difference(partial(wire.knock, random), partial(wire.knock, spoilt))
        assert not told, (
            f"an unknown key and one with a control byte are answered differently: {told}"
        )
    assert not answer.executed, f"a key with a control byte got a result or a session: {answer}"
    good_case.conclude()


@requirement("AUTH-04")
def test_an_enormous_key_is_refused_without_harm(wire: Wire, good_case: GoodCase) -> None:
    """A server may refuse 64 KiB of header below the application; it may not break.

    Where it refuses before it has read them all, its answer may be lost with the connection. A
    caller that is left hanging is no refusal, and costs the server as much as the caller.
    """
    answer = knocked_long(wire, "A" * 65536)
    assert not answer.was_abandoned, f"a key of 64 KiB was left hanging: {answer}"
    assert answer.transport in {Transport.ANSWERED, *LOST}, (
        f"a key of 64 KiB got neither an answer nor a closed connection: {answer}"
    )
    assert not answer.executed, f"a key of 64 KiB got a result or a session: {answer}"
    assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR, (
        f"a key of 64 KiB was answered {answer}"
    )
    good_case.establish()
    good_case.conclude()


@requirement("AUTH-05")
def test_a_valid_key_runs_the_tool_as_its_own_tenant(wire: Wire, keys: Keys) -> None:
    """Two tenants, one tool: each must be told its own id."""
    for name, tenant in (("a", keys.a), ("b", keys.b)):
        opened = wire.knock(tenant.active)
        establish(opened.succeeded, f"the key of [tenants.{name}] works at the URL (got {opened})")
        answer = wire.call_ping(key=tenant.active)
        assert answer.status == HTTPStatus.OK, (
            f"a call of the tool with the key of [tenants.{name}] was answered {answer}"
        )
        named = field_of(answer, wire.target, "tenant")
        assert is_tenant(answer, wire.target, tenant.tenant_id), (
            f"with the key of tenant {tenant.tenant_id} the tool told the tenant {named!r}"
        )


@requirement("AUTH-06")
def test_a_revoked_key_is_refused_like_any_other(wire: Wire, keys: Keys) -> None:
    """The two keys differ only in that one was revoked, so revocation alone explains a refusal."""
    establish(wire.call_ping(key=keys.active).succeeded, "an active key of the same tenant works")
    answer = wire.knock(keys.revoked)
    assert answer.status == UNAUTHORIZED, f"the revoked key was answered {answer}"
    told = difference(
        lambda: wire.knock(keys.random()), lambda: wire.knock(keys.revoked), to_the_letter
    )
    assert not told, f"an unknown key and the revoked one are answered differently: {told}"


@requirement("AUTH-07")
def test_an_expired_key_is_refused_like_any_other(wire: Wire, keys: Keys) -> None:
    """The two keys differ only in that one has run out, so expiry alone explains a refusal."""
    establish(wire.call_ping(key=keys.active).succeeded, "an active key of the same tenant works")
    answer = wire.knock(keys.expired)
    assert answer.status == UNAUTHORIZED, f"the expired key was answered {answer}"
    told = difference(
        lambda: wire.knock(keys.random()), lambda: wire.knock(keys.expired), to_the_letter
    )
    assert not told, f"an unknown key and the expired one are answered differently: {told}"


@requirement("AUTH-08")
def test_a_key_outside_its_header_is_not_accepted(
    wire: Wire, keys: Keys, target: Target, good_case: GoodCase
) -> None:
    """Each request holds a right key in one wrong place, and only there."""
    good_case.establish_a_door()
    establish(wire.knock(keys.active).succeeded, "the key works in its own header")
    found = {
        place: str(answer)
        for place, request in _misplaced(wire, keys.active, target.headers.api_key).items()
        if (answer := wire.send(request)).status not in REFUSED or answer.executed
    }
    assert not found, (
        "a right key outside its header was not refused: "
        f"{'; '.join(map(': '.join, found.items()))}"
    )


@requirement("AUTH-11")
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_each_method_demands_a_key_first(wire: Wire, good_case: GoodCase, method: str) -> None:
    """Without a key the answer is 401, or that the route has no such method for anybody."""
    request = opening(wire.revision).but(method=method)
    answer = wire.send(request)
    is_lacking = method != "POST" and answer.status in {*NOTHING_THERE, NOT_IMPLEMENTED}
    if is_lacking and (tenants := wire.target.tenants):
        is_lacking = wire.send(request, key=tenants.a.key).status == answer.status
    assert is_lacking or answer.status == UNAUTHORIZED, (
        f"{method} without a key was answered {answer}"
    )
    assert not answer.executed, f"{method} without a key got a result or a session: {answer}"
    good_case.conclude()


UNKNOWN_METHOD = "HALLMARK"


@requirement("AUTH-11")
@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND", UNKNOWN_METHOD])
def test_odd_methods_do_nothing_without_a_key(wire: Wire, good_case: GoodCase, method: str) -> None:
    """A preflight may be answered and an unknown method refused outright, but nothing may run."""
    asked = in_guise(method) if method == UNKNOWN_METHOD else method
    answer = wire.send(opening(wire.revision).but(method=asked))
    assert not answer.executed, f"{method} without a key got a result or a session: {answer}"
    assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == 501, (
        f"{method} without a key was answered {answer}"
    )
    assert answer.status != HTTPStatus.OK or method == "OPTIONS", (
        f"{method} without a key was answered {answer}"
    )
    good_case.conclude()


@requirement("AUTH-13")
def test_the_database_holds_neither_keys_nor_their_plain_digests(
    keys: Keys, trail_table: TableTrail, wire: Wire, administrator: Administrator
) -> None:
    """Whoever copies the database must not be able to use, or test guesses of, any key."""
    establish(wire.knock(keys.active).succeeded, "the key works, so the server knows it")
    known = {"tenant A's key": keys.a.active, "tenant B's key": keys.b.active}
    if administrator.can_mint:
        known["a key just minted"] = administrator.mint()
    dump = trail_table.dump()
    establish(keys.a.tenant_id in dump, "the dump holds the tenant's rows")
    found = [f"{what} of {whose}" for whose, key in known.items() for what in forms_in(dump, key)]
    assert not found, f"the database holds {'; '.join(found)}"
    trail_table.require_whole()


@requirement("AUTH-14")
def test_use_of_a_key_is_noted(wire: Wire, keys: Keys, app_sql: AppDatabase) -> None:
    """The newest note of the tenant's keys must move when one of them is used.

    A note in whole seconds stays where it was noted in the same one: so it is used once more then.
    """
    before = app_sql.last_used(keys.a.tenant_id)

    def has_moved(seconds: float) -> bool:
        establish(wire.call_ping(key=keys.active).succeeded, "the key works")
        return wait_for(lambda: app_sql.last_used(keys.a.tenant_id) != before, seconds)

    moved = has_moved(COARSEST_NOTE) or has_moved(5)
    assert moved, f"last used stayed {before}"


@requirement("AUTH-14")
def test_noting_the_use_never_delays_the_answer(
    wire: Wire, keys: Keys, app_sql: AppDatabase
) -> None:
    """While we hold the key's row locked nobody can write to it; the answer must come anyway."""
    establish(wire.call_ping(key=keys.active).succeeded, "the key works")
    with app_sql.locked_keys(keys.a.tenant_id) as locked:
        establish(locked, "the tenant's key rows could be locked")
        answer = wire.derived(seconds=5).call_ping(key=keys.active)
    assert answer.succeeded, (
        f"while nobody could write to the key's row, a call was answered {answer} after "
        f"{answer.seconds:.1f} s"
    )


def _misplaced(wire: Wire, key: str, header: str) -> dict[str, Request]:
    probe = wire.strongest_probe()
    path = wire.path
    names = (header, "api_key", "apikey", "key", "token", "access_token")
    body = json.loads(probe.body or b"{}")
    others = ("Authorization", "X-Api-Key", "Api-Key", "X-Auth-Token", "X-Access-Token")
    places = {
        "query": probe.but(path=f"{path}?" + "&".join(f"{name}={key}" for name in names)),
        "cookie": probe.with_header("Cookie", "; ".join(f"{name}={key}" for name in names)),
        "body": probe.but(body=json.dumps({**body, **dict.fromkeys(names, key)}).encode()),
    }
    for name in others:
        if name.lower() != header.lower():
            places[f"header {name}"] = probe.with_header(name, key)
            places[f"header {name}, as bearer"] = probe.with_header(name, f"Bearer {key}")
    return places
