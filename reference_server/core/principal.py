"""Who a request acts for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True)
class Principal:
    """Who a request acts for, whatever scheme proved it.

    ``key_id`` is the row in ``api_keys`` that proved it.
    """

    tenant_id: UUID
    key_id: UUID
