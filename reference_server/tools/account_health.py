"""The tool `get_account_health`: a stub with a validated interface."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.tools.contracts import Caller

PLATFORMS = ("google", "meta", "tiktok")
DATE_RANGES = ("last_7_days", "last_30_days", "last_90_days")


def _schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "platform": {"type": "string", "enum": list(PLATFORMS)},
            "dateRange": {"type": "string", "enum": list(DATE_RANGES)},
        },
        "required": ["platform", "dateRange"],
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class AccountHealth:
    """Answers zeros, marked as a stub: no advertising platform is connected."""

    name: str = "get_account_health"
    description: str = "Spend, ROAS, CPA and CTR of an advertising account over a date range."
    input_schema: dict[str, Any] = field(default_factory=_schema)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return ``{platform, dateRange, metrics, _stub}``; the arguments are validated before."""
        del caller
        return {
            "platform": arguments["platform"],
            "dateRange": arguments["dateRange"],
            "metrics": {"spend": 0, "roas": 0, "cpa": 0, "ctr": 0},
            "_stub": True,
        }
