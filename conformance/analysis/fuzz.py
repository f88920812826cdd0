"""Generated JSON-RPC messages that are nearly right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = 40

_METHODS = (
    "initialize",
    "server/discover",
    "tools/list",
    "tools/call",
    "ping",
    "resources/read",
    "prompts/get",
    "completion/complete",
    "logging/setLevel",
    "notifications/cancelled",
    "notifications/initialized",
    "",
)


class BrokenError(Exception):
    """A message got an answer that no message may get."""


def messages() -> st.SearchStrategy[Any]:
    """Return a strategy for JSON values around JSON-RPC requests."""
    text = st.text(max_size=20)
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text
    values = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=8,
    )
    params = st.fixed_dictionaries(
        {}, optional={"name": values, "arguments": values, "_meta": values, "uri": values}
    )
    message = st.fixed_dictionaries(
        {"jsonrpc": st.sampled_from(("2.0", "1.0")) | values},
        optional={
            "id": values,
            "method": st.sampled_from(_METHODS) | text,
            "params": params | values,
        },
    )
    return message | st.lists(message, max_size=3) | values


def run_fuzz(strategy: st.SearchStrategy[Any], send: Callable[[Any], str]) -> str:
    """Send generated messages; return the shortest complaint ``send`` makes, or nothing."""
    complaints: list[str] = []

    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    @hypothesis.given(strategy)
    def play(message: Any) -> None:
        if complaint := send(message):
            complaints.append(complaint)
            raise BrokenError

    try:
        play()
    except BrokenError:
        return min(complaints, key=len)
    return ""
