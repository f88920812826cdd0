"""Sections of a profile that name the target's routes beside MCP, and its headers."""

from __future__ import annotations

from pydantic import field_validator

from conformance.profile.requests import SignInRoute  # noqa: TC001 -- pydantic reads it
from conformance.profile.sections import AdminRequest, AdminRoute, Section


class Routes(Section):
    """Paths beside the MCP route; None where the target has no such route.

    ``rotate_key`` makes a tenant a new key and has those before it end after the grace: leave it
    out where single keys are rotated, by their ids. ``create_key`` has a key made that ends no
    other. A path alone is a POST to it of a JSON object
    with the tenant and a description, under the names of ``[fields.admin]``, as for ``rotate_key``.
    It and ``revoke_key`` may be tables, such as { method = "DELETE", path = "/v1/keys/{key_id}" }.
    ``auth`` is where people sign in: a path alone is a GET of it, a table any request, such as
    { method = "POST", path = "/login", form = { user = "nobody", password = "wrong" } }.
    """

    health: str | None = None
    rotate_key: str | None = None
    create_key: AdminRoute | None = None
    revoke_key: AdminRoute | None = None
    auth: SignInRoute | None = None

    def paths(self) -> dict[str, str]:
        """Return the paths of the routes that there are, by name."""
        found = {name: getattr(value, "path", value) for name, value in self}
        return {name: path for name, path in found.items() if path}

    @property
    def makes_keys(self) -> bool:
        """Whether an administrator can have a key made."""
        return bool(self.create_key or self.rotate_key)

    @field_validator("revoke_key")
    @classmethod
    def _names_a_key(cls, request: AdminRequest | None) -> AdminRequest | None:
        if request is not None and request.has_own_body and not request.names("key_id"):
            raise ValueError("does not say which key; put {key_id} in its path or its body")
        return request


class Headers(Section):
    """Names of the headers in play.

    ``api_key_scheme`` is a word before the key, as ``Bearer``.
    """

    api_key: str = "X-Api-Key"
    api_key_scheme: str = ""
    admin_token: str = "X-Admin-Token"  # noqa: S105 -- a header's name
    request_id: str = "X-Request-Id"
