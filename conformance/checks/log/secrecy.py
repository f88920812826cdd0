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
    from collections.abc import Mapping

    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys
    from conformance.forge.requests import Request
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
    "the body",
    "an argument",
    "an error",
    "a property",
)
"""Where a caller can put a secret by mistake, or to find it again, beside the query."""
QUERY_NAMES = ("api_key", "key", "token", "access_token", "code")
"""What keys are called in queries."""


def asked_with(wire: Wire, values: Mapping[str, str]) -> Request:
    """Return the request that opens a conversation, with some more in its query."""
    joint = "&" if "?" in wire.path else "?"
    query = "&".join(f"{name}={value}" for name, value in values.items())
    return opening(wire.revision).but(path=f"{wire.path}{joint}{query}")


def taken_from_a_query(wire: Wire, keys: Keys) -> set[str]:
    """Return the names under which the target takes a key from the query."""
    if wire.knock().executed:
        return set()  # it asks for no key, wherever that were
    return {
        name for name in QUERY_NAMES if wire.send(asked_with(wire, {name: keys.active})).executed
    }


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
    """Headers and bodies are logged to find faults, so some of the requests are at fault.

    A query counts here where the target takes keys from it: there callers are told to put theirs.
    """
    taken = taken_from_a_query(wire, keys)
    planted = {f"{name} in the query": canary() for name in sorted(taken)}
    query = {what.split()[0]: value for what, value in planted.items()}
    planted |= {place: canary() for place in ("a header", "a malformed body", "an argument")}
    request = opening(wire.revision)
    mark = log.mark()
    for key in (None, keys.active):
        if query:
            wire.send(asked_with(wire, query), key=key)
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


@requirement("LOG-04")
def test_a_key_in_a_query_by_mistake_stays_out_of_the_log(
    wire: Wire, keys: Keys, log: LogStream
) -> None:
    """The target takes none there, and so need not know that it is one: a log names whole URLs."""
    names = [name for name in QUERY_NAMES if name not in taken_from_a_query(wire, keys)]
    planted = {name: canary() for name in names}
    mark = log.mark()
    for key in (None, keys.active):
        wire.send(asked_with(wire, planted), key=key)
    last = wire.knock(keys.active)
    establish(last.succeeded, "the key works")
    text, sign = told_since(mark, log, wire, last, keys.active)
    found = leaked(text, planted)
    assert not found, f"the log holds what a caller put into the query as {', '.join(found)}"
    require_told(sign, wire)


@requirement("LOG-04", also_needs=(Channel.AUDITOR,))
def test_a_key_in_a_query_by_mistake_is_not_stored(
    wire: Wire, keys: Keys, auditor: AuditReader
) -> None:
    """A trail is kept for longer than a log, and read by more."""
    planted = {name: canary() for name in ("access_token", "code")}
    answers = [wire.send(asked_with(wire, planted), key=key) for key in (None, keys.active)]
    establish(wire.knock(keys.active).succeeded, "the key works")
    dump = auditor.dump()
    establish(keys.a.tenant_id in dump, "the dump holds the tenant's rows")
    told = "\n".join(f"{answer.headers} {answer.text}" for answer in answers)
    for place, held in ((auditor.whole, dump), ("an answer", told)):
        found = leaked(held, planted)
        assert not found, f"{place} holds what a caller put into the query as {', '.join(found)}"
    auditor.require_whole()


@requirement("LOG-04", also_needs=(Channel.AUDITOR, Channel.FAILING_TOOL))
def test_planted_secrets_turn_up_nowhere(
    wire: Wire, keys: Keys, log: LogStream, auditor: AuditReader, target: Target
) -> None:
    """In through every entrance; then answers, log and the whole database or trail are searched."""
    tool = failing(target)
    planted = {place: canary() for place in ENTRANCES}
    request = opening(wire.revision)
    mark = log.mark()
    tries = (
        request.with_header("Authorization", f"Bearer {planted['a header']}"),
        request.with_header("X-Auth-Token", planted["a header"]),
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
