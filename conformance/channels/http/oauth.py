"""The OAuth routes: begins flows to a platform, and finishes them."""

from __future__ import annotations

import hashlib
import json
import math
import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.authorization import (
    Told,
    is_plain,
    is_redirect,
    landing,
    tells_an_error,
    told_by,
)
from conformance.forge.described import described
from conformance.profile.target import supplied
from conformance.text.learned import learn
from conformance.text.tokens import encoded
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.gate import Gate
    from conformance.channels.http.wire import Wire
    from conformance.profile.oauth import OAuth, OAuthRequest
    from conformance.text.redaction import Redactor

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""Text that may be a code verifier (RFC 7636 section 4.1)."""


@dataclass(frozen=True)
class Flow:
    """A flow just begun, as its answer tells of it."""

    platform: str
    state: str = field(repr=False)
    told: Told = field(repr=False)
    answer: Answer

    @property
    def challenge(self) -> str:
        """The PKCE challenge. NotEstablishedError where it is not told."""
        establish(self.told.challenge is not None, "a flow begins with a challenge that is told")
        return self.told.challenge or ""

    @property
    def method(self) -> str:
        """The method of the challenge. NotEstablishedError where it is not told."""
        establish(self.told.method is not None, "a flow tells the method of its challenge")
        return self.told.method or ""


class Flows:
    """Begins and finishes flows with a tenant's key, as the browser that began them.

    Cookies that the start of a flow sets come back with its callback, if the same key brings it.
    """

    def __init__(self, wire: Wire, redactor: Redactor) -> None:
        self.wire, self._redactor = wire, redactor
        self.routes: OAuth = supplied(wire.target.oauth)
        self._cookies = dict[tuple[str, str], str]()
        self._refused: list[Answer] = []

    def through(self, gate: Gate) -> Flows:
        """Return the same flows, whose requests wait at a gate."""
        flows = Flows(self.wire.derived(gate=gate), self._redactor)
        flows._cookies = self._cookies
        return flows

    def start(self, key: str, platform: str | None = None) -> Flow:
        """Begin a flow. NotEstablishedError unless the answer tells of a state."""
        platform = platform or self.routes.platforms[0]
        answer = self._send(self.routes.start, {"platform": platform}, b"{}", key)
        told = told_by(answer, self.routes)
        establish(
            _is_good(answer) and told.state,
            f"a flow begins, with a state (got {answer.status})",
        )
        state = told.state or ""
        learn(self._redactor, state, "OAuth state")
        if cookies := _cookies_of(answer):
            self._cookies[key, state] = cookies
        return Flow(platform, state, told, answer)

    def finish(self, key: str, state: str, platform: str | None = None) -> Answer:
        """Come back from a platform with a state, and a code that is made up."""
        told = {"platform": platform or self.routes.platforms[0], "state": state}
        told["code"] = secrets.token_urlsafe(24)
        request = self.routes.finish
        if request.method == "GET" and not request.names("state"):
            query = {**(request.query or {}), "code": "{code}", "state": "{state}"}
            request = request.model_copy(update={"query": query})
        body = json.dumps({self.routes.state_field.rpartition(".")[2]: state}).encode()
        answer = self._send(request, told, body, key, self._cookies.get((key, state)))
        return answer.without(state, told["code"])

    def is_done(self, answer: Answer, key: str) -> bool:
        """Tell whether a flow was finished, and not merely answered with a page or a redirect."""
        if not _is_good(answer):
            return False
        if self.routes.finished is not None:
            said = answer.header("location") if is_redirect(answer) else answer.text
            return self.routes.finished in (said or "")
        if tells_an_error(answer):
            return False
        return is_plain(answer) or not self._is_like_refused(answer, key)

    def _is_like_refused(self, answer: Answer, key: str) -> bool:
        """Tell whether an answer leads to where states lead that never were."""
        if not self._refused:
            self._refused = [self.finish(key, secrets.token_urlsafe(32)) for _ in range(2)]
        (status, place, one), (_, _, other) = map(landing, self._refused)
        seen, where, said = landing(answer)
        return (seen, where) == (status, place) and (one & other) <= said

    def _send(
        self,
        request: OAuthRequest,
        filled: Mapping[str, str],
        otherwise: bytes,
        key: str,
        cookies: str | None = None,
    ) -> Answer:
        """Send a request; ``otherwise`` is the JSON of a POST that says nothing of its body."""
        sent = described(request, filled, otherwise)
        if cookies:
            sent = sent.with_header("Cookie", cookies)
        return self.wire.send(sent, key=key)


def _is_good(answer: Answer) -> bool:
    return HTTPStatus.OK <= answer.status < HTTPStatus.BAD_REQUEST


def _cookies_of(answer: Answer) -> str:
    """Return the cookies that an answer sets, as they are sent back."""
    values = [value for name, value in answer.headers if name.lower() == "set-cookie"]
    return "; ".join(value.partition(";")[0].strip() for value in values)


def s256(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode("utf-8")).digest()
    return encoded(digest)


def told_verifiers(text: str, challenge: str) -> list[str]:
    """Return what in a text is the verifier of a challenge: only the verifier hashes to it."""
    return [found for found in _VERIFIER.findall(text) if s256(found) == challenge]


def random_bits(sample: Sequence[str]) -> float:
    """Return about how many bits vary in strings of one form, from what stands in each column.

    A column that holds one character in more than half of the strings counts for nothing. Hex
    digits count four bits, base64 six: what looks like either has no more.
    """
    columns = list(zip(*sample, strict=False))
    varying = sum(
        Counter(column).most_common(1)[0][1] <= math.ceil(len(column) / 2) for column in columns
    )
    is_hex = all(re.fullmatch(r"[0-9a-fA-F]+", text) for text in sample)
    return varying * (4 if is_hex else 6)
