"""A proxy's word for a caller, as the profile describes it: signed, or spoilt in one way."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from conformance.forge.filling import with_filled_in
from conformance.text.tokens import encoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.profile.signing import ProxyIdentity


@dataclass(frozen=True)
class Word:
    """A word for somebody of a tenant, in a request of ``method`` for ``path``, as of ``now``."""

    form: ProxyIdentity
    tenant: str
    now: float
    method: str = "POST"
    path: str = "/mcp"
    nonce: str = ""

    def text(self, secret: str | None = None, **changed: str) -> str:
        """Return the header's value; what is ``changed`` is so after the signature was made."""
        told = json.dumps(
            with_filled_in(self.form.payload, {"tenant": self.tenant}), separators=(",", ":")
        )
        values = {
            "identity": encoded(told.encode()),
            "timestamp": str(int(self.now)),
            "nonce": self.nonce or secrets.token_urlsafe(16),
            "method": self.method,
            "path": self.path,
        }
        signed: str = with_filled_in(self.form.signed, values)
        key = self.form.secret if secret is None else secret
        digest = hmac.digest(key.encode(), signed.encode(), self.form.algorithm)
        values["signature"] = digest.hex() if self.form.encoding == "hex" else encoded(digest)
        return with_filled_in(self.form.format, {**values, **changed})

    def identity(self) -> str:
        """Return whom it is for, alone."""
        return self._part("{identity}")

    def signature(self) -> str:
        """Return the signature of the word alone."""
        return self._part("{signature}")

    def _part(self, name: str) -> str:
        return replace(self, form=self.form.model_copy(update={"format": name})).text()


def ways_to_spoil(form: ProxyIdentity, other_tenant: str) -> dict[str, Callable[[Word], str]]:
    """Return what can be wrong with a word, and what makes a right one wrong in that alone."""

    def another(word: Word) -> Word:
        return replace(word, tenant=other_tenant, nonce=secrets.token_urlsafe(16))

    def theirs(word: Word) -> str:
        return word.text(identity=another(word).identity())

    def of_another(word: Word) -> str:
        return word.text(signature=another(word).signature())

    def shifted(word: Word, seconds: float) -> str:
        return replace(word, now=word.now + seconds).text()

    found: dict[str, Callable[[Word], str]] = {
        "signed with another secret": lambda word: word.text(secret=secrets.token_urlsafe(32)),
        "signed with an empty secret": lambda word: word.text(secret=""),
        "with an empty signature": lambda word: word.text(signature=""),
        "with a signature of zeros": lambda word: word.text(signature="0" * len(word.signature())),
        "with half its signature": lambda word: word.text(signature=word.signature()[:8]),
        "with its identity changed to another tenant's": theirs,
        "with another word's signature": of_another,
    }
    for what, seconds in (("an hour", 3600), ("a little", form.window_seconds // 4 + 60)):
        away = form.window_seconds + seconds
        found[f"{what} too old"] = partial(shifted, seconds=-away)
        found[f"{what} too early"] = partial(shifted, seconds=away)
    if "{timestamp}" in form.format:
        found["with its time changed"] = lambda word: word.text(timestamp=str(int(word.now) + 1))
    if "{nonce}" in form.format:
        found["with its nonce changed"] = lambda word: word.text(nonce=secrets.token_urlsafe(16))
    return found
