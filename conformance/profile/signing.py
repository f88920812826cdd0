"""The profile's entries of how session tokens are signed, begun, carried and ended."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from conformance.profile.requests import DescribedRequest
from conformance.profile.sections import AdminRequest, Secret, Section, several, with_a_path

_SYMMETRIC = "HS"
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""Of what credentials are made (RFC 9110 section 11.2)."""


class Signing(Section):
    """The key by which the target's tokens are signed, so that the judge can sign others.

    ``secret`` is that of HS256, HS384 and HS512; ``private_key`` the PEM of all other algorithms.
    What else a token holds is learned from a valid one: ``algorithm`` and the claims' names need
    be told only where they are not the usual ones. ``claims_decide`` tells that a tenant's rights
    are taken from the claims alone, so that a token of a user unknown to the target counts.
    """

    secret: Secret | None = None
    private_key: Secret | None = None
    algorithm: str | None = None
    issuer: str = "iss"
    audience: str = "aud"
    subject: str = "sub"
    expiry: str = "exp"
    not_before: str = "nbf"
    issued_at: str = "iat"
    identity: str = "jti"
    claims_decide: bool = False

    @model_validator(mode="after")
    def _is_one_key(self) -> Self:
        if (self.secret is None) == (self.private_key is None):
            raise ValueError("write secret (HS256 and its like) or private_key (PEM), one of them")
        if self.algorithm and self.algorithm.startswith(_SYMMETRIC) != (self.secret is not None):
            raise ValueError(f"{self.algorithm} is not signed by that kind of key")
        return self


class ProxyIdentity(Section):
    """An identity that a proxy in front has verified, and signs into its header.

    ``format`` is the header's value, in which are filled in: ``{identity}``, which is ``payload``
    as base64url; ``{timestamp}``, seconds since 1970; ``{nonce}``, random; and ``{signature}``, the
    HMAC (``algorithm``) under ``secret`` of what ``signed`` becomes, in ``encoding``. In that,
    ``{method}`` and ``{path}`` are those of the request, and in texts of ``payload`` (JSON)
    ``{tenant}`` is the tenant's id. ``window_seconds`` is how old it may be.
    """

    secret: Secret
    format: str = "{identity}.{timestamp}.{nonce}.{signature}"
    signed: str = "{identity}.{timestamp}.{nonce}"
    payload: dict[str, Any] = Field(default_factory=lambda: {"tenant": "{tenant}"})
    algorithm: Literal["sha256", "sha384", "sha512"] = "sha256"
    encoding: Literal["hex", "base64url"] = "hex"
    window_seconds: int = Field(default=300, gt=0)

    @field_validator("format")
    @classmethod
    def _is_signed(cls, value: str) -> str:
        if "{signature}" not in value:
            raise ValueError("has no {signature}: say where it stands")
        return value


class Way(Section):
    """A way by which a credential comes: ``header``, with ``scheme`` before it, or ``cookie``.

    ``proxy`` describes what a header holds that carries no token but what a proxy signs. Where a
    refusal names what is wrong, ``missing`` is its word for a way by which nothing came,
    ``malformed`` for one by which no token could be read, ``lacking`` for cookies of other names.
    """

    header: str | None = None
    scheme: str = ""
    cookie: str | None = None
    proxy: ProxyIdentity | None = None
    missing: str | None = None
    malformed: str | None = None
    lacking: str | None = None

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if (self.header is None) == (self.cookie is None):
            raise ValueError("write header or cookie, one of them")
        if self.cookie is not None and (self.scheme or self.proxy is not None):
            raise ValueError("a cookie has neither scheme nor proxy")
        if self.cookie is None and self.lacking is not None:
            raise ValueError("lacking is a word for cookies")
        return self

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"{'cookie' if self.cookie else 'header'} {self.title}"

    @property
    def title(self) -> str:
        """The name of its header or its cookie."""
        return self.cookie or self.header or ""

    @property
    def place(self) -> str:
        """The header field by which it comes."""
        return self.header or "Cookie"

    def carries(self, credential: str) -> bool:
        """Tell whether a text stays itself on this way.

        Readers of cookies end a value at a blank or a semicolon, take it out of its quotes, and
        decode what is percent-encoded (RFC 6265 section 4.1.1).
        """
        return self.cookie is None or _TOKEN68.fullmatch(credential) is not None

    def field(self, credential: str) -> tuple[str, str]:
        """Return the header field that carries a credential.

        HTTP trims what is blank at a field's end, so an empty one leaves the scheme alone.
        """
        if self.cookie is not None:
            return "Cookie", f"{self.cookie}={credential}"
        return self.place, f"{self.scheme} {credential}".rstrip(" ") if self.scheme else credential


class SessionRequest(DescribedRequest):
    """A request that begins a session with a tenant's key: that is sent as keys are."""


SessionRoute = Annotated[
    SessionRequest, BeforeValidator(with_a_path, json_schema_input_type=str | SessionRequest)
]
EndRoute = Annotated[
    AdminRequest, BeforeValidator(with_a_path, json_schema_input_type=str | AdminRequest)
]


Ways = Annotated[
    tuple[Way, ...],
    BeforeValidator(several, json_schema_input_type=Way | tuple[Way, ...]),
]
"""`[sessions.ways]`, or `[[sessions.ways]]` once for each, in the order in which they count."""


class Preset(Section):
    """What a server that is started with ``words`` looks at: some of the ways, in their order.

    ``ways`` names each by its header or its cookie; all others say nothing there.
    """

    words: tuple[str, ...]
    ways: tuple[str, ...] = Field(min_length=1)


class Sessions(Section):
    """Session tokens that the target issues beside its tenants' keys.

    ``start`` begins a session with a tenant's key, and answers with the token in the field
    ``token``; a.b is what the object in a has under b. ``end`` ends the session of the token that
    it is sent with. ``ways`` are those by which a token comes, in the order in which they count;
    without any, it comes as keys do. What holds of a token is looked at by each of them.
    ``presets`` are usual choices of ways that a start can be told, by their names: the judge starts
    the target with each of them, by [channels.launch].
    """

    start: SessionRoute | None = None
    token: str = "token"  # noqa: S105 -- a field's name
    end: EndRoute | None = None
    ways: Ways = ()
    none: str | None = None
    presets: dict[str, Preset] | Literal[False] = False

    @model_validator(mode="after")
    def _has_the_ways_of_presets(self) -> Self:
        known = {way.title for way in self.ways}
        for name, preset in (self.presets or {}).items():
            if odd := [one for one in preset.ways if one not in known]:
                raise ValueError(
                    f"presets.{name}: {odd[0]} is no header or cookie of [[sessions.ways]]"
                )
        return self

    @property
    def several_ways(self) -> bool:
        """Whether a credential may come by more than one."""
        return len(self.ways) > 1
