"""Ways to get a credential, which may stand in a profile for a value kept elsewhere.

``{ command = ["…"] }``, which prints it, and ``{ oauth = { … } }``, a grant at the target's own
authorization server. Both are carried out when a run begins, and again before what they gave ends.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 -- pydantic reads it
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, ValidationError, model_validator

from conformance.profile.sections import Names, Reason, Secret, Section

KINDS = ("command", "oauth")
"""What a table has alone that stands for a way to get a credential."""


class RefreshTokenFile(Section):
    """The file that holds a refresh token, alone or in what ``login`` wrote there.

    A server that rotates refresh tokens gives another with each use, which takes its place.
    """

    file: Path


LOGIN_COMMAND = "python -m conformance login"
"""What gets a tenant's refresh token by a browser."""


class OAuthGrant(Section):
    """A grant at the target's own authorization server, which is found by its metadata.

    ``grant`` is client_credentials, or refresh_token with a ``refresh_token`` in a file, which
    `python -m conformance login` writes. Without ``client_id`` the client is that of the file, or
    that of [authorization.client]. ``scope`` are scopes to ask for, by default those that were
    granted, or whatever the server gives.
    """

    grant: Literal["client_credentials", "refresh_token"]
    client_id: Reason | None = None
    client_secret: Secret | None = None
    scope: Names | None = None
    refresh_token: RefreshTokenFile | None = None

    @model_validator(mode="after")
    def _has_what_it_takes(self) -> Self:
        is_refresh = self.grant == "refresh_token"
        if is_refresh and self.refresh_token is None:
            raise ValueError(
                "has no refresh token; write refresh_token = { file = PATH }, which "
                f"{LOGIN_COMMAND} fills"
            )
        if not is_refresh and self.refresh_token is not None:
            raise ValueError('has a refresh token, which takes grant = "refresh_token"')
        if self.client_secret is not None and self.client_id is None:
            raise ValueError("has a client_secret, and no client_id whose it is; write both")
        return self


class Words(Section):
    """A command that prints a token, or JSON with access_token and expires_in (seconds)."""

    command: Annotated[tuple[str, ...], Field(min_length=1)]


class Way(Section):
    """A grant, as it stands in a profile."""

    oauth: OAuthGrant


Recipe = Words | OAuthGrant
"""How a credential is got."""


def is_recipe(table: Any) -> bool:
    """Tell whether a value of a profile is a way to get a credential."""
    return isinstance(table, dict) and set(cast("dict[str, Any]", table)) in (
        {one} for one in KINDS
    )


def recipe_of(table: dict[str, Any], folder: Path) -> Recipe:
    """Return the way that a table tells; ``folder`` is where its relative paths start.

    Raises ValueError with a sentence for one that is told wrongly.
    """
    try:
        if "command" in table:
            return Words.model_validate(table)
        grant = Way.model_validate(table).oauth
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        unknown = first["type"] == "extra_forbidden"
        said = "unknown key" if unknown else str(first["msg"]).removeprefix("Value error, ")
        raise ValueError(f"{place}: {said}") from None
    if grant.refresh_token is None:
        return grant
    path = folder / grant.refresh_token.file.expanduser()
    return grant.model_copy(update={"refresh_token": RefreshTokenFile(file=path)})


def to_be_got(entry: str) -> str:
    """Return what stands for a credential until it is got."""
    return f"<{entry} is to be got>"
