"""Writes a request that a profile describes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from conformance.forge.filling import path_filled_in, with_filled_in
from conformance.forge.params import with_query
from conformance.forge.requests import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.profile.requests import DescribedRequest

_JSON = (("Content-Type", "application/json"),)
_FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def described(
    request: DescribedRequest, filled: Mapping[str, str], otherwise: bytes = b"{}"
) -> Request:
    """Return the request; ``otherwise`` is the JSON of a POST that says nothing of its body.

    ``filled`` has what stands in braces, by name.
    """
    path = path_filled_in(request.path, filled)
    if request.query:
        query = urlencode(with_filled_in(request.query, filled))
        path = with_query(path, query)
    if request.form is not None:
        body = urlencode(with_filled_in(request.form, filled)).encode()
        return Request(request.method, path, _FORM, body)
    if request.method == "GET" or (request.method == "DELETE" and request.body is None):
        return Request(request.method, path, ())
    own = with_filled_in(request.body, filled)
    is_told = request.body is not None or request.query is not None
    return Request(
        request.method, path, _JSON, json.dumps(own or {}).encode() if is_told else otherwise
    )
