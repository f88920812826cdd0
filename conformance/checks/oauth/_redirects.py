"""What the checks of redirect URIs share: those that an attacker would have, and what is astray."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from conformance.channels.oauth.places import origin

if TYPE_CHECKING:
    from conformance.channels.oauth.consenting import Walk
    from conformance.channels.oauth.registering import OAuthClient

ATTACKER = "https://attacker.example/callback"
"""Where no client of the judge's wants anybody to be sent (RFC 2606: nobody has that name)."""
_OF_RESPONSES = frozenset(
    {
        *("code", "state", "iss", "scope", "session_state", "error", "error_description"),
        *("error_uri", "expires_in"),
    }
)
"""Parameters that an authorization response adds (RFC 6749 section 4.1.2, RFC 9207)."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def variants(redirect: str) -> dict[str, str]:
    """Return URIs that are not this redirect URI, each for a match that is not exact."""
    parts = urlsplit(redirect)
    host, root = parts.netloc, f"{parts.scheme}://{parts.netloc}"
    name = parts.hostname or ""
    other = "http" if parts.scheme == "https" else "ftp"
    found = {
        "of another host": ATTACKER,
        "of a host beside its own": redirect.replace("client.", "other."),
        "of a host that begins with its own": redirect.replace(name, f"{name}.attacker.example"),
        "whose user information is its host": redirect.replace(host, f"{host}@attacker.example"),
        "with a backslash": redirect.replace(host, f"attacker.example\\@{host}"),
        "of another path": f"{root}/another",
        "below it": f"{redirect}/below",
        "that begins with it": f"{redirect}-and-more",
        "beside it by dot segments": f"{redirect}/../another",
        "beside it by encoded dot segments": f"{redirect}/%2e%2e/another",
        "in other letters": f"{root}{parts.path.upper()}",
        "with a query": f"{redirect}?next=https://attacker.example/",
        "of another scheme": redirect.replace(parts.scheme, other, 1),
    }
    if parts.hostname not in _LOOPBACK:
        found["at another port"] = redirect.replace(host, f"{host}:8443")
    return {words: uri for words, uri in found.items() if uri != redirect}


def astray(walk: Walk, client: OAuthClient, wanted: str) -> str | None:
    """Return where a browser was sent as ``wanted``, and that the client has not registered."""
    place = walk.led_to
    if place is None or any(_is_home(place, one) for one in client.redirects):
        return None
    told = wanted.partition("#")[0]
    theirs = origin(place)
    is_as_wanted = place.startswith(told) or (theirs is not None and theirs == origin(told))
    return place.partition("?")[0] if is_as_wanted else None


def _is_home(place: str, redirect: str) -> bool:
    """Tell whether a place is a registered URI, what a response adds and a loopback port aside."""
    bare, _, query = place.partition("#")[0].partition("?")
    own, _, own_query = redirect.partition("?")
    kept = [pair for pair in parse_qsl(query) if pair[0] not in _OF_RESPONSES]
    if urlencode(kept) != urlencode(parse_qsl(own_query)):
        return False
    return bare == own or (_without_port(bare) == _without_port(own) is not None)


def _without_port(url: str) -> str | None:
    """Return a loopback URI without its port, which may be any (RFC 8252 section 7.3)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.hostname not in _LOOPBACK or "@" in parts.netloc:
        return None
    return parts._replace(netloc=parts.hostname).geturl()
