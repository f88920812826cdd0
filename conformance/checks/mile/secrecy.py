"""MILE: what was delivered comes out nowhere, and is masked where a tool says it."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from conformance.channels.http.lists import listed, takes_nothing
from conformance.checks.mile._common import (
    all_delivered,
    call_with_a_word,
    delivered,
    leaking,
    one_of_each_kind,
    told_by,
)
from conformance.forge.guise import in_guise, own_word
from conformance.forge.requests import LISTED
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.downstream import Downstream
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys
    from conformance.profile.delivery import EchoingTool
    from conformance.profile.target import Target


@requirement("MILE-02")
def test_callers_are_told_no_credential(
    wire: Wire, keys: Keys, target: Target, downstream: Downstream
) -> None:
    """What was asked with the credential is answered, so that an answer could have told it."""
    told = list[str]()
    tools = one_of_each_kind(target)
    for tenant, tool in (*product((keys.a,), tools), (keys.b, tools[0])):
        word, answer = call_with_a_word(wire, tool.name, tool.arguments, tenant)
        told.append(told_by(answer))
        establish(downstream.arrived(word), f"{tool.name} calls the judge's API (got {answer})")
    told += map(told_by, _errors(wire, keys, target))
    told += _offered(wire, keys)
    found = leaking(all_delivered(keys), "\n".join(told))
    assert not found, f"an answer or a list holds {', '.join(found)}"


def _errors(wire: Wire, keys: Keys, target: Target) -> Iterator[Answer]:
    """Yield the answers to calls that the server itself refuses."""
    key = keys.active
    tool = target.tools.downstream[0]
    yield wire.call_tool(tool.name, {}, key=key)
    yield wire.call_tool(tool.name, {**tool.arguments, own_word(): own_word()}, key=key)
    yield wire.call_tool(in_guise("hallmark-nothing"), {}, key=key)


def _offered(wire: Wire, keys: Keys) -> Iterator[str]:
    """Yield what is listed, and the prompts that can be got without arguments."""
    for method in LISTED:
        entries = listed(wire, method, keys.active)
        yield str(entries)
        if method == "prompts/list":
            for prompt in filter(takes_nothing, entries):
                yield told_by(wire.call("prompts/get", {"name": prompt["name"]}, key=keys.active))


@requirement("MILE-02", also_needs=(Channel.LOG,))
def test_no_credential_is_logged(wire: Wire, keys: Keys, target: Target, log: LogStream) -> None:
    """Of calls that succeed, and of such as fail with a text that quotes the credential."""
    mark = log.mark()
    last = _all_calls(wire, keys, target)
    sign = last.header(target.headers.request_id) or ""
    text = log.until(mark, sign) if sign else log.since(mark)
    found = leaking(all_delivered(keys), text)
    assert not found, f"the log holds {', '.join(found)}"
    establish(
        sign and sign in text,
        f"the log tells of the calls: it has no {target.headers.request_id} of the last answer",
    )


@requirement("MILE-02", also_needs=(Channel.AUDITOR,))
def test_no_credential_is_stored(
    wire: Wire, keys: Keys, target: Target, auditor: AuditReader
) -> None:
    """Of the same calls; what holds the tenant's rows could have held its credential."""
    last = _all_calls(wire, keys, target)
    if sign := last.header(target.headers.request_id):
        auditor.settle(sign)
    dump = auditor.dump()
    found = leaking(all_delivered(keys), dump)
    assert not found, f"{auditor.whole} holds {', '.join(found)}"
    establish(keys.a.tenant_id in dump, "the dump holds the tenant's rows")
    auditor.require_whole()


def _all_calls(wire: Wire, keys: Keys, target: Target) -> Answer:
    """Call what calls the judge's API, each tool in both ways; return the last answer."""
    tools = one_of_each_kind(target)
    for tool in tools:
        if tool.refused_arguments is not None:
            call_with_a_word(wire, tool.name, tool.refused_arguments, keys.a)
    _, answer = call_with_a_word(wire, tools[0].name, tools[0].arguments, keys.a)
    establish(answer.succeeded, f"{tools[0].name} can be called (got {answer})")
    return answer


@requirement("MILE-06", also_needs=(Channel.ECHOING_TOOL,))
def test_a_credential_that_a_tool_says_is_masked(wire: Wire, keys: Keys, target: Target) -> None:
    """Each answer holds a word of ours beside the credential, or is an error in its place."""
    pairs = [(tool, form) for tool in target.tools.echoing for form in tool.forms]
    told = _echoed(wire, keys, pairs)
    assert not told, f"a caller was told the credential by {', '.join(told)}"


@requirement("MILE-06", also_needs=(Channel.ECHOING_TOOL,))
def test_an_encoded_credential_is_masked_as_well(wire: Wire, keys: Keys, target: Target) -> None:
    """The encodings are usual ones, which nobody needs a key to undo."""
    pairs = [(tool, form) for tool in target.tools.echoing for form in tool.encoded]
    if not pairs:
        raise NotAssessedError(
            "no tool of [[tools.echoing]] has encoded forms: name some", Channel.ECHOING_TOOL
        )
    told = _echoed(wire, keys, pairs)
    assert not told, f"a caller was told the credential, encoded, by {', '.join(told)}"


def _echoed(wire: Wire, keys: Keys, pairs: list[tuple[EchoingTool, str]]) -> list[str]:
    """Return the tools and forms by which a credential came out.

    Raises NotEstablishedError where nothing of what a tool says comes out at all.
    """
    told, shown = list[str](), 0
    for tool, form in pairs:
        own = delivered(keys.a).get(tool.credential)
        establish(own, f"tenants.a.credentials has {tool.credential}")
        word, answer = call_with_a_word(wire, tool.name, tool.arguments, keys.a, form=form)
        said = told_by(answer)
        establish(answer.result, f"{tool.name} answers (got {answer})")
        establish(
            word in said or answer.was_a_tool_error,
            f"{tool.name} answers with the word that it was given (got {answer})",
        )
        shown += word in said
        if leaking({tool.credential: own or ""}, said):
            told.append(f"{tool.name}, in the form {form}")
    establish(told or shown or _is_heard(wire, keys), "something of what a tool says is answered")
    return told


def _is_heard(wire: Wire, keys: Keys) -> bool:
    """Tell whether a tool that says no credential is heard, where all that did were withheld."""
    for tool in wire.target.tools.downstream[:1]:
        word, answer = call_with_a_word(wire, tool.name, tool.arguments, keys.a)
        return word in told_by(answer)
    return False


@requirement("MILE-06", also_needs=(Channel.DOWNSTREAM, Channel.DOWNSTREAM_TOOL))
def test_a_credential_that_another_service_quotes_is_masked(
    wire: Wire, keys: Keys, target: Target, downstream: Downstream
) -> None:
    """The judge's API refuses the call in a text that quotes what it was shown."""
    tools = [one for one in one_of_each_kind(target) if one.refused_arguments is not None]
    if not tools:
        raise NotAssessedError(
            "no tool of [[tools.downstream]] has refused_arguments: name some",
            Channel.DOWNSTREAM_TOOL,
        )
    for tool in tools:
        refused = tool.refused_arguments or {}
        word, answer = call_with_a_word(wire, tool.name, refused, keys.a)
        arrived = downstream.arrived(word)
        establish(arrived, f"{tool.name} calls the judge's API (got {answer})")
        found = leaking(all_delivered(keys), told_by(answer))
        assert not found, f"the error of {tool.name} holds {', '.join(found)}"
