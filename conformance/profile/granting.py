"""Sections of ``[authorization]`` that tell what an authorization server declares of itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from conformance.profile.listening import Origin  # noqa: TC001 -- pydantic reads it
from conformance.profile.sections import Section


def _is_some(words: str) -> str:
    if not words.strip():
        raise ValueError("is empty, and stands on every page; write what the page says")
    return words


Words = Annotated[str, AfterValidator(_is_some)]


class Terms(Section):
    """How long what it gives is good for, and how much of it one address may have.

    A code ends ``code_seconds`` after it was given. A refresh token that was exchanged may be shown
    again for ``refresh_grace_seconds``, as a client does that lost the answer; 0 is not at all. One
    address may register ``registrations`` clients in ``registration_window_seconds``, which is
    judged only where it is named.
    """

    code_seconds: int = Field(default=600, gt=0, le=600)
    refresh_grace_seconds: int = Field(default=0, ge=0, le=300)
    registrations: int | None = Field(default=None, gt=0, le=200)
    registration_window_seconds: int = Field(default=3600, gt=0)


class Documents(Section):
    """How the judge shows client-id metadata documents to the authorization server.

    ``origin`` is one of this machine that the server was told it may fetch them from: all others
    like it are refused. It waits for a document no longer than ``seconds``, and takes none of more
    than ``most_bytes``.
    """

    origin: Origin
    seconds: float = Field(default=10, gt=0, le=10)
    most_bytes: int = Field(default=1 << 16, gt=0, le=1 << 20)
