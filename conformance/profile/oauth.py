"""The profile's entries of flows to a platform: how they are begun and finished."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from conformance.profile.requests import DescribedRequest
from conformance.profile.sections import Section, with_a_path


class OAuthRequest(DescribedRequest):
    """A request of a flow; ``{platform}``, ``{state}`` and ``{code}`` are filled in.

    They may stand in the path and in the texts of ``query``, ``form`` and ``body`` (JSON). The code
    is made up. What finishes a flow and says nothing of a state has it in the query of a GET beside
    the code, and in the JSON object of a POST.
    """

    filled_in = ("platform", "state", "code")

    @property
    def shows_the_state(self) -> bool:
        """Whether the state stands in its URL, which servers log."""
        is_default = self.method == "GET" and not self.names("state")
        return is_default or "{state}" in f"{self.path} {self.query}"


OAuthRoute = Annotated[
    OAuthRequest, BeforeValidator(with_a_path, json_schema_input_type=str | OAuthRequest)
]


class OAuth(Section):
    """Routes that start and finish a flow to a platform, with a tenant's key.

    A path alone is a POST to it; a table is any request, such as { method = "GET", path =
    "/connect/{platform}/callback" }. ``{platform}`` is filled in. The first answers with a redirect
    or a URL that asks the platform for a code, or with fields that tell the state and the PKCE
    challenge. ``finished`` is what only the answer to a finished flow has, in the ``Location`` of a
    redirect or in its body, where the status does not tell. ``states_table`` is where an auditor
    finds what is remembered of open flows, ``verifier_column`` where each verifier stands if it is
    not sealed. Expired rows are gone ``cleanup_seconds`` after their end.
    """

    start: OAuthRoute
    finish: OAuthRoute
    platforms: tuple[str, str]
    state_field: str = "state"
    challenge_field: str = "codeChallenge"
    method_field: str = "codeChallengeMethod"
    finished: str | None = Field(default=None, min_length=1)
    state_seconds: int = Field(default=600, gt=0)
    cleanup_seconds: int = Field(default=300, gt=0)
    states_table: str | None = None
    verifier_column: str | None = None
