"""MCP, continued: sessions, versions, excess, and one id through everything."""

from __future__ import annotations

import json
import re
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from conformance.analysis.fuzz import messages, run_fuzz
from conformance.analysis.session_ids import random_bits
from conformance.channels.http.answer import DONE, NOTHING_THERE, Transport
from conformance.channels.http.results import field_of
from conformance.channels.log import FLUSH_SECONDS, PATTERN, require_names
from conformance.channels.trail.finding import request_id
from conformance.checks.mcp._common import a_session_revision, opened, spoken
from conformance.forge.guise import own_word
from conformance.forge.requests import STATELESS, opening, rpc
from conformance.forge.sessions import nobodys_session
from conformance.model import Channel
from conformance.profile.events import Event
from conformance.profile.fields import found_at
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.channels.source import Mark
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.forge.requests import Request
    from conformance.profile.fields import LogFields
    from conformance.profile.target import Target

OPENED = 12
ID_BITS = 100
"""Fewer than 128, because the estimate from few ids is itself uncertain."""
NOT_FOUND = HTTPStatus.NOT_FOUND
FIRST_WITH_VERSIONS = "2025-06-18"
"""The revision that brought the header."""


def used(line: Wire, session: str) -> Request:
    """Return a harmless request in a session."""
    return rpc(line.listing, revision=line.revision, session=session)


@requirement("MCP-06")
def test_session_ids_are_unguessable(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """Twelve ids: what is fixed, counted or short in them shows side by side."""
    line = wire.derived(revision=a_session_revision(discovery))
    ids = [opened(line, keys.b.active) for _ in range(OPENED)]
    assert len(set(ids)) == OPENED, "a session id was used twice"
    assert all(re.fullmatch(r"[\x21-\x7e]+", identity) for identity in ids), (
        "a session id is empty or holds more than visible ASCII: "
        f"{sorted({letter for letter in ''.join(ids) if not '!' <= letter <= '~'})}"
    )
    least, most = random_bits(ids)
    assert most >= ID_BITS, f"about {most:.0f} bits vary: {ids[0]}, {ids[1]}"
    establish(least >= ID_BITS, f"what varies in ids of many lengths is random: {ids[0]}, {ids[1]}")


@requirement("MCP-06")
def test_no_client_chooses_its_sessions_id(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """Whoever gets somebody else to use an id that he made need not guess one.

    An id may be refused at the opening, or disregarded: the session then has another. Where an
    unknown id does as well without an opening, nothing is fixed by one.
    """
    line = wire.derived(revision=a_session_revision(discovery))
    known = [opened(line, keys.b.active) for _ in range(2)]
    for chosen in (nobodys_session(known), own_word()):
        unknown = line.send(used(line, chosen), key=keys.b.active)
        begun = line.send(
            opening(line.revision).with_header("Mcp-Session-Id", chosen), key=keys.b.active
        )
        is_fixed = begun.succeeded and begun.header("mcp-session-id") == chosen
        assert not is_fixed, (
            f"a session was opened under an id that its client had chosen, {chosen}: {begun}"
        )
        after = line.send(used(line, chosen), key=keys.b.active)
        assert unknown.succeeded or not after.succeeded, (
            f"after an opening with it, an id that the client had chosen is a session: {after}"
        )


@requirement("MCP-08")
def test_a_session_id_without_a_key_opens_nothing(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """The session is alive, as its owner shows; without the key its id is worth nothing.

    A server need have neither a stream nor a way to end a session, and may say so to anybody. What
    it answers to the same key where there is no session may be wrong, and opens nothing either.
    """
    line = wire.derived(revision=a_session_revision(discovery))
    session = opened(line, keys.active)
    request = used(line, session)
    establish(line.send(request, key=keys.active).succeeded, "its owner can use the session")
    for key in (None, keys.random()):
        for method in ("POST", "GET", "DELETE"):
            answer = line.send(request.but(method=method), key=key)
            is_lacking = method != "POST" and answer.status in NOTHING_THERE
            is_refused = answer.status == HTTPStatus.UNAUTHORIZED or is_refusal_of(
                line, key, answer
            )
            assert is_lacking or is_refused, f"{method}: {answer}"
            assert not answer.result, f"{method}: a refusal holds a result: {answer}"
    establish(line.send(request, key=keys.active).succeeded, "its owner can still use it")


def is_refusal_of(line: Wire, key: str | None, answer: Answer) -> bool:
    """Tell whether this is how a caller is refused where no session is named."""
    return answer.status >= HTTPStatus.BAD_REQUEST and (
        line.send(opening(line.revision), key=key).status == answer.status
    )


@requirement("MCP-09")
def test_unknown_and_ended_sessions_are_gone(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """The owner ends the session with DELETE; afterwards it is as unknown as an invented one."""
    line = wire.derived(revision=a_session_revision(discovery))
    session, another = opened(line, keys.active), opened(line, keys.active)
    request = used(line, session)
    establish(line.send(request, key=keys.active).succeeded, "its owner can use the session")
    unknown = line.send(used(line, nobodys_session([session, another])), key=keys.active)
    assert unknown.status == NOT_FOUND, f"an unknown session was answered {unknown}"
    ended = line.send(request.but(method="DELETE", body=None), key=keys.active)
    if ended.status == HTTPStatus.METHOD_NOT_ALLOWED:
        raise NotAssessedError("the target does not let clients end sessions, as it may")
    assert ended.status in DONE, f"the owner's DELETE of its session was answered {ended}"
    after = line.send(request, key=keys.active)
    assert after.status == NOT_FOUND, f"a request in an ended session was answered {after}"


@requirement("MCP-11")
def test_an_unsupported_protocol_version_is_refused(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """Each request works under its own version; only the header's value differs.

    Each value is tried in a session of its own: a server may end one in which it was asked amiss.
    """
    judged = [revision for revision in spoken(discovery) if revision >= FIRST_WITH_VERSIONS]
    if not judged:
        raise NotAssessedError(f"the header is of {FIRST_WITH_VERSIONS} and later revisions")
    for revision in judged:
        line = wire.derived(revision=revision)
        for version in ("1999-01-01", "latest"):
            if revision == STATELESS:
                request = opening(revision)
            else:
                _, session = line.open_session(keys.b.active)  # a server need not have any
                request = rpc(line.listing, revision=revision, session=session)
            good = line.send(request, key=keys.b.active)
            establish(good.succeeded, f"{revision}: the request works (got {good})")
            changed = request.with_header("MCP-Protocol-Version", version)
            answer = line.send(changed, key=keys.b.active)
            assert answer.status == HTTPStatus.BAD_REQUEST, f"{revision}, {version}: {answer}"
            assert not answer.result, f"{revision}, {version}: a refusal holds a result: {answer}"


def excessive(request: Request) -> dict[str, Request]:
    """Return a good request blown up in one way each."""
    message = request.body or b"{}"
    deep = b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":' + b"[" * 100_000
    return {
        "16 MiB": request.but(body=message[:-1] + b',"pad":"' + b"x" * (16 << 20) + b'"}'),
        "100,000 levels": request.but(body=deep + b"]" * 100_000 + b"}}"),
        "100,000 levels, cut off": request.but(body=deep),
        "a batch of 50,000": request.but(body=b"[" + b",".join([message] * 50_000) + b"]"),
        "a number of 100,000 digits": request.but(
            body=b'{"jsonrpc":"2.0","id":' + b"9" * 100_000 + b',"method":"tools/list"}'
        ),
    }


HARMLESS = frozenset({"100,000 levels", "a number of 100,000 digits"})
"""What costs a server nothing that reads it without recursion, or as a floating-point number."""

LONG = frozenset({"16 MiB", "a batch of 50,000"})
"""What a server may hang up on before it has read it all."""


@requirement("MCP-12")
def test_excess_is_refused_and_survived(
    wire: Wire, guest: TenantKeys, discovery: Discovery
) -> None:
    """Each is refused in bounded time, by HTTP or JSON-RPC, and the good request works afterwards.

    What is deep and whole may as well be read, and so may a long number: who bears it has nothing
    to refuse. Who reads no further than it must hangs up on what is long.
    """
    for revision in (spoken(discovery)[0], spoken(discovery)[-1]):
        line = wire.derived(revision=revision)
        good = opening(revision)
        establish(line.send(good, key=guest.active).succeeded, "the good request works")
        hasty = wire.derived(revision=revision, may_be_silent=True)
        for what, request in excessive(good).items():
            answer = (hasty if what in LONG else line).send(request, key=guest.active)
            is_told = answer.status == HTTPStatus.OK and (bool(answer.error) or what in HARMLESS)
            is_cut_off = what in LONG and answer.transport is Transport.RESET
            is_refused = is_cut_off or 400 <= answer.status < 500
            assert is_told or is_refused, f"{revision}: {what}: {answer}"
            after = line.send(good, key=guest.active)
            assert after.succeeded, f"after {what} a good request was answered {after}"


@requirement("MCP-14", also_needs=(Channel.TOOL_CALLED_EVENT,))
def test_one_request_id_runs_through_everything(
    wire: Wire, keys: Keys, auditor: AuditReader, log: LogStream, target: Target
) -> None:
    """The id in the response is what the handler saw, what the trail has, and what the log has."""
    mark = log.mark()
    answer = wire.call_ping(key=keys.active)
    establish(answer.succeeded, "the tool works")
    identity = request_id(answer, target)
    seen = field_of(answer, target, "request_id")
    assert seen == identity, f"the handler saw request id {seen!r}, the answer carries {identity!r}"
    rows = auditor.of(Event.TOOL_CALLED, request_id=identity)
    assert rows, "no audit row has the request's id"
    # Another program's line, as of a proxy before it, may come first, and in a form of its own.
    names = log.names
    wait_for(
        lambda: identity in named_in(logged(log, mark, identity), names), FLUSH_SECONDS, log.pause
    )
    assert identity in log.since(mark), "no log line has the request's id"
    if names.place("request_id") is None:
        what = "says that there is none" if not names.pattern else f"has no such group: {PATTERN}"
        raise NotAssessedError(f"which request a log line is of, the profile {what}")
    lines = logged(log, mark, identity)
    establish(lines, f"a log line with the request's id is a JSON object, or read by {PATTERN}")
    require_names(lines, names, "request_id", identity)
    found = named_in(lines, names)
    assert identity in found, (
        f"a log line with request id {identity} has {found[0]!r} as {names.request_id}"
    )


def logged(log: LogStream, mark: Mark, identity: str) -> list[dict[str, Any]]:
    """Return the lines that hold an id and can be read."""
    lines = [line for line in log.since(mark).splitlines() if identity in line]
    return [entry for entry in log.entries(lines) if entry is not None]


def named_in(lines: list[dict[str, Any]], names: LogFields) -> list[Any]:
    """Return the ids of requests that some lines tell."""
    return [found_at(line, names.place("request_id") or "") for line in lines]


@requirement("MCP-14")
def test_a_callers_own_request_id_is_not_taken(wire: Wire, keys: Keys, target: Target) -> None:
    """Whoever chooses ids can point at other people's rows."""
    claimed = "00000000-0000-4000-8000-000000000001"
    request = opening(wire.revision).with_header(target.headers.request_id, claimed)
    answer = wire.send(request, key=keys.active)
    establish(answer.succeeded, "the request works")
    assert request_id(answer, target) != claimed, (
        f"the answer carries {claimed}, the id that the caller had sent"
    )


@requirement("MCP-16")
def test_no_generated_message_breaks_the_server(
    wire: Wire, guest: TenantKeys, auditor: AuditReader, target: Target
) -> None:
    """Hypothesis makes JSON-RPC that is nearly right; each is answered, below 500, and audited."""
    identities: list[str] = []

    def send(message: Any) -> str:
        request = opening(wire.revision).but(body=json.dumps(message).encode())
        answer = wire.send(request, key=guest.active)
        if not 200 <= answer.status < 500:
            return f"{answer} to {json.dumps(message)[:200]}"
        identities.append(request_id(answer, target))
        return ""

    broken = run_fuzz(messages(), send)
    assert not broken, f"a generated message went wrong: {broken}"
    sent = set(identities)
    found = auditor.wait_for_rows(
        lambda row: row.request_id in sent and auditor.is_one(row, Event.AUTH_SUCCESS),
        count=len(sent),
    )
    rows = Counter(row.request_id for row in found)
    left = sent - rows.keys()
    auditor.require_known(
        [row for row in auditor.rows() if row.request_id in left], Event.AUTH_SUCCESS
    )
    unaudited = [identity for identity in identities if rows[identity] != 1]
    assert not unaudited, (
        f"{len(unaudited)} of {len(identities)} requests have no row or several, as {unaudited[:3]}"
    )
