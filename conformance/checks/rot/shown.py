"""ROT, continued: a key is shown once, by the answer that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.disclosure import repeats
from conformance.forge.guise import in_guise
from conformance.forge.paths import variants
from conformance.forge.requests import LISTED, Request, opening
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.text.redaction import spellings
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.target import Target

TELLING = 8
"""Characters of a key that does not stand in an answer by chance."""
METHODS = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE")


def calls(line: Wire, key: str, target: Target) -> Iterator[tuple[str, Answer]]:
    """Yield what comes of calls, good and bad, each with its name."""
    nothing, tools = in_guise("hallmark-nothing"), target.tools
    for method in (*LISTED, nothing):
        yield method, line.call(method, key=key)
    yield "a call", line.call_ping(key=key)
    yield "an unknown tool", line.call_tool(nothing, {}, key=key)
    yield "an unknown resource", line.call("resources/read", {"uri": "x:///0"}, key=key)
    yield "an unknown prompt", line.call("prompts/get", {"name": nothing}, key=key)
    if tools.ping:
        yield "an argument too many", line.call_tool(tools.ping, {nothing: 0}, key=key)
    if tools.tenant_data:
        yield "a list of data", line.call_tool(tools.tenant_data, {}, key=key)
    if tool := tools.validated:
        yield "a bad argument", line.call_tool(tool.name, tool.bad_arguments, key=key)
    if tool := tools.failing:
        told = {tool.message_argument: "on purpose"}
        yield "a tool that raises", line.call_tool(tool.name, told, key=key)


def requests(line: Wire, key: str, target: Target) -> Iterator[tuple[str, Request]]:
    """Yield requests that are answered in other places than calls are, each with its name."""
    good, path = opening(line.revision), line.path_of(key)
    yield "the opening", good
    yield "malformed JSON", good.but(body=b"{")
    yield "another type", good.with_header("Content-Type", "text/plain")
    yield "an unknown session", good.with_header("Mcp-Session-Id", in_guise("hallmark-nothing"))
    yield "an unknown version", good.with_header("MCP-Protocol-Version", "1999-01-01")
    yield "a foreign origin", good.with_header("Origin", f"https://{in_guise('attacker')}.example")
    for method in METHODS:
        yield method, good.but(method=method)
        yield f"{method} without a body", good.but(method=method, body=None)
    for other in (in_guise("/hallmark-nothing"), "/", target.routes.health or "/"):
        yield f"GET {other}", Request("GET", other)
        yield f"POST {other}", good.but(path=other)
    for other in variants(path):
        yield f"GET {other}", Request("GET", other)
        yield f"POST {other}", good.but(path=other)


@requirement("ROT-05")
def test_no_answer_shows_a_key_that_was_sent(
    wire: Wire, guest: TenantKeys, keys: Keys, target: Target
) -> None:
    """A key goes in with its header alone, so where it comes out the server has put it there.

    Good calls and bad ones, other methods and paths, and keys that are refused: status, headers and
    bodies are written in many places. What an answer shows is the whole key, in some spelling.
    """
    line = wire.derived(may_be_silent=True)
    establish(line.knock(guest.active).succeeded, "the key works")
    establish(len(guest.active) >= TELLING, "the key is too long to stand anywhere by chance")
    shown = [what for what, one in calls(line, guest.active, target) if repeats(one, guest.active)]
    for what, request in requests(line, guest.active, target):
        if repeats(line.send(request, key=guest.active), guest.active):
            shown.append(what)
    refused = {
        "a revoked key": keys.a.tenant.revoked_key,
        "an expired key": keys.a.tenant.expired_key,
    }
    for what, key in refused.items():
        if key and len(key) >= TELLING and repeats(line.knock(key), key):
            shown.append(what)
    assert not shown, f"the key that was sent stands in the answer to {', '.join(shown)}"


@requirement("ROT-05", also_needs=(Channel.ADMIN, Channel.SPARE_TENANT, Channel.KEY_CREATION))
def test_no_answer_to_an_administrator_shows_a_key_again(administrator: Administrator) -> None:
    """After the answer that made it: no other, neither a refusal nor the next key's, holds it.

    The token is looked for, too.
    """
    if administrator.target.routes.revoke_key is None:
        key, key_id = administrator.mint(), None
    else:
        key, key_id = administrator.mint_with_id()
    token = supplied(administrator.target.admin).token
    asked = [*administrator.makings(), *administrator.without_effect()]
    if key_id is not None:
        asked.append(administrator.revocation(key_id))
    answers = [(call, administrator.ask(call, token)) for call in asked]
    made = [call.what for call, answer in answers if administrator.holds_a_key(answer)]
    establish(made, "one more key is made")
    shown = [call.what for call, answer in answers if repeats(answer, key)]
    assert not shown, f"a key made before stands in the answer to {', '.join(shown)}"
    shown = [call.what for call, answer in answers if repeats(answer, token)]
    assert not shown, f"the admin token stands in the answer to {', '.join(shown)}"


@requirement(
    "ROT-05",
    also_needs=(Channel.ADMIN, Channel.SPARE_TENANT, Channel.KEY_CREATION, Channel.LOG),
)
def test_a_minted_key_never_reaches_the_log(
    administrator: Administrator, wire: Wire, log: LogStream, target: Target
) -> None:
    """The key is made and used, and the log searched once it tells of the use."""
    mark = log.mark()
    key = administrator.mint()
    last = wire.knock(key)
    establish(last.succeeded, "the minted key works")
    identity = last.header(target.headers.request_id) or ""
    text = log.until(mark, identity)
    assert not any(form in text for form in spellings(key)), "the log holds the minted key"
    establish(identity and identity in text, "the log tells of the request")


@requirement(
    "ROT-05",
    also_needs=(Channel.ADMIN, Channel.SPARE_TENANT, Channel.KEY_CREATION, Channel.AUDITOR),
)
def test_a_minted_key_stands_in_no_row(
    administrator: Administrator, wire: Wire, auditor: AuditReader
) -> None:
    """The key is made and used, and all that can be read of what is stored is searched."""
    key = administrator.mint()
    establish(wire.knock(key).succeeded, "the minted key works")
    dump = auditor.dump()
    assert not any(form in dump for form in spellings(key)), f"{auditor.whole} holds the minted key"
    auditor.require_whole()
