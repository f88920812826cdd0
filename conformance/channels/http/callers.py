"""The callers of a policy: each with its credential, asked in one revision after another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.channels.http.lists import entries_of, pages
from conformance.channels.http.tasks import EXTENSION
from conformance.forge.requests import CAPABILITIES, STATELESS, Request, opening, rpc
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire

TOOLS = "tools/list"
ABLE: dict[str, Any] = {CAPABILITIES: {"extensions": {EXTENSION: {}}}}
"""The `_meta` of a client that can follow tasks, in the revision that has them as an extension."""
_LIFE = 60_000
"""Milliseconds for which a task is asked to be kept, where the revision has them say so."""


def _unchanged(request: Request) -> Request:
    return request


@dataclass(frozen=True)
class Caller:
    """One identity of the policy. ``credential`` is None where it presents nothing.

    ``changed`` is applied to each request, its session's first one included. One that presents
    nothing fails to authenticate unless it ``is_let_in``.
    """

    name: str
    credential: str | None
    line: Wire
    changed: Callable[[Request], Request] = _unchanged
    is_let_in: bool = False

    def at(self, revision: str) -> Caller:
        """Return the same caller in another revision."""
        return replace(self, line=self.line.derived(revision=revision))

    def saying(self, changed: Callable[[Request], Request]) -> Caller:
        """Return the same caller, of whom each request says something more."""
        return replace(self, changed=changed)

    @property
    def is_plain(self) -> bool:
        """Whether it presents a credential, and says nothing else."""
        return self.credential is not None and self.changed is _unchanged

    def knock(self) -> Answer:
        """Send what opens a conversation."""
        return self._send(opening(self.line.revision))

    def session(self) -> str | None:
        """Open a session and return its id; None where the revision, or the target, has none."""
        if self.line.revision == STATELESS:
            return None
        answer = self.knock()
        session = answer.header("mcp-session-id")
        if answer.succeeded:
            ready = "notifications/initialized"
            told = rpc(ready, revision=self.line.revision, session=session, message_id=None)
            self._send(told)
        return session

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, session: str | None = None
    ) -> Answer:
        """Make one call, in the caller's session unless another is given.

        Who says more in each request has a session for each, since the first one says it, too.
        """
        if session is None and self.is_plain:
            return self.line.call(method, dict(params or {}), key=str(self.credential))
        if self.line.revision != STATELESS and session is None:
            session = self.session()
        number = self.line.message_id(self.credential or "")
        request = rpc(
            method,
            dict(params or {}),
            revision=self.line.revision,
            session=session,
            message_id=number,
        )
        return self._send(request)

    def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any],
        session: str | None = None,
        *,
        as_task: bool = False,
    ) -> Answer:
        """Call a tool, so that it may go on as a task where that is wanted."""
        params: dict[str, Any] = {"name": name, "arguments": dict(arguments)}
        if as_task and self.line.revision == STATELESS:
            params["_meta"] = ABLE
        elif as_task:
            params["task"] = {"ttl": _LIFE}
        return self.call("tools/call", params, session)

    def listed(self, session: str | None = None) -> Listed:
        """Return what its list of tools has, on all pages."""
        if session is None and self.is_plain:
            answers = list(pages(self.line, TOOLS, str(self.credential)))
        else:
            answers = [self.call(TOOLS, session=session)]
        tools = [str(one.get("name")) for page in answers for one in entries_of(page, TOOLS)]
        return Listed(answers, frozenset(tools))

    def _send(self, request: Request) -> Answer:
        is_guarded = self.credential is not None or not self.is_let_in
        return self.line.send(self.changed(request), key=self.credential, is_guarded=is_guarded)


@dataclass(frozen=True)
class Listed:
    """What a caller was listed: the answers, and the names of the tools in them."""

    answers: list[Answer]
    tools: frozenset[str]

    @property
    def first(self) -> Answer:
        """The answer that has the first page."""
        return self.answers[0]

    @property
    def succeeded(self) -> bool:
        """Whether there was a list, be it empty."""
        return self.first.succeeded


def let_in(callers: Mapping[str, Caller], able: frozenset[str]) -> dict[str, Caller]:
    """Return those that are let in at all; NotEstablishedError unless the ``able`` ones are."""
    found = dict[str, Caller]()
    for name, caller in callers.items():
        answer = caller.knock()
        if answer.succeeded:
            found[name] = replace(caller, is_let_in=True)
        else:
            establish(name not in able, f"{name}, which may call something, is let in ({answer})")
    return found
