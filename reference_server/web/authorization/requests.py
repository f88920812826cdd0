"""Requests as Authlib looks at them, made from what may be looked at.

Authlib's own for Flask takes a parameter from the URL or the body, whichever has it, so that a code
or a secret in a URL would count; it refuses what a proxy has taken TLS off; and it lets parameters
be repeated at the token endpoint, of which each program reads another.
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError

from reference_server.web.authorization.library import OAuth2Payload, OAuth2Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from werkzeug.datastructures import MultiDict

    from reference_server.oauth.clients import Client

MOST_PARAMETERS = 32
LONGEST_VALUE = 4096
"""Characters of a parameter."""


class Parameters(OAuth2Payload):
    """The parameters of a request, in order, repeated ones included."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = list(pairs)

    @property
    def data(self) -> dict[str, str]:
        """Each parameter's first value."""
        return dict(reversed(self.pairs))

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """Each parameter's values."""
        values: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in self.pairs:
            values[name].append(value)
        return values

    def complaint(self) -> str | None:
        """Return what is wrong with the parameters, whatever they mean; None where nothing is.

        None may be repeated (RFC 6749 sections 3.1 and 3.2); an empty one counts as absent there,
        and has been left out here.
        """
        if len(self.pairs) > MOST_PARAMETERS:
            return f"There are more than {MOST_PARAMETERS} parameters."
        names = [name for name, _ in self.pairs]
        if len(set(names)) < len(names):
            return "A parameter is repeated."
        if any(len(value) > LONGEST_VALUE for _, value in self.pairs):
            return f"A parameter has more than {LONGEST_VALUE} characters."
        if any(not text.isprintable() for pair in self.pairs for text in pair):
            return "A parameter has characters that cannot be printed."
        return None


class Asked(OAuth2Request):
    """A request to the authorization server. ``url`` is its own, as clients know it."""

    def __init__(
        self,
        method: str,
        url: str,
        pairs: Iterable[tuple[str, str]],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        as_authlib: Any = super()
        as_authlib.__init__(method, url, headers=dict(headers or {}))
        self.payload: Parameters = Parameters(pairs)
        self.client: Client | None = None

    @property
    def args(self) -> dict[str, str]:
        """The parameters: there is one place where they may stand."""
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        """The same."""
        return self.payload.data


def pairs_of(values: MultiDict[str, str]) -> list[tuple[str, str]]:
    """Return parameters in order, those that are empty left out (RFC 6749 section 3.1)."""
    return [(name, value) for name, value in values.items(multi=True) if value]


def form_request(url: str, form: MultiDict[str, str], authorization: list[str]) -> Asked:
    """Return a program's request, all of whose parameters stand in its body.

    OAuth2Error for one that nobody need look into: Authlib would fail on a Basic field that is not
    UTF-8. ``authorization`` are the fields of that name.
    """
    headers: dict[str, str] = {}
    if authorization:
        headers["Authorization"] = _checked_basic(authorization)
    asked = Asked("POST", url, pairs_of(form), headers)
    complaint = asked.payload.complaint()
    if complaint is not None:
        raise InvalidRequestError(complaint)
    return asked


def basic_client(authorization: str) -> str | None:
    """Return the client that a Basic field names (RFC 6749 section 2.3.1); None for any other."""
    scheme, _, told = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(told.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    client_id, colon, _ = decoded.partition(":")
    return unquote_plus(client_id) if colon else None


def _checked_basic(fields: list[str]) -> str:
    if len(fields) == 1 and basic_client(fields[0]) is not None:
        return fields[0]
    raise InvalidClientError(
        status_code=401, description="The Authorization field is no Basic credential."
    )


def error_text(text: str) -> str:
    """Return a text as an error may tell it (RFC 6749 section 5.2), others of its letters replaced.

    Authlib raises ValueError, hence a 500, for any other, such as a caller's own words.
    """
    plain = text.encode("ascii", "replace").decode()
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in plain)
