"""OAUTH: what a client was granted, and what it is told where that is not enough."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.challenge import challenges_of
from conformance.channels.http.own import own_arguments
from conformance.channels.oauth.metadata import pointers_of
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.callers import Caller
    from conformance.channels.http.identities import Callers
    from conformance.channels.oauth.metadata import Metadata
    from conformance.profile.sections import CallOfOnesOwn
    from conformance.profile.target import Target

NARROW, BROAD = (Channel.NARROW_TOKEN,), (Channel.NARROW_TOKEN, Channel.BROAD_TOKEN)
SCOPES = re.compile(r"[!#-\[\]-~]+( [!#-\[\]-~]+)*")
"""Scopes as they are written in a challenge (RFC 6749 section 3.3)."""


def _called(caller: Caller, call: CallOfOnesOwn) -> Answer:
    arguments = own_arguments(caller.line, call, str(caller.credential))
    return caller.call_tool(call.name, arguments)


def _scopes_in(answer: Answer) -> list[str]:
    """Return the scopes that each challenge of an answer names, as they are written."""
    told = (one.parameters for one in challenges_of(answer))
    return [parameters["scope"] for parameters in told if "scope" in parameters]


def _refused(target: Target, callers: Callers) -> Answer:
    """Return what a call was answered for which a token has too few scopes, a good one aside."""
    narrow = supplied(target.authorization.narrow)
    caller = callers.of("a token with fewer scopes", narrow)
    works = _called(caller, narrow.allowed)
    establish(works.succeeded, f"the token may call {narrow.allowed.name} (got {works})")
    return _called(caller, narrow.denied)


@requirement("OAUTH-17")
def test_the_challenge_of_a_401_names_scopes(metadata: Metadata) -> None:
    """A client asks its user for these and for no more, which is why they are to be told."""
    metadata.require_resource()
    if not metadata.scopes():
        raise NotApplicableError("neither the profile nor any metadata tell of scopes")
    refusal = metadata.refusal
    establish(refusal.status == HTTPStatus.UNAUTHORIZED, "a missing token gets 401")
    told, field = _scopes_in(refusal), refusal.header("www-authenticate")
    assert told, f"there are scopes, and the challenge names none: {field!r}"
    assert all(map(SCOPES.fullmatch, told)), f"the challenge names what are no scopes: {field!r}"
    assert "offline_access" not in " ".join(told).split(), (
        f"the challenge asks for offline_access, which no resource needs: {field!r}"
    )


@requirement("OAUTH-17", also_needs=NARROW)
def test_a_token_does_no_more_than_its_scopes_say(target: Target, callers: Callers) -> None:
    """The same token makes another call, so what is wrong with this one are its scopes."""
    answer = _refused(target, callers)
    assert not answer.succeeded, (
        f"{supplied(target.authorization.narrow).denied.name} was carried out for a token without "
        f"the scopes that it takes: {answer}"
    )


@requirement("OAUTH-17", also_needs=NARROW)
def test_a_refusal_for_scope_names_all_that_is_needed(
    target: Target, callers: Callers, metadata: Metadata
) -> None:
    """RFC 6750 section 3.1: the client asks its user once, for all of them, and tries again."""
    answer = _refused(target, callers)
    establish(not answer.succeeded, f"the call is refused (got {answer})")
    field = answer.header("www-authenticate")
    assert answer.status == HTTPStatus.FORBIDDEN, (
        f"a call beyond the scopes of a token was answered {answer}, not 403"
    )
    errors = [one.parameters.get("error") for one in challenges_of(answer)]
    assert "insufficient_scope" in errors, f"the 403 says nothing of scopes: {field!r}"
    told = set(" ".join(_scopes_in(answer)).split())
    lacking = set(supplied(target.authorization.narrow).needs) - told
    assert not lacking, f"the 403 does not name {', '.join(sorted(lacking))}: {field!r}"
    pointers = pointers_of(answer)
    assert pointers, f"the 403 does not lead to the metadata: {field!r}"
    document = metadata.at(pointers[0])
    metadata.require_answer(document)
    assert "resource" in document.entries, f"the 403 leads to no metadata: {pointers[0]!r}"


@requirement("OAUTH-17", also_needs=BROAD)
def test_a_broader_scope_implies_narrower_ones(target: Target, callers: Callers) -> None:
    """Both calls are those of a token with fewer scopes, one of which that may not make."""
    narrow = supplied(target.authorization.narrow)
    establish(not _refused(target, callers).succeeded, "the call takes scopes at all")
    caller = callers.of("a token with a broader scope", supplied(target.authorization.broad))
    for call in (narrow.allowed, narrow.denied):
        answer = _called(caller, call)
        assert answer.succeeded, f"{call.name} was refused to a token of a broader scope: {answer}"
