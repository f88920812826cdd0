"""The issuer's keys: made when they are first asked for, exchanged, withdrawn, published."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from conformance.forge.jwt.published import forms_of
from conformance.forge.jwt.shape import written
from conformance.forge.jwt.signing import by_key, by_secret, jwk_of, new_key, strangers_key
from conformance.text.tokens import encoded
from conformance.world.issuer.minting import Mode, Recipe, Signer, changed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.forge.jwt.signing import Sign

ALGORITHMS = ("RS256", "ES256", "EdDSA")
_WEAK_BITS = 1024
_MOST_ADDED = 4
_BLOCK = 64 * 1024
ENORMOUS_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Key:
    """A key, the algorithm by which it signs, and the id by which it is found."""

    kid: str
    algorithm: str
    private: Any = field(repr=False)

    @cached_property
    def jwk(self) -> dict[str, str]:
        """Its public half, as it is published."""
        described = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        return {**jwk_of(self.private), **described}

    @property
    def sign(self) -> Sign:
        """What signs by it."""
        return by_key(self.private)


def _made(algorithm: str) -> Key:
    return Key(secrets.token_hex(8), algorithm, new_key(algorithm))


class Keys:
    """All keys of one issuer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # bounded: a key is made
        self._current: dict[str, Key] = {}
        self._former: list[Key] = []
        self._withdrawn: dict[str, Key] = {}
        self._added: dict[str, list[Key]] = {one: [] for one in ALGORITHMS}
        self._secret = secrets.token_bytes(32)

    def current(self, algorithm: str) -> Key:
        """Return the key that signs by an algorithm; ValueError for one that none signs by."""
        if algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm is none of {', '.join(ALGORITHMS)}")
        with self._lock:
            if algorithm not in self._current:
                self._current[algorithm] = _made(algorithm)
            return self._current[algorithm]

    def add(self, algorithm: str) -> Key:
        """Publish a new key beside those before it, by which only who asks for that signs.

        So nobody else is concerned. Of each algorithm the last few stay in the set.
        """
        self.current(algorithm)
        new = _made(algorithm)
        with self._lock:
            self._added[algorithm] = [*self._added[algorithm][1 - _MOST_ADDED :], new]
        return new

    def rotate(self, algorithm: str, *, keeps: bool) -> Key:
        """Sign by a new key from now on; the former stays in the set, or is withdrawn from it."""
        former, new = self.current(algorithm), _made(algorithm)
        with self._lock:
            self._current[algorithm] = new
            if keeps:
                self._former.append(former)
            else:
                self._withdrawn[algorithm] = former
        return new

    def signed(self, claims: Mapping[str, Any], kind: str, recipe: Recipe) -> str:
        """Return a token of some claims and a type, different as the recipe tells."""
        key = self.current(recipe.algorithm)
        algorithm, kid, sign = self._signer(key, recipe.signer)
        usual = {"alg": algorithm, "typ": kind, "kid": kid}
        head = encoded(written(changed(usual, recipe.header)))
        body = encoded(written(changed(claims, recipe.claims)))
        signature = b"" if sign is None else sign(algorithm, f"{head}.{body}".encode())
        return f"{head}.{body}.{encoded(signature)}"

    def _signer(self, key: Key, signer: Signer) -> tuple[str, str, Sign | None]:
        """Return the algorithm, the id and what signs."""
        if signer is Signer.NOBODY:
            return "none", key.kid, None
        if signer is Signer.PUBLIC:
            return "HS256", key.kid, by_secret(forms_of(key.jwk)["pem"])
        if signer is Signer.SYMMETRIC:
            return "HS256", Mode.SYMMETRIC.value, by_secret(self._secret)
        if signer in {Signer.STRANGER, Signer.UNKNOWN}:
            kid = key.kid if signer is Signer.STRANGER else secrets.token_hex(8)
            return key.algorithm, kid, by_key(strangers_key(key.algorithm))
        if signer is Signer.ADDED:
            key = (self._added[key.algorithm] or [key])[-1]
        elif signer is Signer.WITHDRAWN:
            key = self._withdrawn.get(key.algorithm, key)
        elif signer is Signer.WEAK:
            key = self._weak
        elif signer is Signer.ENCRYPTING:
            key = self._encrypting[key.algorithm]
        return key.algorithm, key.kid, key.sign

    def published(self, mode: Mode) -> list[dict[str, Any]]:
        """Return the keys of the set, as a mode has them."""
        right = [self.current(algorithm).jwk for algorithm in ALGORITHMS]
        with self._lock:
            right += [key.jwk for key in self._former]
            right += [key.jwk for added in self._added.values() for key in added]
        if mode is Mode.EMPTY:
            return []
        if mode is Mode.SYMMETRIC:
            shared = {"kty": "oct", "k": encoded(self._secret), "kid": mode.value, "alg": "HS256"}
            return [*right, shared]
        if mode is Mode.AMBIGUOUS:
            return [*map(_another, right), *right]
        if mode is Mode.WEAK:
            return [*right, self._weak.jwk]
        if mode is Mode.ENCRYPTING:
            return [*right, *({**key.jwk, "use": "enc"} for key in self._encrypting.values())]
        return right

    def enormous(self) -> Iterator[bytes]:
        """Yield a set of megabytes, in which the right keys stand last."""
        yield b'{"keys":['
        filler = written({"kty": "OKP", "crv": "Ed25519", "x": encoded(bytes(32)), "use": "sig"})
        sent, number = 0, 0
        while sent < ENORMOUS_BYTES:
            block = b""
            while len(block) < _BLOCK:
                number += 1
                block += filler[:-1] + f',"kid":"filler-{number}"}},'.encode()
            sent += len(block)
            yield block
        yield json.dumps(self.published(Mode.RIGHT)).encode()[1:-1] + b"]}"

    @cached_property
    def _weak(self) -> Key:
        return Key(Mode.WEAK.value, "RS256", new_key("RS256", _WEAK_BITS))

    @cached_property
    def _encrypting(self) -> dict[str, Key]:
        return {one: Key(f"{Mode.ENCRYPTING}-{one}", one, new_key(one)) for one in ALGORITHMS}


def _another(jwk: Mapping[str, str]) -> dict[str, str]:
    """Return a stranger's key that is called as one of the issuer's."""
    described = {name: jwk[name] for name in ("kid", "use", "alg")}
    return {**jwk_of(strangers_key(jwk["alg"])), **described}
