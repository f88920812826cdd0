"""MCP: one legal call delays no other caller, whatever its size and content."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from conformance.analysis.delays import another_caller
from conformance.channels.http.calling import calling
from conformance.forge.heavy import nested, structures, texts
from conformance.forge.requests import STATELESS, rpc
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import NotEstablishedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.forge.keys import TenantKeys
    from conformance.forge.requests import Request
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

SIZES = (4_000_000, 1_000_000, 250_000, 60_000)
"""Bytes of a message, the most first: one that is refused as too long is no legal call."""
DEEP = 500
SECONDS = 20.0
"""How long one call may take, which holds nobody else up."""
MOST_SUSPECTS = 3


@requirement("MCP-30")
def test_one_legal_call_delays_no_other_caller(
    wire: Wire,
    addresses: AddressPool,
    target: Target,
    guest: TenantKeys,
    passage: Passage,
    discovery: Discovery,
) -> None:
    """One call at a time, as long as the target takes one, of another tenant and address.

    What was under way when somebody waited is tried again by itself, by turns with quiet.
    """
    key = supplied(target.tenants).a.key
    if target.has(Channel.CLOCK):
        passage.of_windows(target.limits)
    establish(discovery.eras, "the target speaks a known protocol revision with the key")
    line = wire.derived(address=addresses.fresh(), seconds=SECONDS, revision=discovery.eras[-1])
    forge = _Forge(line, target, guest.active)
    size = forge.longest()
    requests = dict(forge.requests(size))
    neighbour = another_caller(wire, addresses, key)
    suspects = neighbour.suspects(lambda: calling(line, requests, guest.active, SECONDS))
    for what in sorted(suspects)[:MOST_SUSPECTS]:
        one = {what: requests[what]}
        lone = line.derived(address=addresses.fresh())
        hurt = neighbour.is_hurt_by(
            lambda lone=lone, one=one: calling(lone, one, guest.active, SECONDS), is_brief=True
        )
        assert hurt is None, f"beside one call of {size} bytes ({what}), {hurt}"


class _Forge:
    """Makes the calls, before any is timed: what builds a message would be slow beside it."""

    def __init__(self, line: Wire, target: Target, key: str) -> None:
        self._line, self._key = line, key
        self._tools = target.tools
        self._session: str | None = None
        if line.revision != STATELESS:
            opened, self._session = line.open_session(key)
            establish(opened.succeeded, f"a session can be opened (got {opened})")
        self._number = 10

    def longest(self) -> int:
        """Return the longest message that the target takes, of a few sizes."""
        for size in SIZES:
            request = self._with_text("a" * (size - 1000))
            if self._line.send(request, key=self._key).status == HTTPStatus.OK:
                return size - 1000
        raise NotEstablishedError(
            f"could not establish that the target takes a message of {SIZES[-1]} bytes"
        )

    def requests(self, size: int) -> Iterator[tuple[str, Request]]:
        """Yield calls of about a size, by where it stands in them and what it is made of."""
        for words, text in texts(size):
            yield f"a text of {words}", self._with_text(text)
        for what, text in list(texts(size))[:2] if self._session else ():
            yield f"a tool's name of {what}", self._call(text, {})
            yield f"a method of {what}", self._request(text, {})
        for what, value in structures(size):
            yield what, self._with_structure(value)
            if isinstance(value, dict):
                yield f"{what}, of a call", self._unknown(cast("dict[str, Any]", value))
        yield "lists in lists", self._with_structure(nested(DEEP))

    def _with_text(self, text: str) -> Request:
        failing = self._tools.failing
        if failing is not None:
            return self._call(failing.name, {failing.message_argument: text})
        return self._unknown({"text": text})

    def _with_structure(self, value: Any) -> Request:
        failing = self._tools.failing
        if failing is not None and failing.detail_argument is not None:
            message = {failing.message_argument: "one"}
            return self._call(failing.name, {**message, failing.detail_argument: {"a": value}})
        return self._unknown({"a": value})

    def _unknown(self, arguments: dict[str, Any]) -> Request:
        """Return a call with arguments that need not be any tool's, or a list's request."""
        tool = self._tools.ping or self._tools.tenant_data
        if tool is not None:
            return self._call(tool, arguments)
        return self._request(self._line.listing, arguments)

    def _call(self, name: str, arguments: dict[str, Any]) -> Request:
        return self._request("tools/call", {"name": name, "arguments": arguments})

    def _request(self, method: str, params: dict[str, Any]) -> Request:
        self._number += 1
        return rpc(
            method,
            params,
            revision=self._line.revision,
            session=self._session,
            message_id=self._number,
        )
