"""What answers when there is no request to answer: bytes that are not HTTP."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from reference_server.services.logs import log_event

if TYPE_CHECKING:
    from reference_server.parts import Parts

BODY = b'{"error":"bad_request"}'


def protocol_class(parts: Parts) -> type[H11Protocol]:
    """Return uvicorn's HTTP/1.1 protocol with our 400: our headers, a request id, a log line.

    Such bytes reach no chain, for there is no URL, header or key to judge; the connection ends.
    """
    fixed = [(name.lower(), value) for name, value in parts.security_headers.items()]

    class Protocol(H11Protocol):
        """One connection."""

        def send_400_response(self, msg: str) -> None:
            """Answer bytes that cannot be parsed, and close; ``msg`` is uvicorn's, not sent."""
            del msg
            request_id = str(uuid4())
            headers = [
                *fixed,
                ("x-request-id", request_id),
                ("content-type", "application/json"),
                ("content-length", str(len(BODY))),
                ("connection", "close"),
            ]
            start = h11.Response(
                status_code=HTTPStatus.BAD_REQUEST, headers=headers, reason=b"Bad Request"
            )
            # A body can turn to nonsense after its answer has begun: then only closing is left.
            with suppress(h11.LocalProtocolError):
                for event in (start, h11.Data(data=BODY), h11.EndOfMessage()):
                    self.transport.write(self.conn.send(event) or b"")
            self.transport.close()
            _log(request_id, self.client[0] if self.client else "")

    return Protocol


def _log(request_id: str, address: str) -> None:
    log_event(
        "request",
        request_id,
        method=None,
        path=None,
        status=int(HTTPStatus.BAD_REQUEST),
        address=address,
        ms=0,
    )
