"""Requests that a profile describes: method, path, and what stands in query, form or body."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, model_validator

from conformance.profile.sections import OwnPath, Section, with_a_path

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class DescribedRequest(Section):
    """One request. What ``filled_in`` names may stand in braces in its path and its texts."""

    filled_in: ClassVar[tuple[str, ...]] = ()

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: OwnPath
    query: dict[str, str] | None = None
    form: dict[str, str] | None = None
    body: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _is_one_request(self) -> Self:
        known = self.filled_in
        if odd := next((one for one in _PLACEHOLDER.findall(self.path) if one not in known), None):
            remedy = f"write {', '.join(known)} in braces" if known else "write the path itself"
            raise ValueError(f"{{{odd}}} is not filled in; {remedy}")
        if self.form is not None and self.body is not None:
            raise ValueError("has a form and a body; one request has one of them")
        if self.method == "GET" and (self.form is not None or self.body is not None):
            raise ValueError("is a GET, which has no body; write query, or another method")
        return self

    def names(self, placeholder: str) -> bool:
        """Tell whether something is filled in that has this name."""
        return f"{{{placeholder}}}" in f"{self.path} {self.query} {self.form} {self.body}"


class SignInRequest(DescribedRequest):
    """An attempt to sign in, with credentials that are made up."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"


SignInRoute = Annotated[
    SignInRequest, BeforeValidator(with_a_path, json_schema_input_type=str | SignInRequest)
]
