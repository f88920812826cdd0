"""An API that tools call with a credential, and that tells the judge what has reached it.

Any path is answered: ``{"ok": true}`` to who shows a credential, 401 to who shows none. A path that
ends with ``/refused`` is answered with 403, in a text that quotes the credential, as many an API
does. What has come, ``GET /.hallmark/calls?word=WORD`` tells whoever knows the control word, as
JSON: ``{"calls": [{"method", "path", "headers": [[name, value]], "body", "id"}]}``, those that
hold ``WORD``; each has an id of its own.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from conformance.world.serving import WorldHandler, WorldServer

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLS = "/.hallmark/calls"
REFUSED = "/refused"
_SHOWING = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
"""Headers in which APIs take a key."""
_MOST_CALLS = 2000
_LONGEST_BODY = 16 * 1024


@dataclass(frozen=True)
class Call:
    """A request that came, as it came; of a long body, its beginning."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str
    id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def shown(self) -> str | None:
        """The credential that it shows, None where it shows none."""
        named = {name.lower(): value for name, value in self.headers}
        return next((named[name] for name in _SHOWING if name in named), None)

    def holds(self, word: str) -> bool:
        """Tell whether a word stands anywhere in it."""
        return word in json.dumps(asdict(self), ensure_ascii=False)


class DownstreamApi(WorldServer):
    """The server. Port 0 takes a free one."""

    def __init__(self, address: tuple[str, int], control: str) -> None:
        self.control = control
        self.calls: deque[Call] = deque(maxlen=_MOST_CALLS)
        super().__init__(address, _Handler)

    def answer_to(self, call: Call) -> tuple[int, Mapping[str, Any]]:
        """Return the status and the document with which a call is answered."""
        if call.shown is None:
            return 401, {"error": "no credential"}
        if urlsplit(call.path).path.endswith(REFUSED):
            return 403, {"error": f"the credential {call.shown} is not valid here"}
        return 200, {"ok": True}


class _Handler(WorldHandler):
    def _serve(self) -> None:
        server = cast("DownstreamApi", self.server)
        parts = urlsplit(self.path)
        if parts.path == CALLS:
            self._tell(server, parse_qs(parts.query).get("word", [""])[0])
            return
        body = self.body(_LONGEST_BODY).decode("utf-8", "replace")
        call = Call(self.command, self.path, tuple(self.headers.items()), body)
        server.calls.append(call)
        self.answer(*server.answer_to(call))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _tell(self, server: DownstreamApi, word: str) -> None:
        if not self.shows(server.control):
            self.answer(401, {"error": "unauthorized"})
            return
        self.answer(200, {"calls": [asdict(one) for one in tuple(server.calls) if one.holds(word)]})
