"""Reads which issuers are trusted, from one TOML file: what is wrong there is told at the start."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 -- pydantic reads the annotations
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from reference_server.core.errors import ConfigurationError
from reference_server.core.toml import read_toml

Text = Annotated[str, Field(min_length=1, max_length=255)]
Seconds = Annotated[int, Field(ge=1, le=7 * 24 * 3600)]
_STRICT = ConfigDict(extra="forbid")


def _plain(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("write an https URL of a host")
    if parts.query or parts.fragment:
        raise ValueError("write it without query and fragment")
    return value


Url = Annotated[str, Field(max_length=512), AfterValidator(_plain)]


@dataclass(frozen=True, config=_STRICT)
class LoginClient:
    """What we are at an issuer by which browsers log in.

    ``secret`` names the file of ``--secrets`` with the client's secret; a public client has none.
    ``sign_up`` are the verified addresses of who may join without an invitation: ``@domain``, a
    whole address, or ``*`` for anybody.
    """

    client_id: Text
    redirect_uri: Url
    secret: Text | None = None
    scopes: tuple[Text, ...] = ("openid", "email", "profile")
    sign_up: tuple[Text, ...] = ()


@dataclass(frozen=True, config=_STRICT)
class AccessTokens:
    """Which access tokens of an issuer count here: for whom, of which clients, with which scope.

    Without ``clients`` those of any client of the issuer's do.
    """

    audience: Text
    clients: frozenset[Text] = frozenset()
    scope: Text | None = None


@dataclass(frozen=True, config=_STRICT)
class TrustedIssuer:
    """An issuer, and what it is trusted with. ``organization`` is the claim that names the tenant.

    Its key set is asked for again after ``fresh_seconds``, and for a key that is not in it once in
    ``refresh_seconds`` at most; while the issuer is out, it counts for ``outage_seconds``.
    """

    issuer: Url
    organization: Text
    access: AccessTokens | None = None
    login: LoginClient | None = None
    refresh_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 10
    fresh_seconds: Seconds = 300
    outage_seconds: Seconds = 24 * 3600


@dataclass(frozen=True, config=_STRICT)
class Issuers:
    """All of them. ``origins`` are those of issuers that may be at any address, without TLS too."""

    issuer: tuple[TrustedIssuer, ...] = ()
    origins: tuple[Url, ...] = ()


_issuers = TypeAdapter(Issuers)


def load_issuers(path: Path | None) -> Issuers:
    """Return the issuers of a file, none without one.

    ConfigurationError names the file, the entry and what to change.
    """
    if path is None:
        return Issuers()
    try:
        found = _issuers.validate_python(read_toml(path, "issuers", "--issuers"))
    except ValidationError as error:
        raise ConfigurationError(f"The issuers file {path}: {_first(error)}.") from None
    _check(found, path)
    return found


def _first(error: ValidationError) -> str:
    told: Any = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, told['loc']))}: {told['msg']}"


def _check(found: Issuers, path: Path) -> None:
    """Raise ConfigurationError for what no entry shows alone."""
    names = [one.issuer for one in found.issuer]
    if len(set(names)) != len(names):
        raise ConfigurationError(f"The issuers file {path}: an issuer stands twice.")
    if sum(one.login is not None for one in found.issuer) > 1:
        raise ConfigurationError(
            f"The issuers file {path}: [issuer.login] stands twice; browsers log in at one issuer."
        )
    for name in names:
        parts = urlsplit(name)
        if parts.scheme != "https" and f"{parts.scheme}://{parts.netloc}" not in found.origins:
            raise ConfigurationError(
                f"The issuers file {path}: {name} is without TLS; write https, or for a test on "
                "this machine add its origin to origins."
            )
