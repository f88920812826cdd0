"""MCP: the protocol's own rules where they carry security."""

from __future__ import annotations

import json
import re
import secrets
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from conformance.analysis.alike import difference
from conformance.channels.http.answer import METHOD_NOT_FOUND
from conformance.channels.http.disclosure import repeats
from conformance.channels.http.results import field_of, is_tenant, name_of
from conformance.checks.mcp._common import a_session_revision, eras, opened, spoken
from conformance.forge.guise import in_guise
from conformance.forge.requests import SESSION_REVISIONS, STATELESS, opening, rpc
from conformance.forge.sessions import nobodys_session
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.profile.sections import ValidatedTool
    from conformance.profile.target import Target

INVALID_PARAMS = -32602
PARSE_ERROR = -32700


@requirement("MCP-01")
def test_a_valid_key_opens_a_conversation_in_every_revision(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """Each revision that the server names must be spoken."""
    named = set(spoken(discovery))
    for revision in spoken(discovery):
        answer = wire.derived(revision=revision).knock(keys.active)
        assert answer.status == HTTPStatus.OK, f"{revision}: the opening was answered {answer}"
        versions: Any = answer.result.get("supportedVersions")
        if isinstance(versions, list):
            named |= {one for one in cast("list[Any]", versions) if isinstance(one, str)}
    for revision in sorted(named & {*SESSION_REVISIONS, STATELESS}):
        answer = wire.derived(revision=revision).knock(keys.active)
        assert answer.succeeded, f"{revision} is offered, and was answered {answer}"
        if revision != STATELESS:
            told = answer.result.get("protocolVersion")
            assert told == revision, f"{revision} is offered, and {told!r} was spoken: {answer}"


@requirement("MCP-01")
def test_the_server_introduces_itself(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """Who opens a conversation is told with whom, in each revision."""
    for revision in spoken(discovery):
        answer = wire.derived(revision=revision).knock(keys.active)
        establish(answer.succeeded, f"{revision} is spoken (got {answer})")
        info = _server_info(answer)
        assert info.get("name"), f"{revision}: the server does not tell its name: {answer}"
        assert info.get("version"), f"{revision}: the server does not tell its version: {answer}"


TRACES = {
    "a stack of Python": re.compile(r'Traceback \(|File \\*"[^"]+\.py|site-packages'),
    "a stack of JavaScript": re.compile(
        r"\bat .{0,200}(?:\.[cm]?[jt]sx?|node:[\w/]+|<anonymous>):\d+:\d+|node_modules"
    ),
    "a stack of Java": re.compile(r"\bat [\w.$]+\([\w$]+\.(java|kt|scala):\d+\)"),
    "a stack of Go": re.compile(r"goroutine \d+ \[|\.go:\d+\b"),
    "a stack of .NET": re.compile(r"\bat .{0,200} in .{1,200}\.cs:line \d+"),
    "a stack of PHP": re.compile(r"\.php(\(\d+\)|:\d+)|#\d+ .{0,200}\.php"),
    "a stack of Ruby": re.compile(r"\.rb:\d+:in\b"),
    "a stack of Rust": re.compile(r"panicked at|\.rs:\d+:\d+"),
    "a message of a database": re.compile(
        r'\b(?:relation|column|constraint) \\*"[^"\\]+\\*" (?:does not exist|of relation)'
        r"|violates [a-z-]+ constraint|syntax error at or near|\bSQLSTATE\b"
        r"|You have an error in your SQL syntax|\bORA-\d{5}\b|\bno such (?:table|column): "
        r"|(?:UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed"
    ),
}
"""What tells of the inside in whatever language a server is written."""


@requirement("MCP-02")
def test_ping_tells_the_caller_its_own_tenant(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """Twice in each revision: a tenant remembered from an earlier request would show."""
    for revision in spoken(discovery):
        line = wire.derived(revision=revision)
        for tenant in (keys.a, keys.b, keys.a):
            answer = line.call_ping(key=tenant.active)
            establish(answer.succeeded, f"{revision}: each tenant may call the tool (got {answer})")
            named = field_of(answer, target, "tenant")
            assert is_tenant(answer, target, tenant.tenant_id), (
                f"{revision}: tenant {tenant.tenant_id} was told that it is {named!r}"
            )
            if target.fields.results.ok:
                is_well = field_of(answer, target, "ok")
                assert is_well is True, (
                    f"{revision}: {name_of(target, 'ok')} is {is_well!r}, and not true, in {answer}"
                )


@requirement("MCP-02", also_needs=(Channel.REQUEST_ID,), unless="fields.results.request_id")
def test_ping_tells_the_caller_its_own_request(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """Twice in each revision: an id remembered from an earlier request would show."""
    for revision in spoken(discovery):
        line = wire.derived(revision=revision)
        for tenant in (keys.a, keys.b, keys.a):
            answer = line.call_ping(key=tenant.active)
            establish(answer.succeeded, f"{revision}: each tenant may call the tool (got {answer})")
            identity, name = field_of(answer, target, "request_id"), name_of(target, "request_id")
            assert identity, f"{revision}: the answer tells no {name}: {answer}"
            assert identity == answer.header(target.headers.request_id), (
                f"{revision}: {name} is {identity!r}, "
                f"{target.headers.request_id} is {answer.header(target.headers.request_id)!r}"
            )


def names_an_argument(answer: Answer, tool: ValidatedTool) -> bool:
    """Tell whether an error says which argument it is about."""
    words = answer.tool_text + str(answer.error)
    return any(name in words for name in {*tool.arguments, *tool.bad_arguments})


def required_by(listed: Answer, tool: str) -> frozenset[str]:
    """Return the arguments that a tool requires by its own schema; none if that is silent."""
    tools: Any = listed.result.get("tools")
    for entry in cast("list[Any]", tools) if isinstance(tools, list) else []:
        if _member(entry, "name") == tool:
            names = _member(_member(entry, "inputSchema"), "required")
            return frozenset(map(str, cast("list[Any]", names) if isinstance(names, list) else []))
    return frozenset()


def _member(value: Any, name: str) -> Any:
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None


@requirement("MCP-03")
def test_a_bad_argument_is_a_clear_error(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """The good arguments work; each bad set differs from them in one way."""
    tool = supplied(target.tools.validated)
    establish(tool.enumerated, "the profile's bad_arguments differ from its arguments")
    enumerated = {name: tool.arguments[name] for name in tool.enumerated & tool.arguments.keys()}
    bad: list[dict[str, Any]] = [tool.bad_arguments]
    bad += [
        {**tool.arguments, name: 7} for name, value in enumerated.items() if isinstance(value, str)
    ]
    bad += [{**tool.arguments, name: {"one": value}} for name, value in enumerated.items()]
    for revision in eras(discovery):
        line = wire.derived(revision=revision)
        good = line.call_tool(tool.name, tool.arguments, key=keys.b.active)
        establish(good.succeeded, f"the tool works with good arguments (got {good})")
        for arguments in bad:
            answer = line.call_tool(tool.name, arguments, key=keys.b.active)
            assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR, (
                f"{revision}: {arguments} was answered {answer}"
            )
            assert answer.was_a_tool_error, f"{revision}: {arguments} was accepted: {answer}"
            assert names_an_argument(answer, tool), (
                f"{revision}: the error for {arguments} names none of the tool's "
                f"arguments: {answer}"
            )


@requirement("MCP-03")
def test_a_missing_argument_is_a_clear_error_unless_it_is_optional(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """The tool's own schema says which arguments are required, and so may not be missing."""
    tool = supplied(target.tools.validated)
    for revision in eras(discovery):
        line = wire.derived(revision=revision)
        good = line.call_tool(tool.name, tool.arguments, key=keys.b.active)
        establish(good.succeeded, f"the tool works with good arguments (got {good})")
        required = required_by(line.call("tools/list", key=keys.b.active), tool.name)
        for name in sorted(tool.enumerated & tool.arguments.keys()):
            left = {kept: value for kept, value in tool.arguments.items() if kept != name}
            answer = line.call_tool(tool.name, left, key=keys.b.active)
            assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR, (
                f"{revision}: a call without {name} was answered {answer}"
            )
            if answer.succeeded:
                assert name not in required, f"{revision}: {name} was not missed: {answer}"
            else:
                assert answer.was_a_tool_error, f"{revision}: without {name}: {answer}"
                assert names_an_argument(answer, tool), (
                    f"{revision}: the error for a call without {name} names none of the tool's "
                    f"arguments: {answer}"
                )


@requirement("MCP-04")
def test_unknown_tools_and_methods_get_the_specified_error(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """JSON-RPC has a code for each; a success, or a 5xx, would be neither."""
    for revision in eras(discovery):
        line = wire.derived(revision=revision)
        listed = line.call(line.listing, key=keys.b.active)
        establish(listed.succeeded, f"{line.listing} works (got {listed})")
        tool = line.call_tool(
            in_guise(f"no_such_tool_{secrets.token_hex(4)}"), {}, key=keys.b.active
        )
        assert tool.was_a_tool_error, f"{revision}: a tool that is not there was answered {tool}"
        assert tool.error.get("code") in (None, INVALID_PARAMS, METHOD_NOT_FOUND), (
            f"{revision}: an unknown tool got the code {tool.error.get('code')!r}: {tool}"
        )
        method = line.call(in_guise("hallmark/no_such_method"), key=keys.b.active)
        code = method.error.get("code")
        assert code == METHOD_NOT_FOUND, (
            f"{revision}: a method that is not there got the code {code!r}: {method}"
        )
        assert tool.status < HTTPStatus.INTERNAL_SERVER_ERROR, (
            f"{revision}: an unknown tool was answered {tool}"
        )
        assert method.status < HTTPStatus.INTERNAL_SERVER_ERROR, (
            f"{revision}: an unknown method was answered {method}"
        )


@requirement("MCP-04")
def test_malformed_requests_are_refused(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """Each request is the good one spoilt in one way, and each spoilt one is the caller's fault."""
    for revision in eras(discovery):
        line = wire.derived(revision=revision)
        good = opening(revision)
        establish(line.send(good, key=keys.b.active).succeeded, f"{revision}: the good one works")
        spoilt = {
            "truncated JSON": good.but(body=b'{"jsonrpc": "2.0", "id": 1, "method": '),
            "not JSON": good.but(body=b"hello"),
            "empty": good.but(body=b""),
            "another Content-Type": good.with_header("Content-Type", "text/plain"),
        }
        for what, request in spoilt.items():
            answer = line.send(request, key=keys.b.active)
            assert 400 <= answer.status < 500, f"{revision}: {what} was answered {answer}"
            # A server may open the session before it reads: the caller is a known one.
            assert "result" not in answer.message, f"{revision}: {what} got a result: {answer}"
        broken = line.send(spoilt["truncated JSON"], key=keys.b.active)
        assert broken.error.get("code") in (None, PARSE_ERROR), (
            f"{revision}: truncated JSON got the code {broken.error.get('code')!r}: {broken}"
        )


@requirement("MCP-04")
def test_another_accept_is_refused_or_disregarded(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """RFC 9110 section 12.5.1 leaves a server these two: 406, or as if nothing had been asked."""
    for revision in eras(discovery):
        line = wire.derived(revision=revision)
        good = opening(revision)
        establish(line.send(good, key=keys.b.active).succeeded, f"{revision}: the good one works")
        answer = line.send(good.with_header("Accept", "image/png"), key=keys.b.active)
        is_refused = 400 <= answer.status < 500 and "result" not in answer.message
        assert is_refused or answer.succeeded, (
            f"{revision}: who accepts image/png alone was answered {answer}"
        )


@requirement("MCP-05")
def test_a_throwing_tool_tells_nothing_of_the_inside(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """The tool raises what a driver or an SDK would; none of its words may come out."""
    tool = target.tools.failing
    if tool is None:
        raise LookupError("the profile has no [tools.failing]")
    inside = {
        "SQL": in_guise(f"select_from_vault_{secrets.token_hex(4)}"),
        "path": in_guise(f"/srv/app/{secrets.token_hex(4)}/secrets.py"),
        "token": f"ya29.{secrets.token_urlsafe(16)}",
        "host": in_guise(f"db-{secrets.token_hex(4)}.internal"),
    }
    message = (
        f"{inside['SQL']} failed at {inside['host']} in {inside['path']}: Bearer {inside['token']}"
    )
    for revision in eras(discovery):
        line = wire.derived(revision=revision)
        answer = line.call_tool(tool.name, {tool.message_argument: message}, key=keys.b.active)
        establish(answer.was_a_tool_error, f"the tool fails (got {answer})")
        assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR, (
            f"{revision}: a call of a tool that raises was answered {answer}"
        )
        told = [what for what, text in inside.items() if text in answer.text]
        told += ["the caller's key"] if repeats(answer, keys.b.active) else []
        told += [what for what, trace in TRACES.items() if trace.search(answer.text)]
        assert not told, f"{revision}: the answer tells {', '.join(told)} of the error: {answer}"


@requirement("MCP-07")
def test_a_session_of_another_tenant_is_answered_like_an_unknown_one(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """Its owner can use the session; to anybody else it must not even exist."""
    revision = a_session_revision(discovery)
    line = wire.derived(revision=revision)
    session, another = opened(line, keys.a.active), opened(line, keys.a.active)
    unknown = nobodys_session([session, another])

    def use(identity: str, key: str = keys.b.active) -> Answer:
        request = rpc(line.listing, revision=revision, session=identity)
        return line.send(request, key=key).without(identity, json.dumps(identity)[1:-1])

    establish(use(session, keys.a.active).succeeded, "tenant A can use its session")
    foreign = use(session)
    assert not foreign.succeeded, f"tenant B used a session of tenant A: {foreign}"
    told = difference(partial(use, session), partial(use, unknown))
    assert not told, f"another tenant's session is told apart from an unknown one: {told}"


@requirement("MCP-10")
def test_a_foreign_origin_is_refused(wire: Wire, good_case: GoodCase, target: Target) -> None:
    """A page of another site, made to resolve to this server, sends just this header."""
    key = target.tenants.a.key if target.tenants else None
    probe = opening(wire.revision)
    host = f"{in_guise('attacker')}.example"
    for origin in (f"https://{host}", "null", f"http://127.0.0.1.{host}"):
        answer = wire.send(probe.with_header("Origin", origin), key=key)
        assert not answer.executed, f"a request with Origin {origin} was let in: {answer}"
        assert 400 <= answer.status < 500, f"the Origin {origin} was answered {answer}"
    good_case.conclude()


@requirement("MCP-10")
def test_a_foreign_host_is_refused(wire: Wire, good_case: GoodCase, target: Target) -> None:
    """After a rebinding the browser names the attacker's host and connects to this server."""
    key = target.tenants.a.key if target.tenants else None
    host = f"{in_guise('attacker')}.example"
    answer = wire.send(opening(wire.revision).with_header("Host", host), key=key)
    assert not answer.executed, f"a request with the Host {host} was let in: {answer}"
    good_case.conclude()


def _server_info(answer: Answer) -> dict[str, Any]:
    meta: Any = answer.result.get("_meta")
    found: Any = answer.result.get("serverInfo")
    if not isinstance(found, dict) and isinstance(meta, dict):
        found = cast("dict[str, Any]", meta).get("io.modelcontextprotocol/serverInfo")
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
