"""The tools, one a file. ``TOOLS`` is the registry: what is not in it cannot be called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.protocol.tools.account_health import AccountHealth
from reference_server.protocol.tools.get_metric import GetMetric
from reference_server.protocol.tools.list_metrics import ListMetrics
from reference_server.protocol.tools.ping import Ping
from reference_server.protocol.tools.raise_error import RaiseError

if TYPE_CHECKING:
    from reference_server.parts import Tool

TOOLS: tuple[Tool, ...] = (Ping(), AccountHealth(), ListMetrics(), GetMetric(), RaiseError())
