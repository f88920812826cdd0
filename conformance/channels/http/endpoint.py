"""Tells an MCP endpoint from anything else that speaks HTTP, so that nothing else is accused."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from conformance.forge.requests import Request
from conformance.text.toml_text import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire

_OF_MCP = {"supportedVersions", "protocolVersion", "serverInfo", "capabilities"}
"""Entries of what either opening of a conversation is answered with."""
_GUARDED = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    HTTPStatus.TOO_MANY_REQUESTS,
}
"""What a guard answers, and whatever stands behind it may be an MCP server."""
_BROKEN = 500
_ELSEWHERE = range(300, 400)
_LOOK_SECONDS = 3.0
_ENDPOINT_EVENT = re.compile(r"^event: ?endpoint\s*$", re.MULTILINE)
_SIGN_IN = re.compile(r"log-?in|sign-?in|sso|oauth|auth|saml", re.IGNORECASE)

PATHS = "try another path, or this one with or without its last slash"


class StrangerError(Exception):
    """What answers is no MCP endpoint; the message says what it is, and what to try."""


def require_endpoint(
    wire: Wire, key: str | None, openings: Sequence[Answer], redact: Callable[[str], str]
) -> None:
    """Raise StrangerError where no answer to an opening can be an MCP server's.

    A refusal may be one, and so may a failure: both are for the checks to judge.
    """
    if not openings or any(map(may_be_mcp, openings)):
        return
    what, remedy = _old_transport(wire, key) or _seen(openings[-1], wire.target.url, redact)
    url = quoted(redact(wire.target.url))
    raise StrangerError(f"{url} is no MCP endpoint that can be judged: {what}; {remedy}")


def may_be_mcp(answer: Answer) -> bool:
    """Tell whether an answer to an opening may come from an MCP server."""
    if not answer.is_whole or answer.status in _GUARDED or answer.status >= _BROKEN:
        return True
    if _OF_MCP & answer.result.keys():
        return True
    is_rpc_error = bool(answer.error) and answer.message.get("jsonrpc") == "2.0"
    return is_rpc_error and not answer.has_no_method


def _old_transport(wire: Wire, key: str | None) -> tuple[str, str] | None:
    """Return what to say of a server of HTTP+SSE, which a GET has open a stream of events."""
    look = Request("GET", headers=(("Accept", "text/event-stream"),))
    answer = wire.derived(seconds=_LOOK_SECONDS, may_be_silent=True).send(look, key=key)
    is_stream = (answer.header("content-type") or "").lower().startswith("text/event-stream")
    if not is_stream or not _ENDPOINT_EVENT.search(answer.text):
        return None
    return (
        "it speaks the old HTTP+SSE transport of revision 2024-11-05 (a GET got its first event)",
        "give the URL of its Streamable HTTP endpoint, often /mcp on the same server",
    )


def _seen(answer: Answer, url: str, redact: Callable[[str], str]) -> tuple[str, str]:
    """Return what answered, and what to try."""
    if answer.status in _ELSEWHERE and (place := answer.header("location")):
        return _redirect(answer.status, url, place, redact)
    if answer.has_no_method:
        return (
            "a JSON-RPC server answered that knows neither server/discover nor initialize",
            PATHS,
        )
    if "clientInfo" in answer.text:
        return f"it answered {answer.status} and sent back what it was sent, as an echo does", PATHS
    if answer.status == HTTPStatus.UPGRADE_REQUIRED or "http/2" in answer.text.lower():
        wanted = quoted(redact(answer.header("upgrade") or "HTTP/2"))
        return (
            f"it answered {answer.status} and wants another protocol than HTTP/1.1 ({wanted})",
            "give the URL of a proxy in front of it that takes HTTP/1.1",
        )
    return f"it answered an MCP opening with {answer.status} and {_kind(answer)}", PATHS


def _redirect(status: int, url: str, place: str, redact: Callable[[str], str]) -> tuple[str, str]:
    """Return what to say of a redirect; a query is left out, since it may hold a secret."""
    try:
        where = urlsplit(urljoin(url, place))._replace(query="", fragment="")
    except ValueError:
        return f"it redirects ({status}) to what is no URL", PATHS
    told = quoted(redact(where.geturl()))
    what = f"it redirects ({status}) to Location {told}"
    here = urlsplit(url)
    is_same = (here.scheme, here.netloc) == (where.scheme, where.netloc)
    if is_same and here.path != where.path and here.path.rstrip("/") == where.path.rstrip("/"):
        return what, f"give --target={told}, which differs in the last slash alone"
    if _SIGN_IN.search(where.path) or _SIGN_IN.search(where.netloc):
        return what, "that looks like a page to sign in: give a key in a profile, or " + PATHS
    return what, "give that URL if it is the MCP endpoint, or " + PATHS


def _kind(answer: Answer) -> str:
    if not answer.body.strip():
        return "no body"
    if "html" in (answer.header("content-type") or "").lower() or "<html" in answer.text.lower():
        return "a web page"
    return "JSON that is no answer of MCP" if answer.json is not None else "text that is no JSON"
