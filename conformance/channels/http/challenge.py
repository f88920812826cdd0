"""What a 401 says of how to authenticate, and whether OAuth is offered at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.profile.target import Target

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 -- a word of RFC 9110
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ELEMENT = re.compile(rf'(?:{_QUOTED}|[^",])+')
"""What stands between two commas of a list; a quoted string may hold some."""
_PARAMETER = re.compile(rf"({_TOKEN})[ \t]*=[ \t]*({_TOKEN}|{_QUOTED})")
_SCHEME = re.compile(rf"({_TOKEN})(?: +(\S.*))?", re.DOTALL)
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_MOST = 1 << 13
"""Characters of a field; clients take no longer ones."""
PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"
"""Where a resource's metadata stand (RFC 9728 section 3)."""


@dataclass
class Challenge:
    """One challenge: a scheme, and its parameters by their names in lower case."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict[str, str])


def challenges(value: str) -> list[Challenge] | None:
    """Return the challenges of a WWW-Authenticate field (RFC 9110 section 11.6.1).

    None where it is malformed. Commas part the challenges as well as the parameters of one, so that
    what is no parameter begins the next challenge.
    """
    if len(value) > _MOST:
        return None
    found: list[Challenge] = []
    rest = _ELEMENT.sub("", value)
    if rest.strip(","):
        return None
    for element in (text.strip(" \t") for text in _ELEMENT.findall(value)):
        if element and not _is_taken(element, found):
            return None
    return found


def _is_taken(element: str, found: list[Challenge]) -> bool:
    """Add one element of the list to the challenges, and tell whether that could be done."""
    if parameter := _PARAMETER.fullmatch(element):
        if not found or not found[-1].parameters:
            return False
        found[-1].parameters[parameter[1].lower()] = _unquoted(parameter[2])
        return True
    if (scheme := _SCHEME.fullmatch(element)) is None:
        return False
    found.append(Challenge(scheme[1]))
    if scheme[2] is None:
        return True
    if parameter := _PARAMETER.fullmatch(scheme[2]):
        found[-1].parameters[parameter[1].lower()] = _unquoted(parameter[2])
        return True
    return _TOKEN68.fullmatch(scheme[2]) is not None


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def names_metadata(answer: Answer) -> bool:
    """Tell whether a challenge has the URL of a protected resource's metadata (RFC 9728, 5.1)."""
    for challenge in challenges(answer.header("www-authenticate") or "") or ():
        if _host_of(challenge.parameters.get("resource_metadata", "")):
            return True
    return False


def _host_of(url: str) -> str | None:
    """Return the host of an absolute HTTP URL; None where it is no such URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.netloc if parts.scheme in {"https", "http"} and parts.netloc else None


def offers_oauth(wire: Wire) -> bool:
    """Tell whether the MCP endpoint has metadata that names an authorization server (RFC 9728).

    They stand at a path made of the endpoint's own, or at the origin's, where those of another
    resource of the same origin may stand as well.
    """
    path = wire.path.partition("?")[0]
    for place, resources in (
        (PROTECTED_RESOURCE + path.rstrip("/"), None),
        (PROTECTED_RESOURCE, {"", path.rstrip("/")}),
    ):
        answer = wire.get(place)
        if answer.status == HTTPStatus.OK and _is_metadata(answer.entries, resources):
            return True
    return False


def _is_metadata(found: dict[str, Any], paths: set[str] | None) -> bool:
    resource, servers = found.get("resource"), found.get("authorization_servers")
    if not isinstance(resource, str) or _host_of(resource) is None:
        return False
    is_of_this = paths is None or urlsplit(resource).path.rstrip("/") in paths
    return is_of_this and isinstance(servers, list) and bool(cast("list[Any]", servers))


def is_bare_challenge(missing: Answer, unknown: Answer, target: Target) -> bool:
    """Tell whether a missing bearer token is answered as RFC 6750 section 3.1 asks.

    That is with a challenge that holds no error code, and nothing else to learn from: a body that
    tells of an error tells an unknown token the same.
    """
    challenge = (missing.header("www-authenticate") or "").lower()
    return (
        target.headers.api_key_scheme.lower() == "bearer"
        and missing.status == HTTPStatus.UNAUTHORIZED
        and challenge.startswith("bearer")
        and "error" not in challenge
        and ("error" not in missing.text.lower() or missing.text == unknown.text)
    )


def is_called_malformed(refusal: Answer) -> bool:
    """Tell whether a refusal calls the request malformed: RFC 6750 section 3.1's own word.

    So it may call a scheme without a token, which tells nothing of any token.
    """
    told = challenges(refusal.header("www-authenticate") or "") or []
    return any(one.parameters.get("error") == "invalid_request" for one in told)
