"""Makes the token of a case: a valid one, changed as the case tells."""

from __future__ import annotations

import json
import secrets
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from conformance.forge.jwt.published import forms_of
from conformance.forge.jwt.shape import Token, spare_bits, written
from conformance.forge.jwt.signing import (
    UnsignableError,
    by_secret,
    by_stranger,
    jwk_of,
    strangers_key,
)
from conformance.forge.objects import nobodys_text
from conformance.text.tokens import decoded, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.forge.jwt.corpus import Case
    from conformance.forge.jwt.signing import Sign

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_PARTS = ("header", "claims", "signature")
_HOUR, _YEAR = 3600, 31_556_952


class LackingError(LookupError):
    """What a case needs is not there: a claim, a published key, an address, a signing key."""


@dataclass(frozen=True)
class Ring:
    """What tokens are forged with.

    ``now`` is the target's time. ``published`` are the target's public keys, as JWKs. ``origin``
    is a URL of the judge's at which no target may ask. ``sign`` signs with the target's own key,
    ``algorithm`` telling by which; ``names`` are what the target calls claims, by the usual names.
    """

    now: float
    published: tuple[Mapping[str, Any], ...] = ()
    origin: str | None = None
    sign: Sign | None = field(default=None, repr=False)
    algorithm: str | None = None
    names: Mapping[str, str] = field(default_factory=dict[str, str])

    def fresh(self, token: Token) -> dict[str, Any]:
        """Return a token's claims as of now: with the life it has, and an id of its own."""
        claims = {**token.claims}
        exp, iat, nbf, jti = (self.name(one) for one in ("exp", "iat", "nbf", "jti"))
        begun, since = claims.get(iat, claims.get(nbf)), int(self.now) - 1
        if _is_number(claims.get(exp)):
            is_told = _is_number(begun) and claims[exp] > begun
            claims[exp] = since + (int(claims[exp] - begun) if is_told else _HOUR)
        for name in (iat, nbf, "auth_time"):
            if _is_number(claims.get(name)):
                claims[name] = since
        if isinstance(claims.get(jti), str) and claims[jti]:
            claims[jti] = nobodys_text(claims[jti])
        return claims

    def name(self, claim: str) -> str:
        """Return what the target calls a claim."""
        return self.names.get(claim, claim)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def forged(case: Case, token: Token, ring: Ring) -> str:
    """Return the token of a case.

    Raises LackingError where the case cannot be made of this token, or is no other than it.
    """
    made = _made(case.made, token, ring)
    if made == token.text:
        raise LackingError("it is the valid token")
    return made


def minted(token: Token, ring: Ring, changes: Mapping[str, Any] | None = None) -> str:
    """Return a token like a valid one, as of now, signed by the target's key."""
    return _made({"sign": "key", **(changes or {})}, token, ring)


def _made(made: Mapping[str, Any], token: Token, ring: Ring) -> str:
    if "raw" in made:
        return made["raw"]
    if "flip" in made:
        return _flipped(token, *made["flip"])
    source, _, what = made.get("sign", "kept").partition(" ")
    claims = ring.fresh(token) if source == "key" else token.claims
    named = made.get("as", made.get("header", {}).get("alg", token.algorithm))
    scope = _Scope(token, ring, str(named))
    header = scope.merged(token.header, made.get("header", {}))
    if source == "key" and ring.algorithm and "alg" not in made.get("header", {}):
        header = {**header, "alg": ring.algorithm}
    renamed = {ring.name(name): value for name, value in made.get("claims", {}).items()}
    claims = scope.merged(claims, renamed)
    twice, is_last = scope.filled(made.get("twice", {})), bool(made.get("last"))
    head = encoded(_object(header, twice.get("header", {}), is_last=is_last))
    if "header" not in made and "twice" not in made and source != "key":
        head = token.parts[0]
    body = encoded(_object(claims, twice.get("claims", {}), is_last=is_last))
    if made.get("payload") == "token":
        body = encoded(token.text.encode())
    elif made.get("payload") == "deflated":
        body = encoded(zlib.compress(_object(claims, {}))[2:-4])
    elif "claims" not in made and "claims" not in made.get("twice", {}) and source != "key":
        body = token.parts[1]
    algorithm = str(made.get("as", header.get("alg")))
    signature = _signature(source, what, algorithm, f"{head}.{body}".encode(), scope)
    return _put_together(made.get("form", "<h>.<p>.<s>"), (head, body, signature), token)


def _object(members: Mapping[str, Any], more: Mapping[str, Any], *, is_last: bool = False) -> bytes:
    """Return a JSON object in which members may stand twice."""
    pairs = [*members.items(), *more.items()] if is_last else [*more.items(), *members.items()]
    texts = [f"{json.dumps(name)}:{written(value).decode()}" for name, value in pairs]
    return f"{{{','.join(texts)}}}".encode()


def _signature(source: str, what: str, algorithm: str, message: bytes, scope: _Scope) -> str:
    own = scope.token.parts[2]
    size = len(scope.token.signature)
    made: dict[str, Callable[[], str]] = {
        "kept": lambda: own,
        "empty": lambda: "",
        "random": lambda: encoded(secrets.token_bytes(size)),
        "zeros": lambda: encoded(bytes(size)),
        "ones": lambda: encoded(b"\xff" * size),
        "half": lambda: encoded(scope.token.signature[: size // 2]),
        "longer": lambda: encoded(scope.token.signature + b"\x00"),
        "reversed": lambda: encoded(scope.token.signature[::-1]),
        "text": lambda: what,
        "hex": lambda: encoded(bytes.fromhex(what)),
        "stranger": lambda: encoded(by_stranger(algorithm)(algorithm, message)),
        "hmac": lambda: encoded(by_secret(scope.secret(what))(algorithm, message)),
        "key": lambda: encoded(scope.sign(algorithm, message)),
    }
    try:
        return made[source]()
    except UnsignableError as error:
        raise LackingError(str(error)) from None


def _put_together(form: str, parts: tuple[str, str, str], token: Token) -> str:
    valid = token.parts
    values = {
        "<h>": parts[0],
        "<p>": parts[1],
        "<s>": parts[2],
        "<v>": token.text,
        "<v.h>": valid[0],
        "<v.p>": valid[1],
        "<v.s>": valid[2],
    }
    if "<v.s/standard>" in form:
        values["<v.s/standard>"] = valid[2].replace("-", "+").replace("_", "/")
    if "<v.s/spare>" in form:
        values["<v.s/spare>"] = _with_spare_bits(valid[2])
    for name, value in values.items():
        form = form.replace(name, value)
    return form


def _with_spare_bits(text: str) -> str:
    """Return base64 that decodes to the same bytes, and whose last character is another."""
    bits = spare_bits(text)
    if not bits:
        raise LackingError("the signature has no spare bits")
    last = _ALPHABET.index(text[-1])
    return text[:-1] + _ALPHABET[last ^ (1 << (bits - 1))]


def _flipped(token: Token, part: str, place: float, bit: int) -> str:
    """Return a token with one bit turned in the bytes that one of its parts encodes."""
    parts = list(token.parts)
    index = _PARTS.index(part)
    data = bytearray(decoded(parts[index]))
    data[min(len(data) - 1, int(place * len(data)))] ^= 1 << bit
    parts[index] = encoded(bytes(data))
    return ".".join(parts)


@dataclass(frozen=True)
class _Scope:
    """What stands for what is learned, in the values of a case."""

    token: Token
    ring: Ring
    algorithm: str

    def merged(self, own: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return a JSON object with members set; None removes one (RFC 7396)."""
        found = {**own, **{name: self.filled(value) for name, value in changes.items()}}
        removed = {name for name, value in changes.items() if value is None}
        return {name: value for name, value in found.items() if name not in removed}

    def filled(self, value: Any) -> Any:
        """Return a JSON value with what is learned in the place of what stands for it."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self.filled(one) for one in cast("list[Any]", value)]
        if isinstance(value, dict):
            table = cast("dict[str, Any]", value)
            name, argument = next(iter(table.items()), ("", None))
            if name.startswith("$"):
                return self._special(name[1:], argument)
            return {name: self.filled(one) for name, one in table.items()}
        return value

    def _text(self, value: str) -> str:
        for name in ("iss", "aud", "sub", "jti", "kid", "origin"):
            if f"{{{name}}}" in value:
                value = value.replace(f"{{{name}}}", self._learned(name))
        return value

    def _learned(self, name: str) -> str:
        if name == "origin":
            if self.ring.origin is None:
                raise LackingError("there is nowhere to listen")
            return self.ring.origin
        known = self.token.header if name == "kid" else self.token.claims
        found: Any = known.get(name if name == "kid" else self.ring.name(name))
        if isinstance(found, list) and found:
            found = cast("list[Any]", found)[0]
        if not isinstance(found, str) or not found:
            raise LackingError(f"the valid token has no {name}")
        return found

    def _special(self, name: str, argument: Any) -> Any:
        text = self.filled(argument)
        now = int(self.ring.now)
        known: dict[str, Callable[[], Any]] = {
            "now": lambda: now + argument,
            "float": lambda: now + argument + 0.5,
            "digits": lambda: str(now + argument),
            "milliseconds": lambda: (now + argument) * 1000,
            "years": lambda: now + argument * _YEAR,
            "swapcase": lambda: _other(text, text.swapcase()),
            "half": lambda: _other(text, text[: (len(text) + 1) // 2]),
            "nobody": lambda: nobodys_text(text),
            "jwk": self._strangers_jwk,
            "jwks": lambda: {"keys": [self._strangers_jwk()]},
            "null": lambda: None,
        }
        return known[name]()

    def _strangers_jwk(self) -> dict[str, Any]:
        if self.algorithm.startswith("HS"):
            return {"kty": "oct", "k": encoded(b"hallmark-hallmark-hallmark-hallm"), "use": "sig"}
        return {**jwk_of(strangers_key(self.algorithm)), "use": "sig", "alg": self.algorithm}

    def secret(self, what: str) -> bytes:
        """Return the secret that a case signs by: words, or a form of a published key."""
        kind, _, rest = what.partition(" ")
        if kind == "words":
            return self._text(rest).encode()
        if kind == "bytes":
            return bytes.fromhex(rest)
        if not self.ring.published:
            raise LackingError("the target publishes no key")
        found = forms_of(self.ring.published[0]).get(rest)
        if found is None:
            raise LackingError(f"the published key has no such form as {rest}")
        return found

    def sign(self, algorithm: str, message: bytes) -> bytes:
        """Sign with the target's own key."""
        if self.ring.sign is None:
            raise LackingError("the profile has no signing key")
        return self.ring.sign(self.ring.algorithm or algorithm, message)


def _other(real: str, changed: str) -> str:
    if real == changed:
        raise LackingError("it is as it was")
    return changed
