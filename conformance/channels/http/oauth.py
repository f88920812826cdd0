"""The OAuth routes: begins flows to a platform, and finishes them."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.forge.requests import Request
from conformance.profile.target import supplied
from conformance.text.learned import learn
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.gate import Gate
    from conformance.channels.http.wire import Wire
    from conformance.profile.sections import OAuth
    from conformance.text.redaction import Redactor

_JSON = (("Content-Type", "application/json"),)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""Text that may be a code verifier (RFC 7636 section 4.1)."""


@dataclass(frozen=True)
class Flow:
    """A flow just begun, as its answer tells of it."""

    platform: str
    state: str = field(repr=False)
    challenge: str
    method: str
    answer: Answer


class Flows:
    """Begins and finishes flows with a tenant's key."""

    def __init__(self, wire: Wire, redactor: Redactor) -> None:
        self.wire, self._redactor = wire, redactor
        self.routes: OAuth = supplied(wire.target.oauth)

    def through(self, gate: Gate) -> Flows:
        """Return the same flows, whose requests wait at a gate."""
        return Flows(self.wire.derived(gate=gate), self._redactor)

    def start(self, key: str, platform: str | None = None) -> Flow:
        """Begin a flow. NotEstablishedError unless the answer tells of a state and a challenge."""
        platform = platform or self.routes.platforms[0]
        answer = self._post(self.routes.start, platform, b"{}", key)
        told = answer.entries
        names = (self.routes.state_field, self.routes.challenge_field, self.routes.method_field)
        state, challenge, method = (told.get(name) for name in names)
        establish(
            answer.status == HTTPStatus.OK
            and isinstance(state, str)
            and isinstance(challenge, str),
            f"a flow begins, with a state and a challenge (got {answer.status})",
        )
        learn(self._redactor, str(state), "OAuth state")
        return Flow(platform, str(state), str(challenge), str(method), answer)

    def finish(self, key: str, state: str, platform: str | None = None) -> Answer:
        """Come back from a platform with a state."""
        body = json.dumps({self.routes.state_field: state}).encode()
        return self._post(self.routes.finish, platform or self.routes.platforms[0], body, key)

    def _post(self, path: str, platform: str, body: bytes, key: str) -> Answer:
        path = path.replace("{platform}", platform)
        return self.wire.send(Request("POST", path, _JSON, body), key=key)


def is_done(answer: Answer) -> bool:
    """Tell whether a flow was finished."""
    return HTTPStatus.OK <= answer.status < HTTPStatus.BAD_REQUEST


def s256(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode("utf-8")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


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
