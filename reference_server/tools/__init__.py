"""The tools, one a file. ``TOOLS`` are those that need nothing: ``wiring`` adds the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.tools.account_health import AccountHealth
from reference_server.tools.count_metrics import CountMetrics
from reference_server.tools.forget_metrics import ForgetMetrics
from reference_server.tools.get_metric import GetMetric
from reference_server.tools.list_api_keys import ListApiKeys
from reference_server.tools.list_metrics import ListMetrics
from reference_server.tools.ping import Ping
from reference_server.tools.raise_error import RaiseError
from reference_server.tools.refresh_metric import RefreshMetric

if TYPE_CHECKING:
    from reference_server.tools.contracts import Tool

TOOLS: tuple[Tool, ...] = (
    Ping(),
    AccountHealth(),
    ListMetrics(),
    GetMetric(),
    RefreshMetric(),
    ForgetMetrics(),
    CountMetrics(),
    RaiseError(),
    ListApiKeys(),
)
