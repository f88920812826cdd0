"""Turns one run record into documents that people and pipelines read."""

from __future__ import annotations

from reports.render import render_all

__all__ = ["render_all"]
