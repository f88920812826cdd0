"""Asks a target, in a handful of requests, what a profile of it could say.

Nothing is guessed at the target's cost: no wrong credential is sent, no tool is called, no redirect
is followed, and the first answer that asks to slow down is the last one asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.discovery import Discovery, discover
from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.channels.oauth.places import AUTHORIZATION_SERVER, PROTECTED_RESOURCE
from conformance.drafting import announced
from conformance.forge.requests import STATELESS, Request, opening, rpc
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget
from conformance.text.toml_text import quoted
from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from conformance.drafting.announced import KeyPlace, Limit, Refusal, Tool
    from conformance.profile.target import Target
    from conformance.text.redaction import Redactor

SECONDS = 5.0
"""The longest one exchange may take."""
_WAIT = 40
"""Characters of a Retry-After that are shown: a date has no more."""
_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_ELSEWHERE = range(300, 400)
_BROKEN = 500
_LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_HEALTH = ("/health", "/healthz")


NOT_MCP = "Nothing here answered as an MCP server does: check the path of the URL."


class SilentError(Exception):
    """Nothing that speaks HTTP answered; the message says what happened instead."""


class _StopError(Exception):
    """The target is to be left alone from here on; the message says why."""


@dataclass
class Survey:
    """What a target told. ``tools`` is None where they could not be listed.

    ``place`` is where the key goes, ``tools_with_key`` whether it took one to list the tools, and
    ``notes`` are sentences about what was left out.
    """

    url: str
    revisions: tuple[str, ...] = ()
    challenge: Refusal | None = None
    refusal: str | None = None
    place: KeyPlace | None = None
    tools: tuple[Tool, ...] | None = None
    tools_with_key: bool = False
    documents: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    health: str | None = None
    limits: tuple[Limit, ...] = ()
    request_id: str | None = None
    notes: list[str] = field(default_factory=list[str])
    requests: int = 0


class _Line(Wire):
    """A line that keeps every answer, and ends the survey at the first that is none."""

    answers: list[tuple[Answer, bool]]

    def send(self, request: Request, *, key: str | None = None, is_guarded: bool = True) -> Answer:
        """Send one request; _StopError where the target had better be left alone."""
        try:
            answer = super().send(request, key=key, is_guarded=is_guarded)
        except NotAssessedError as error:
            raise _StopError(str(error)) from None
        self.answers.append((answer, key is not None))
        if answer.transport is not Transport.ANSWERED:
            raise _StopError(f"the target does not answer: {answer.transport.value}")
        if answer.status in _LATER:
            wait = quoted(answer.header("retry-after") or "not told", _WAIT)
            raise _StopError(f"the target answers {answer.status}, Retry-After: {wait}")
        return answer


class Surveyor:
    """Asks, and remembers the answers.

    ``redact`` is applied to all words of the target; ``place`` is where the key goes, if that is
    known: without it the key is tried where the target says, and in the most usual places.
    """

    def __init__(
        self, target: Target, key: str | None, redact: Redactor, place: KeyPlace | None = None
    ) -> None:
        self._target, self._key, self._place = target, key, place
        self._redact, self._transcript = redact, Transcript(redact)
        self._budget = Budget(AddressPool(target, lane=15), target.limits)
        self._answers: list[tuple[Answer, bool]] = []
        self._lines: list[_Line] = []
        self._discovery = Discovery(alive=False)
        self.found = Survey(target.url)

    def ask(self) -> Survey:
        """Return what was found. Raises SilentError where nobody answers."""
        found = self.found
        try:
            self._converse()
            self._documents()
            self._health()
            if not found.revisions and found.challenge is None:
                found.notes.append(NOT_MCP)
        except _StopError as error:
            if all(answer.transport is not Transport.ANSWERED for answer, _ in self._answers):
                raise SilentError(str(error)) from None
            found.notes.append(f"The survey ended early: {error}.")
        finally:
            for line in self._lines:
                line.close()
        found.requests = len(self._answers)
        found.limits = announced.limits(self._answers)
        found.request_id = announced.request_id([answer for answer, _ in self._answers])
        for place in announced.redirects([answer for answer, _ in self._answers]):
            found.notes.append(f"A redirect to {self._told(place)} was not followed.")
        return found

    # -- the conversation ----------------------------------------------------------------------

    def _converse(self) -> None:
        line = self._line()
        self._open(line, None)
        if self.found.revisions:
            self._tools(line, None)
        self._refusal()
        if self._key is None or self.found.challenge is None:
            return  # nothing was refused, so nothing would show that the key was taken
        places = (self._place,) if self._place else announced.places(self.found.challenge)
        for place in places:
            if self._is_taken(self._key, place):
                self.found.place = place.proven()
                return
        names = " and ".join(dict.fromkeys(place.header for place in places))
        self.found.notes.append(
            f"The key was refused wherever it was presented ({self._told(names)}): "
            "--key-header=NAME says where it goes."
        )

    def _open(self, line: _Line, key: str | None) -> None:
        self._discovery = discover(line, key)
        self.found.revisions = self._discovery.revisions

    def _is_taken(self, key: str, place: KeyPlace) -> bool:
        """Tell whether what was refused without a key is done with it in this place."""
        line = self._line(place)
        line.trust(key)
        if self.found.revisions:  # to open a conversation takes no key, so that shows nothing
            self._tools(line, key)
            return self.found.tools is not None
        status = line.send(opening(STATELESS), key=key).status
        if status in _REFUSED or status in _ELSEWHERE or status >= _BROKEN:
            return False
        self._open(line, key)
        if self.found.revisions:
            self._tools(line, key)
        return True

    def _refusal(self) -> None:
        """Note how the target refuses whoever has no key."""
        refused = [answer for answer, _ in self._answers if answer.status in _REFUSED]
        if refused:
            self.found.challenge = announced.refusal(refused[0])
            place = announced.place(self.found.challenge)
            is_clean = place is not None and self._redact(place.header) == place.header
            self.found.place = place if is_clean else None
            word = refused[0].entries.get("error")
            self.found.refusal = word if isinstance(word, str) else None

    def _tools(self, line: _Line, key: str | None) -> None:
        revision, session = self._discovery.preferred, None
        if revision != STATELESS:
            session = line.send(opening(revision), key=key).header("mcp-session-id")
            ready = rpc(
                "notifications/initialized", revision=revision, session=session, message_id=None
            )
            line.send(ready, key=key)
        asked = rpc("tools/list", revision=revision, session=session, message_id=2)
        tools = line.send(asked, key=key).result.get("tools")
        if isinstance(tools, list):
            self.found.tools = announced.tools(cast("list[Any]", tools))
            self.found.tools_with_key = key is not None

    # -- documents -----------------------------------------------------------------------------

    def _documents(self) -> None:
        line = self._line()
        for path in self._resource_paths():
            if self._document(line, path):
                break
        self._document(line, AUTHORIZATION_SERVER)

    def _resource_paths(self) -> tuple[str, ...]:
        told = self.found.challenge.resource_metadata if self.found.challenge else None
        if told is None:
            path = urlsplit(self._target.url).path.rstrip("/")
            return tuple(dict.fromkeys((f"{PROTECTED_RESOURCE}{path}", PROTECTED_RESOURCE)))
        path = announced.path_of_same_origin(told, self._target.url)
        if path is None:
            self.found.notes.append(
                f"resource_metadata names {self._told(told)}, which was not asked: "
                "it is no plain URL of this origin."
            )
        return (path or PROTECTED_RESOURCE,)

    def _document(self, line: _Line, path: str) -> bool:
        answer = line.get(path)
        if answer.status != HTTPStatus.OK or not answer.entries:
            return False
        self.found.documents[path] = answer.entries
        return True

    def _health(self) -> None:
        line = self._line()
        # A server that answers everything alike has no health route just because it answers.
        others = {answer.body for answer, _ in self._answers if answer.status == HTTPStatus.OK}
        for path in _HEALTH:
            answer = line.get(path)
            if answer.status == HTTPStatus.OK and answer.body not in others:
                self.found.health = path
                return
            others.add(answer.body)

    def _told(self, text: str) -> str:
        """Return words of the target for a sentence of ours; redacted first, then cut."""
        return quoted(self._redact(text))

    def _line(self, place: KeyPlace | None = None) -> _Line:
        target = self._target
        if place is not None:
            names = {"api_key": place.header, "api_key_scheme": place.scheme}
            headers = target.headers.model_copy(update=names)
            target = target.model_copy(update={"headers": headers})
        line = _Line(target, STATELESS, self._budget, self._transcript, seconds=SECONDS)
        line.answers = self._answers
        self._lines.append(line)
        return line
