"""MCP, continued: callers' URLs lead the server nowhere that only it can go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

from conformance.channels.http.listener import LOOPBACK, hearing
from conformance.channels.http.lists import listed
from conformance.channels.http.offers import Offers, values_in, values_of
from conformance.checks.mcp.arguments import slots_of
from conformance.forge.objects import nobodys_text
from conformance.forge.payloads import DERIVED
from conformance.forge.spelt_addresses import spellings_of
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, NotAssessedError, establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.listener import Listener
    from conformance.channels.http.offers import Place
    from conformance.channels.http.transcript import Transcript
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.listening import FetchingTool
    from conformance.profile.target import Target

LATE_SECONDS = 0.5
"""How long after the last answer a call may still come: some work on after they have answered."""
CONTROL_SECONDS = 10.0
"""How long a call may take that is to come."""
OF_TEXT = ("as it is", "by name", "in IPv6")
"""Spellings that are tried where nothing says that a URL is expected."""
_NAMES = re.compile(
    r"(^|[_-])(ur[il]s?|links?|href|endpoint|webhook|callback|host|website|feed)([_-]|$)"
    r"|(Ur[il]s?|Link|Href|Endpoint|Webhook|Callback|Host|Website|Feed)$",
)
"""Arguments that take a URL, by what they are called."""


@dataclass(frozen=True)
class Door:
    """A place where a caller may name something; ``takes`` says what it is meant for."""

    words: str
    give: Callable[[str], Answer]
    takes: Literal["text", "URLs", "URIs"] = "text"

    def tried(self, spellings: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Yield the spellings of an address that are tried here."""
        for how, host in spellings.items():
            if self.takes == "text" and how not in OF_TEXT:
                continue
            if self.takes == "URIs" and not host.isascii():
                continue  # no URI holds such a letter (RFC 3986 section 2)
            yield how, host


@requirement("MCP-23")
def test_no_url_of_a_callers_is_called(
    wire: Wire, keys: Keys, target: Target, transcript: Transcript
) -> None:
    """URLs of the judge's own listener, wherever the target takes text; it must hear nothing.

    The listener was heard to hear, and each door was seen to answer.
    """
    tenant = keys.b
    doors = list(doors_of(wire, keys, tenant))
    if not doors:
        raise NotApplicableError("the target takes no text that could be a URL")
    address = target.channels.listener.address if target.channels.listener else LOOPBACK
    with hearing(address) as listener:
        listener.require_hearing()
        spellings = spellings_of(address, has_ipv6=listener.has_ipv6)
        named: dict[str, str] = {}
        for door in doors:
            for how, host in door.tried(spellings):
                word = listener.word()
                named[word] = f"{door.words}, given an address of the judge's own {how} ({host})"
                answer = door.give(f"http://{host}:{listener.port}/{word}")
                establish(answer.status, f"{door.words} answers (got {answer})")
            require_silence(listener, named, transcript)
        wait_for(partial(heard_any, listener, named), LATE_SECONDS)
        require_silence(listener, named, transcript)
    transcript.note("What was given a URL", "\n".join(door.words for door in doors))
    named_doors = {door.words for door in doors}
    untried = [one for one in unnamed_doors(wire, tenant) if one not in named_doors]
    if untried:
        raise NotAssessedError(
            f"{untried[0]} takes a URL, and the judge calls no tool that is not named: supply"
            f" {Channel.FETCHING_TOOL.supplied_by}",
            Channel.FETCHING_TOOL,
        )


def heard_any(listener: Listener, words: Iterable[str]) -> bool:
    """Tell whether any of some words was called for."""
    return any(map(listener.heard, words))


def require_silence(listener: Listener, named: dict[str, str], transcript: Transcript) -> None:
    """Fail where the target has called what it was given."""
    for word, what in named.items():
        if (call := listener.heard(word)) is not None:
            transcript.note("What the judge's listener heard", f"{call.line}\n{call.agent}")
            raise AssertionError(f"{what}, had the target call it: {call.line}")


def doors_of(wire: Wire, keys: Keys, tenant: TenantKeys) -> Iterator[Door]:
    """Yield wherever the target takes a text of a tenant's, of the tools the profile's alone."""
    for slot in slots_of(wire, tenant):
        yield Door(str(slot), partial(slot.call, wire, tenant))
    for tool in wire.target.tools.fetching:
        yield Door(f"{tool.name}.{tool.argument}", partial(fetch, wire, tenant, tool), "URLs")
    offers = Offers(wire, keys)
    if offers.listed(tenant, "resources/list") or offers.listed(tenant, "resources/templates/list"):
        yield Door("resources/read", partial(offers.read, tenant), "URIs")
    for place in offers.places():
        yield Door(place.words, partial(offers.use, tenant, place))


def fetch(wire: Wire, tenant: TenantKeys, tool: FetchingTool, url: str) -> Answer:
    """Have a tool fetch a URL."""
    arguments = {**tool.arguments, tool.argument: url}
    return wire.call_tool(tool.name, arguments, key=tenant.active)


def unnamed_doors(wire: Wire, tenant: TenantKeys) -> list[str]:
    """Return arguments that take URLs, of tools that are listed, as their schemas tell."""
    return [
        f"{tool.get('name')}.{name}"
        for tool in listed(wire, "tools/list", tenant.active)
        for name, schema in _properties(tool.get("inputSchema"))
        if takes_urls(name, schema)
    ]


def _properties(schema: Any) -> list[tuple[str, dict[str, Any]]]:
    held: Any = cast("dict[str, Any]", schema).get("properties") if isinstance(schema, dict) else {}
    found = cast("dict[str, Any]", held) if isinstance(held, dict) else {}
    return [(name, one) for name, one in found.items() if isinstance(one, dict)]


def takes_urls(name: str, schema: dict[str, Any]) -> bool:
    """Tell whether an argument of that name and schema is meant for URLs."""
    if schema.get("format") in {"uri", "url", "iri"}:
        return True
    is_text = schema.get("type", "string") == "string" and "enum" not in schema
    return is_text and bool(_NAMES.search(name))


@requirement("MCP-23")
def test_no_value_of_a_template_or_prompt_climbs(wire: Wire, keys: Keys) -> None:
    """Where another text finds what a good value finds, it was resolved: it could climb, too."""
    offers = Offers(wire, keys)
    seen = 0
    for place in offers.places():
        for good in good_values(offers, place, keys.b)[:2]:
            fill_in = partial(offers.use, keys.b, place)
            own = fill_in(good)
            if not own.succeeded or fill_in(nobodys_text(good)).succeeded:
                continue  # it names nothing, or any text does
            seen += 1
            for what, derive in DERIVED.items():
                answer = fill_in(derive(good))
                assert not answer.succeeded, (
                    f"{place.words}: the good value {what} found what that finds: {answer}"
                )
            break
    if not seen:
        raise NotApplicableError("neither a prompt nor a template looks a value up")


def good_values(offers: Offers, place: Place, tenant: TenantKeys) -> list[str]:
    """Return values that a tenant may give: suggested to it, or a part of what it is listed."""
    found = values_of(offers.suggested(tenant, place))
    if place.template:
        uris = offers.uris(tenant)
        found += [values_in(uri, place.template).get(place.argument, "") for uri in uris]
    return [value for value in dict.fromkeys(found) if value and value.isascii()]


@requirement("MCP-23-b")
def test_no_redirect_is_followed_to_where_only_the_server_can_go(
    wire: Wire, keys: Keys, target: Target, transcript: Transcript
) -> None:
    """The target is seen to call where it may; from there it is sent on to where it may not."""
    tenant = keys.b
    known = [tool for tool in target.tools.fetching if tool.origin]
    if not known:
        raise NotAssessedError(
            "supply the profile's [tools.fetching] origin: one of this machine that the target was"
            " told it may fetch from",
            Channel.FETCHING_TOOL,
        )
    for tool in known:
        parts = urlsplit(tool.origin or "")
        host = parts.hostname or ""
        with hearing(host, parts.port or 0) as start, hearing() as end:
            end.require_hearing()
            word = start.word()
            fetch(wire, tenant, tool, f"{tool.origin}/{word}")
            heard = start.heard(word, CONTROL_SECONDS)
            establish(heard, f"{tool.name} fetches from {tool.origin}, as it may")
            named: dict[str, str] = {}
            for how, place in spellings_of(LOOPBACK, has_ipv6=end.has_ipv6).items():
                if host in place:
                    continue  # an operator who lets a host in may mean all its ports
                word, beyond = start.word(), end.word()
                start.sends_on[word] = f"http://{place}:{end.port}/{beyond}"
                named[beyond] = f"{tool.name}, sent on to an address of the judge's own {how}"
                fetch(wire, tenant, tool, f"{tool.origin}/{word}")
                establish(
                    start.heard(word, CONTROL_SECONDS), f"{tool.name} asks whoever sends it on"
                )
            wait_for(partial(heard_any, end, named), LATE_SECONDS)
            require_silence(end, named, transcript)
