"""An API that tools call with a credential, and that tells the judge what has reached it.

Any path is answered: ``{"ok": true}`` to who shows a credential, 401 to who shows none. A path that
ends with ``/refused`` is answered with 403, in a text that quotes the credential, as many an API
does. What has come, ``GET /.hallmark/calls?word=WORD`` tells whoever knows the control word, as
JSON: ``{"calls": [{"method", "path", "headers": [[name, value]], "body"}]}``, those that hold
``WORD``.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict, dataclass
from typing import cast
from urllib.parse import parse_qs, urlsplit

from conformance.world.serving import WorldHandler, WorldServer

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

    def holds(self, word: str) -> bool:
        """Tell whether a word stands anywhere in it."""
        return word in json.dumps(asdict(self), ensure_ascii=False)


class DownstreamApi(WorldServer):
    """The server. Port 0 takes a free one."""

    def __init__(self, address: tuple[str, int], control: str) -> None:
        self.control = control
        self.calls: deque[Call] = deque(maxlen=_MOST_CALLS)
        super().__init__(address, _Handler)


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
        shown = next((self.headers[name] for name in _SHOWING if name in self.headers), None)
        if shown is None:
            self.answer(401, {"error": "no credential"})
        elif parts.path.endswith(REFUSED):
            self.answer(403, {"error": f"the credential {shown} is not valid here"})
        else:
            self.answer(200, {"ok": True})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _tell(self, server: DownstreamApi, word: str) -> None:
        if not self.shows(server.control):
            self.answer(401, {"error": "unauthorized"})
            return
        self.answer(200, {"calls": [asdict(one) for one in tuple(server.calls) if one.holds(word)]})
