"""LOG: what the server writes about itself holds nobody's secret."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from conformance.checks.log._common import fail_calls, require_told, told_since
from conformance.forge.requests import opening
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.profile.tools import detail_argument, failing
from conformance.requirement import requirement
from conformance.text.disguised import shows
from conformance.text.redaction import spellings
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

TOKEN_NAMES = (
    "access_token",
    "refresh_token",
    "client_secret",
    "Authorization",
    "api_key",
    "apiKey",
    "x-admin-token",
)


def leaked(text: str, planted: dict[str, str]) -> list[str]:
    """Return what was planted and stands in a text, in any spelling."""
    return [
        what
        for what, value in planted.items()
        if shows(value, text) or any(form in text for form in spellings(value))
    ]


def canary() -> str:
    """Return a secret that no server has seen before."""
    return secrets.token_urlsafe(24)


ENTRANCES = (
    "a header",
    "the query",
    "the body",
    "an argument",
    "an error",
    "a property",
)
"""Where a caller can put a secret by mistake, or to find it again."""


@requirement("LOG-01")
def test_no_credential_header_reaches_the_log(
    wire: Wire, keys: Keys, log: LogStream, target: Target
) -> None:
    """Refused and accepted requests, with every header that carries a credential, and failures."""
    planted = {
        "Authorization": canary(),
        "Cookie": canary(),
        "Proxy-Authorization": canary(),
        target.headers.admin_token: canary(),
        "X-Forwarded-Access-Token": canary(),
        "X-Auth-Request-Access-Token": canary(),
    }
    request = opening(wire.revision)
    for name, value in planted.items():
        words = {"Cookie": f"session={value}", "Authorization": f"Bearer {value}"}
        request = request.with_header(name, words.get(name, value))
    mark = log.mark()
    wrong = keys.random()
    wire.send(request, key=wrong)
    fail_calls(wire, keys.active)
    last = wire.knock(keys.active)
    establish(last.succeeded, "the key works")
    text, sign = told_since(mark, log, wire, last, keys.active)
    planted |= {"a right key": keys.active, "a wrong key": wrong}
    found = leaked(text, planted)
    assert not found, f"the log holds what was sent as {', '.join(found)}"
    require_told(sign, wire)


@requirement("LOG-01", also_needs=(Channel.ADMIN, Channel.ADMIN_ROUTE))
def test_the_admin_token_never_reaches_the_log(
    wire: Wire, log: LogStream, target: Target, keys: Keys, administrator: Administrator
) -> None:
    """Sent right to each route, about nobody, so that nothing is changed."""
    token = supplied(target.admin).token
    mark = log.mark()
    for call in administrator.without_effect():
        administrator.ask(call, token)
    last = wire.knock(keys.active)
    text, sign = told_since(mark, log, wire, last, keys.active)
    assert not leaked(text, {"the admin token": token}), "the log holds the admin token"
    require_told(sign, wire)


@requirement("LOG-02")
def test_token_shaped_text_is_scrubbed_from_messages_and_causes(
    wire: Wire, keys: Keys, log: LogStream, target: Target
) -> None:
    """The tool raises the message, chained from a cause that says the same."""
    tool = failing(target)
    planted = {"Bearer": canary(), "ya29.": canary(), "EAA": secrets.token_hex(20)}
    message = (
        f"upstream refused Bearer {planted['Bearer']}; then ya29.{planted['ya29.']} "
        f"and EAA{planted['EAA']} were refused, too"
    )
    mark = log.mark()
    answer = wire.call_tool(tool.name, {tool.message_argument: message}, key=keys.active)
    establish(answer.was_a_tool_error, "the tool fails")
    text, sign = told_since(mark, log, wire, answer, keys.active)
    found = leaked(text, planted)
    assert not found, f"the log holds what followed {' and '.join(found)} in the tool's message"
    require_told(sign, wire)


@requirement("LOG-03")
def test_properties_named_like_tokens_are_scrubbed_at_any_depth(
    wire: Wire, keys: Keys, log: LogStream, target: Target
) -> None:
    """The error carries a detail with such names on top, nested, and inside lists."""
    tool = failing(target)
    argument = detail_argument(tool)
    planted = {f"{name} at depth {depth}": canary() for name in TOKEN_NAMES for depth in (1, 4, 8)}
    detail: dict[str, Any] = {"harmless": 1}
    for what, value in planted.items():
        name, _, depth = what.partition(" at depth ")
        node: Any = {name: value}
        for level in range(int(depth) - 1):
            node = [node] if level % 2 else {"inner": node}
        detail[f"case {len(detail)}"] = node
    arguments = {tool.message_argument: "on purpose", argument: detail}
    mark = log.mark()
    answer = wire.call_tool(tool.name, arguments, key=keys.active)
    establish(answer.was_a_tool_error, "the tool fails")
    text, sign = told_since(mark, log, wire, answer, keys.active)
    found = leaked(text, planted)
    assert not found, f"the log holds the values of {', '.join(found)}"
    require_told(sign, wire)


@requirement("LOG-04")
def test_a_secret_in_a_request_stays_out_of_the_log(
    wire: Wire, keys: Keys, log: LogStream, target: Target
) -> None:
    """Clients put keys anywhere by mistake, and a log of requests takes the whole URL for a name.

    Headers and bodies are logged to find faults, so some of the requests are at fault.
    """
    names = ("api_key", "key", "token", "access_token", "code")
    planted = {f"{name} in the query": canary() for name in names}
    query = "&".join(f"{what.split()[0]}={value}" for what, value in planted.items())
    planted |= {place: canary() for place in ("a header", "a malformed body", "an argument")}
    request = opening(wire.revision)
    joint = "&" if "?" in wire.path else "?"
    mark = log.mark()
    for key in (None, keys.active):
        wire.send(request.but(path=f"{wire.path}{joint}{query}"), key=key)
        wire.send(request.with_header("X-Auth-Token", planted["a header"]), key=key)
        wire.send(
            request.but(body=f'{{"password": "{planted["a malformed body"]}"'.encode()), key=key
        )
    if target.tools.ping:
        wire.call_tool(target.tools.ping, {"password": planted["an argument"]}, key=keys.active)
    last = wire.knock(keys.active)
    establish(last.succeeded, "the key works")
    text, sign = told_since(mark, log, wire, last, keys.active)
    found = leaked(text, planted)
    assert not found, f"the log holds what was sent as {', '.join(found)}"
    require_told(sign, wire)


@requirement("LOG-04", also_needs=(Channel.AUDITOR, Channel.FAILING_TOOL))
def test_planted_secrets_turn_up_nowhere(
    wire: Wire, keys: Keys, log: LogStream, auditor: AuditReader, target: Target
) -> None:
    """In through every entrance; then answers, log and the whole database or trail are searched."""
    tool = failing(target)
    planted = {place: canary() for place in ENTRANCES}
    request = opening(wire.revision)
    mark = log.mark()
    query = "&".join(f"{name}={planted['the query']}" for name in ("access_token", "code"))
    tries = (
        request.with_header("Authorization", f"Bearer {planted['a header']}"),
        request.with_header("X-Auth-Token", planted["a header"]),
        request.but(path=f"{wire.path}?{query}"),
        request.but(body=f'{{"password": "{planted["the body"]}"'.encode()),
    )
    answers = [wire.send(each, key=keys.active) for each in tries]
    if target.tools.ping:
        extra = {"password": planted["an argument"]}
        answers.append(wire.call_tool(target.tools.ping, extra, key=keys.active))
    arguments: dict[str, Any] = {tool.message_argument: f"Bearer {planted['an error']}"}
    if tool.detail_argument:
        arguments[tool.detail_argument] = {"client_secret": planted["a property"]}
    last = wire.call_tool(tool.name, arguments, key=keys.active)
    text, sign = told_since(mark, log, wire, last, keys.active)
    dump = auditor.dump()
    establish(keys.a.tenant_id in dump, "the dump holds the tenant's rows")
    told = "\n".join(f"{answer.headers} {answer.text}" for answer in (*answers, last))
    for place, held in (("the log", text), (auditor.whole, dump), ("an answer", told)):
        found = leaked(held, planted)
        assert not found, f"{place} holds what was sent as {', '.join(found)}"
    require_told(sign, wire)
    auditor.require_whole()
