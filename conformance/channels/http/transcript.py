"""What a check exchanged with the target, kept short and free of secrets."""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.channels.http.heard import Messages
from conformance.model import Role
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.answer import Answer
    from conformance.forge.requests import Request
    from conformance.text.redaction import Redactor

_KEPT = 4
_BODY = 600
_HEADER = 200
_LOOKED_AT = 4000
"""Characters that are redacted before the rest is cut off, far more than are kept."""
_HEADERS = 40
"""Headers of an answer that are kept."""


@dataclass(frozen=True)
class _Exchange:
    """One request and its answer, as they were."""

    number: int
    request: Request
    url: str
    sent: list[tuple[str, str]]
    answer: Answer
    may_be_control: bool


class Transcript:
    """Keeps the last exchanges of a check, and every note it makes.

    What the target says in the protocol is also ``heard``, for the run as a whole.
    """

    def __init__(self, redactor: Redactor, heard: Messages | None = None) -> None:
        self._redact = redactor
        self.heard = Messages() if heard is None else heard
        self._exchanges: deque[_Exchange] = deque(maxlen=_KEPT)
        self._notes: list[dict[str, str]] = []
        self._count = self._established = 0
        self._counting = threading.Lock()  # bounded: held to number one exchange
        self.sent: Counter[str] = Counter()
        """Requests by their kind, as ``Sent`` writes it."""
        self._unanswered: list[str] = []

    def exchange(
        self,
        request: Request,
        url: str,
        sent: list[tuple[str, str]],
        answer: Answer,
        *,
        may_be_control: bool = False,
    ) -> None:
        """Remember one request and what came back; a control presents a right credential."""
        self.heard.note(request, answer)
        # A copy, without what is not shown, and without what was parsed of it.
        kept = replace(answer, body=answer.body[: 4 * _LOOKED_AT])
        with self._counting:
            self._count += 1
            self._exchanges.append(_Exchange(self._count, request, url, sent, kept, may_be_control))

    def told(self, header: str) -> list[str]:
        """Return what a header of the last answers says, where it says anything."""
        values = [kept.answer.header(header) for kept in tuple(self._exchanges)]
        return [value for value in values if value]

    def established(self) -> None:
        """Take what was exchanged so far with right credentials for the check's good case."""
        self._established = self._count

    def presented(self, credential: str) -> None:
        """Learn a credential that is to be sent: spoilt on purpose, it may hold a right one."""
        self._redact.learn_changed(credential)

    def miss(self, request: Request, answer: Answer) -> None:
        """Remember that a request had no answer, and should have had one."""
        self._unanswered.append(f"{request.method}: {answer}")

    def require_answers(self) -> None:
        """Raise NotEstablishedError when an answer is missing: nobody saw what came of it."""
        if self._unanswered:
            raise NotEstablishedError(
                f"no violation seen, but {len(self._unanswered)} of {self._count} requests had no "
                f"whole answer, the first {self._unanswered[0]}"
            )

    def _shown(self, kept: _Exchange) -> dict[str, str]:
        """Write an exchange down: only now, since most are never shown, and secrets are learned."""
        request, answer = kept.request, kept.answer
        lines = [
            f"{request.method} {self._clean(kept.url)}",
            *(self._header(pair) for pair in kept.sent),
        ]
        if request.body:
            body = request.body[:_LOOKED_AT].decode("utf-8", "replace")
            lines += ["", self._clean(body, _BODY)]
        lines += ["", f"→ {self._clean(str(answer))}"]
        if answer.status:
            lines[-1] = f"→ {answer.status}"
            lines += [self._header(pair) for pair in answer.headers[:_HEADERS]]
            if len(answer.headers) > _HEADERS:
                lines.append(f"({len(answer.headers) - _HEADERS} headers more)")
            # A character takes four bytes at most.
            seen = answer.body[: 4 * _LOOKED_AT].decode("utf-8", "replace")
            lines += ["", self._clean(seen, _BODY)]
        outcome = answer.status or answer.transport.value
        title = f"{kept.number}. {request.method} {self._clean(kept.url)} → {outcome}"
        is_control = kept.may_be_control and kept.number <= self._established
        role = Role.CONTROL if is_control else Role.ATTEMPT
        return {"kind": "exchange", "title": title, "text": "\n".join(lines), "role": role.value}

    def note(self, title: str, text: str) -> None:
        """Remember a fact that is no exchange: rows found, counts, a process's output."""
        entry = {"kind": "text", "title": title, "text": self._clean(text, 2000)}
        self._notes.append(entry)

    def figure(self, title: str, data: Mapping[str, Any], *, kind: str = "timing") -> None:
        """Remember data that a report may draw, as JSON on one line; ``kind`` tells its form."""
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        self._notes.append({"kind": kind, "title": title, "text": self._redact(text)})

    def entries(self, *, is_violation: bool = False) -> tuple[dict[str, str], ...]:
        """Return notes, then the last exchanges; in a violation the last attempt decided."""
        shown = [self._shown(kept) for kept in self._exchanges]
        attempts = [entry for entry in shown if entry["role"] == Role.ATTEMPT]
        if is_violation and attempts:
            attempts[-1]["role"] = Role.DECISIVE.value
        skipped = self._count - len(shown)
        if skipped > 0:
            more = {"kind": "text", "title": "earlier exchanges", "text": f"{skipped} not kept"}
            return (*self._notes, more, *shown)
        return (*self._notes, *shown)

    def _header(self, pair: tuple[str, str]) -> str:
        return f"{self._clean(pair[0])}: {self._clean(pair[1])}"

    def _clean(self, text: str, length: int = _HEADER) -> str:
        """Redact, then cut: a secret that was cut first would be half a secret, and unknown."""
        shown = self._redact.start(text, _LOOKED_AT)
        return shown if len(shown) <= length else f"{shown[:length]}… ({len(text)} characters)"
