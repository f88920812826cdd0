"""What a caller is told of a failed tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference_server.context import RequestContext


def describe_failure(error: Exception, context: RequestContext) -> str:
    """Return a fixed sentence with the request id, by which the operator finds the details.

    Nothing of ``error`` goes in: its text may hold paths, SQL, or another system's token.
    """
    del error
    return f"The tool failed. The operator can find the cause by request id {context.request_id}."
