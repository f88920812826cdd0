"""The resources, one family a file. ``RESOURCES`` is the registry of what can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.resources.metrics import MetricResources

if TYPE_CHECKING:
    from reference_server.resources.contracts import ResourceFamily

RESOURCES: tuple[ResourceFamily, ...] = (MetricResources(),)
