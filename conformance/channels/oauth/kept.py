"""Who a client is, and what a file keeps of it from one run to the next."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from conformance.profile.credentials import LOGIN_COMMAND

_LONGEST = 1 << 16
"""Characters of a file that holds a token."""
_LOGIN = f"run {LOGIN_COMMAND}, which writes it"


class TokenError(Exception):
    """No token could be got; the message says why, and what to do."""


@dataclass(frozen=True)
class Client:
    """A client as the authorization server knows it; a public one has no secret."""

    id: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Kept:
    """What a file keeps from one run to the next: a refresh token, and whose client's it is.

    ``client`` and ``issuer`` are None where the file has the token alone. ``registration`` are the
    URL and the token by which a client that registered itself is managed (RFC 7592).
    """

    refresh_token: str | None = field(repr=False)
    client: Client | None = None
    issuer: str | None = None
    registration: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def read(cls, path: Path) -> Kept:
        """Return what a file holds: a token alone, or JSON. TokenError where it holds neither."""
        try:
            text = path.read_text("utf-8")[:_LONGEST].strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise TokenError(f"{path}: cannot be read ({why}); {LOGIN_COMMAND} writes it") from None
        if not text.startswith("{"):
            if not text:
                raise TokenError(f"{path}: is empty; {_LOGIN}")
            return cls(text)
        try:
            told = cast("dict[str, Any]", json.loads(text))
        except ValueError:
            raise TokenError(f"{path}: is neither a token nor JSON; run {LOGIN_COMMAND}") from None
        texts = {name: value for name, value in told.items() if isinstance(value, str) and value}
        client = (
            Client(texts["client_id"], texts.get("client_secret")) if "client_id" in texts else None
        )
        managed = (texts.get("registration_client_uri"), texts.get("registration_access_token"))
        registration = (str(managed[0]), str(managed[1])) if all(managed) else None
        return cls(texts.get("refresh_token"), client, texts.get("issuer"), registration)

    @property
    def client_id(self) -> str:
        """The name of the client, for a sentence."""
        return "unknown" if self.client is None else self.client.id

    def write(self, path: Path) -> None:
        """Put it into a file of its owner's alone, whole or not at all. TokenError if it cannot."""
        entries = {
            "issuer": self.issuer,
            "client_id": self.client and self.client.id,
            "client_secret": self.client and self.client.secret,
            "refresh_token": self.refresh_token,
            "registration_client_uri": self.registration and self.registration[0],
            "registration_access_token": self.registration and self.registration[1],
        }
        is_bare = self.client is None and self.issuer is None
        kept = {name: value for name, value in entries.items() if value is not None}
        text = str(self.refresh_token) if is_bare else json.dumps(kept, indent=1)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, f"{text}\n")
        except OSError as error:
            raise TokenError(
                f"{path}: cannot be written ({error.strerror}), and the refresh token in it may be "
                f"used up; make it writable, and {_LOGIN}"
            ) from None


def _replace(path: Path, text: str) -> None:
    """Put a text in the place of a file: whoever reads it finds the one or the other whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
