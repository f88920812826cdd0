"""The answers that a browser takes to a client, and the pages that it is shown instead."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Response, g
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reference_server.core.vocabulary import Permission
from reference_server.oauth.clients import ClientKind
from reference_server.oauth.redirects import are_loopback, host_of, origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.oauth.clients import Client

_HERE = Path(__file__).parent / "templates"
_pages = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_STYLE = (_HERE / "page.css").read_text("utf-8")
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

MEANINGS = {
    Permission.READ.value: "See your organization's reports, metrics and other data",
    Permission.WRITE.value: "Change your organization's data, and act for you with other services",
}
"""What a user is told that a scope means."""


def answer_location(redirect_uri: str, issuer: str, told: Mapping[str, str]) -> str:
    """Return where the browser takes an answer.

    The issuer is in every one (RFC 9207 section 2). What the URI has already stays as it is.
    """
    joint = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{joint}{urlencode({**told, 'iss': issuer})}"


def page(name: str, status: int, action: str = "'none'", **values: Any) -> Response:
    """Return a page without any script; ``action`` is where its form, if it has one, may lead."""
    body = _pages.get_template(f"{name}.html").render(style=_STYLE, **values)
    g.content_policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; form-action {action}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    return Response(body, status=status, content_type="text/html; charset=utf-8")


def _source_of(redirect_uri: str) -> str:
    """Return what lets a form lead there, for browsers hold it to its policy also when sent on.

    An address of IPv6 is no source of a policy (CSP3 section 2.3.1), hence the scheme alone.
    """
    origin = origin_of(redirect_uri)
    return "http:" if "[" in origin else origin


@dataclass(frozen=True)
class Question:
    """What a user is asked: whether a client may have a scope, and where the answer goes."""

    client: Client
    scope: frozenset[str]
    redirect_uri: str
    account: str
    seal: str

    def page(self, issuer: str) -> Response:
        """Return the page that asks."""
        client = self.client
        return page(
            "consent",
            HTTPStatus.OK,
            f"'self' {_source_of(self.redirect_uri)}",
            client_name=client.name or "An application without a name",
            client_id=client.id,
            is_known=client.kind is ClientKind.REGISTERED,
            is_dynamic=client.kind is ClientKind.DYNAMIC,
            is_document=client.kind is ClientKind.DOCUMENT,
            document_host=host_of(client.id),
            is_loopback=are_loopback(client.redirect_uris),
            registered=f"{client.created_at:%d %B %Y}",
            redirect_uri=self.redirect_uri,
            redirect_host=host_of(self.redirect_uri),
            server=host_of(issuer),
            account=self.account,
            meanings=[MEANINGS.get(one, one) for one in sorted(self.scope)],
            seal=self.seal,
        )
