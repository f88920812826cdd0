"""A proxy's word for a caller, as the profile describes it: signed, or spoilt in one way."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.forge.filling import with_filled_in
from conformance.text.tokens import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    def spoilt(self, other_tenant: str) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with a word, and the word: each time one thing."""
        window, own = self.form.window_seconds, secrets.token_urlsafe(16)
        other = replace(self, tenant=other_tenant, nonce=own)
        theirs = encoded(
            json.dumps(
                with_filled_in(self.form.payload, {"tenant": other_tenant}), separators=(",", ":")
            ).encode()
        )
        yield "signed with another secret", self.text(secret=secrets.token_urlsafe(32))
        yield "signed with an empty secret", self.text(secret="")
        yield "with an empty signature", self.text(signature="")
        yield "with a signature of zeros", self.text(signature="0" * len(self.signature()))
        yield "with half its signature", self.text(signature=self.signature()[:8])
        yield "with its identity changed to another tenant's", self.text(identity=theirs)
        yield "with another word's signature", self.text(signature=other.signature())
        for what, seconds in (("an hour", 3600), ("a little", window // 4 + 60)):
            yield f"{what} too old", replace(self, now=self.now - window - seconds).text()
            yield f"{what} too early", replace(self, now=self.now + window + seconds).text()
        if "{timestamp}" in self.form.format:
            yield "with its time changed", self.text(timestamp=str(int(self.now) + 1))
        if "{nonce}" in self.form.format:
            yield "with its nonce changed", self.text(nonce=own)

    def signature(self) -> str:
        """Return the signature of the word alone."""
        return replace(self, form=self.form.model_copy(update={"format": "{signature}"})).text()
