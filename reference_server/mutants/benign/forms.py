"""Other forms on the wire: of JSON, of header fields, of bodies and connections."""

from __future__ import annotations

import gzip
import secrets
import time
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.benign.edge import (
    benign,
    delayed,
    in_json,
    json_rewritten,
    rewritten,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import Reply

PIECE = 7
"""Bytes: cuts words, escapes and multi-byte characters apart."""


def _reordered(order: Callable[[list[str]], list[str]]) -> Callable[[Any, Reply], Any]:
    def change(found: Any, reply: Reply) -> Any:
        if isinstance(found, dict):
            table = cast("dict[str, Any]", found)
            return {key: change(table[key], reply) for key in order(list(table))}
        if isinstance(found, list):
            return [change(one, reply) for one in cast("list[Any]", found)]
        return found

    return change


def _as_it_is(found: Any, reply: Reply) -> Any:
    del reply
    return found


def _explained(found: Any, reply: Reply) -> Any:
    """Say more beside a stated error, as gateways and frameworks do."""
    if reply.status < HTTPStatus.BAD_REQUEST or not isinstance(found, dict):
        return found
    more = {
        "status": reply.status,
        "title": HTTPStatus(reply.status).phrase,
        "timestamp": formatted_now(),
        "requestId": reply.field(b"x-request-id").decode(),
        "documentation": "https://docs.example/errors",
    }
    return _beside(cast("dict[str, Any]", found), more)


def _numbered(found: Any, reply: Reply) -> Any:
    """Give each refusal a reference drawn anew, by which support finds it."""
    if reply.status < HTTPStatus.BAD_REQUEST or not isinstance(found, dict):
        return found
    return _beside(cast("dict[str, Any]", found), {"reference": secrets.token_hex(6)})


def _beside(table: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return what was said with more beside it; of JSON-RPC, where it keeps a place for that."""
    if isinstance(table.get("error"), dict):
        error = cast("dict[str, Any]", table["error"])
        return {**table, "error": {"data": more, **error}}
    return {**more, **table}


def formatted_now() -> str:
    """Return the time of day as JSON APIs write it."""
    seconds, fraction = divmod(time.time(), 1)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f"{fraction:.3f}Z"[1:]


def _content_type(value: bytes) -> Callable[[Reply], Reply]:
    def change(reply: Reply) -> Reply:
        return reply.with_field(b"content-type", value) if reply.is_json else reply

    return change


def _in_case(spell: Callable[[bytes], bytes]) -> Callable[[Reply], Reply]:
    def change(reply: Reply) -> Reply:
        return replace(reply, fields=tuple((spell(name), value) for name, value in reply.fields))

    return change


def _gzipped(reply: Reply) -> Reply:
    if not reply.body:
        return reply
    packed = replace(reply, body=gzip.compress(reply.body, mtime=0))
    return packed.with_field(b"content-encoding", b"gzip").with_field(b"vary", b"Accept-Encoding")


def _through_a_gateway(reply: Reply) -> Reply:
    trace = secrets.token_hex(16)
    more = {
        b"server": b"envoy",
        b"via": b"1.1 edge-7 (gateway)",
        b"alt-svc": b'h3=":443"; ma=86400',
        b"x-envoy-upstream-service-time": str(secrets.randbelow(90) + 1).encode(),
        b"x-amzn-trace-id": f"Root=1-{trace[:8]}-{trace[8:]}".encode(),
        b"x-cache": b"MISS",
        b"x-correlation-id": trace.encode(),
        b"server-timing": f"app;dur={secrets.randbelow(90)}".encode(),
    }
    return replace(reply, fields=(*reply.fields, *more.items()))


def _retry_by_date(reply: Reply) -> Reply:
    told = reply.field(b"retry-after")
    if not told:
        return reply
    # A second more, because a date has no fractions. The HTTP server adds the answer's own date.
    until = formatdate(int(time.time()) + int(told) + 1, usegmt=True)
    return reply.with_field(b"retry-after", until.encode())


def _method_allowed(reply: Reply) -> Reply:
    if reply.status != HTTPStatus.METHOD_NOT_ALLOWED:
        return reply
    return reply.with_field(b"allow", b"GET, POST, DELETE, OPTIONS")


VARIANTS = (
    benign(
        "json-keys-sorted",
        "The keys of every JSON object come in alphabetical order.",
        parts=json_rewritten(_reordered(sorted)),
    ),
    benign(
        "json-keys-reversed",
        "The keys of every JSON object come in the opposite order.",
        parts=json_rewritten(_reordered(lambda keys: keys[::-1])),
    ),
    benign(
        "json-indented",
        "JSON is written for people: indented, with a line end after it.",
        parts=rewritten(
            lambda reply: replace(
                (shown := in_json(_as_it_is, indent=2, ensure_ascii=False)(reply)),
                body=shown.body + b"\r\n" if shown.is_json else shown.body,
            )
        ),
    ),
    benign(
        "errors-explained",
        "Refusals say more beside the stated error: a title, the time, the request's id, a link.",
        parts=json_rewritten(_explained),
    ),
    benign(
        "refusals-numbered",
        "Each refusal carries a reference drawn anew, which tells no two of them apart for good.",
        parts=json_rewritten(_numbered),
    ),
    benign(
        "content-type-with-charset",
        "The media type is spelt with capitals and carries a charset.",
        parts=rewritten(_content_type(b"Application/JSON; Charset=UTF-8")),
    ),
    benign(
        "no-rate-limit-fields",
        "Nobody is told how much of a limit is left.",
        parts=rewritten(lambda reply: reply.without(b"ratelimit", b"ratelimit-policy")),
    ),
    benign(
        "header-names-in-title-case",
        "Header names come as HTTP/1.1 servers of old spell them.",
        parts=rewritten(_in_case(bytes.title)),
    ),
    benign(
        "header-names-in-capitals",
        "Header names come in capitals.",
        parts=rewritten(_in_case(bytes.upper)),
    ),
    benign(
        "chunked",
        "No answer tells its length: each comes in chunks of a few bytes.",
        parts=rewritten(lambda reply: replace(reply, piece=PIECE)),
    ),
    benign(
        "gzipped",
        "A gateway compresses every body, whatever was asked for.",
        parts=rewritten(_gzipped),
    ),
    benign(
        "connection-closed",
        "Every answer ends its connection.",
        parts=rewritten(lambda reply: reply.with_field(b"connection", b"close")),
    ),
    benign("slower-by-50-ms", "Every answer takes 50 ms longer.", parts=delayed(0.05)),
    benign(
        "behind-a-gateway",
        "A gateway adds fields of its own, some of which differ with every answer.",
        parts=rewritten(_through_a_gateway),
    ),
    benign(
        "retry-after-as-date",
        "Retry-After is a date, the other form that RFC 9110 has.",
        parts=rewritten(_retry_by_date),
    ),
    benign(
        "more-methods-allowed",
        "A 405 names the methods that there are.",
        parts=rewritten(_method_allowed),
    ),
)
