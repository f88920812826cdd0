"""JWT: sessions begun and ended, and what a server does that is told to ask for no token."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from itertools import product
from typing import TYPE_CHECKING

from conformance.channels.http.results import is_tenant
from conformance.checks.jwt.claims import require
from conformance.forge.jwt.shape import Token
from conformance.forge.keys import unknown_like
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.text.tokens import is_token
from conformance.verdicts import NotAssessedError, establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Sized

    from conformance.channels.http.session_tokens import SessionTokens
    from conformance.channels.http.tokens import TokenDesk
    from conformance.channels.http.wire import Wire
    from conformance.channels.programs.launch import Launcher
    from conformance.forge.keys import Keys
    from conformance.profile.signing import Way
    from conformance.profile.target import Target

BEGUN = 4
"""Sessions that are begun to compare their ids."""
REVOKED_SECONDS = 5.0
"""Within which an ended session must be over everywhere; the clause has no number of its own."""


@requirement("JWT-05")
def test_each_session_has_an_id_of_its_own(
    session_tokens: SessionTokens, target: Target, keys: Keys
) -> None:
    """Begun with one key, one after another: what they have in common tells nothing apart."""
    signing = target.channels.signing
    name = signing.identity if signing else "jti"
    begun = [session_tokens.begin(keys.active) for _ in range(BEGUN)]
    if not all(map(is_token, begun)):
        raise NotAssessedError("sessions have tokens that are not signed (JWT)")
    ids = [Token(text).claims.get(name) for text in begun]
    assert all(ids), f"the token of a session has no {name}"
    distinct = {str(one) for one in ids}
    assert len(distinct) == BEGUN, f"{BEGUN} sessions had {len(distinct)} different {name}"
    for text in begun:
        answer = session_tokens.show(text)
        establish(answer.succeeded, f"the token of a session works (got {answer})")


@requirement("JWT-05", also_needs=(Channel.SESSION_END,))
def test_a_session_that_was_ended_is_refused(session_tokens: SessionTokens, keys: Keys) -> None:
    """Of two sessions of one key one is ended: its token is refused, the other goes on.

    By each way by which tokens come: both have worked by it before.
    """
    ended, other = session_tokens.begin(keys.active), session_tokens.begin(keys.active)
    ways = session_tokens.wire.target.token_ways
    for text, way in product((ended, other), ways):
        establish(session_tokens.show(text, way).succeeded, f"a session's token works: {way.name}")
    told = session_tokens.end(ended)
    establish(told.status < HTTPStatus.BAD_REQUEST, f"a session can be ended (got {told})")

    def is_refused(way: Way) -> bool:
        return session_tokens.show(ended, way).status == HTTPStatus.UNAUTHORIZED

    for way in ways:  # one after another: each refusal is a failure, of which few may block
        assert wait_for(partial(is_refused, way), REVOKED_SECONDS), (
            f"{REVOKED_SECONDS:.0f} s after its session was ended a token was still answered "
            f"{session_tokens.show(ended, way)} by {way.name}"
        )
    answer = session_tokens.show(other)
    establish(answer.succeeded, f"the other session goes on (got {answer})")


def _words(words: Sized, name: str) -> None:
    if not words:
        raise NotAssessedError(
            f"supply the profile's channels.launch.{name}: the words that start the server so"
        )


@requirement("JWT-06")
def test_a_server_that_is_told_nothing_demands_a_token(
    launcher: Launcher, wire: Wire, keys: Keys
) -> None:
    """Started by its command alone, beside the one that is judged."""
    with launcher.start() as process:
        establish(process.settle() is None, f"the server starts: {process.ending()}")
        line = wire.at(process.url(wire.path))
        right = line.knock(keys.a.token)
        establish(right.succeeded, f"the token works there as well (got {right})")
        for what, answer in {
            "without a token": line.knock(),
            "with a forged one": line.derived(way=wire.target.token_way).knock(
                unknown_like(keys.a.token)
            ),
        }.items():
            assert answer.status == HTTPStatus.UNAUTHORIZED, f"a request {what} got {answer}"


@requirement("JWT-06")
def test_where_tokens_are_optional_nobody_is_somebody_without(
    launcher: Launcher, wire: Wire, keys: Keys, target: Target
) -> None:
    """Who shows nothing is anonymous; who shows a forged token is no tenant either."""
    _words(launcher.channel.optional_mode, "optional_mode")
    with launcher.start(more=launcher.channel.optional_mode) as process:
        establish(process.settle() is None, f"the server starts: {process.ending()}")
        line = wire.at(process.url(wire.path))
        right = line.call_ping(key=keys.a.token)
        establish(is_tenant(right, target, keys.a.tenant_id), "the token counts there as well")
        open_ = line.knock()
        assert open_.succeeded, f"a request without a token was answered {open_}"
        shown = line.derived(way=target.token_way)
        for text in (unknown_like(keys.a.token), "no-token-at-all"):
            answer = shown.call_ping(key=text)
            assert not is_tenant(answer, target, keys.a.tenant_id), (
                f"with a forged token the tool told tenant A: {answer}"
            )


@requirement("JWT-06")
def test_no_token_at_all_takes_more_than_one_setting(launcher: Launcher) -> None:
    """The words that have nobody need a token are refused without the setting for tests.

    With that it starts; where there is none from outside, it does without those words.
    """
    _words(launcher.channel.disabled_mode, "disabled_mode")
    setting = launcher.channel.test_setting
    good = (*launcher.channel.disabled_mode, *setting) if setting else ()
    with launcher.start(more=good) as process:
        establish(process.settle() is None, f"else the server starts: {process.ending()}")
    with launcher.start(more=launcher.channel.disabled_mode) as process:
        code = process.settle(may_be_half_open=True)
        assert code not in {None, 0}, (
            f"without the setting for tests a server that asks for no token {process.ending()}"
        )


@requirement("JWT-07")
def test_claims_decide_of_a_user_whom_nobody_knows(mint: TokenDesk, target: Target) -> None:
    """No table has a row of that user: what the tool runs as can only be what the claims tell."""
    signing = target.channels.signing
    if signing is None or not signing.claims_decide:
        raise NotAssessedError("the profile's channels.signing.claims_decide does not say so")
    require(mint, "sub")
    mint.establish()
    mint.establish_minted()
    answer = mint.show_minted({"claims": {"sub": {"$nobody": "{sub}"}}})
    assert answer.succeeded, (
        f"a token with the right claims of a user that nobody knows was answered {answer}"
    )
