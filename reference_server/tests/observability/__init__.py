"""Tests of ``reference_server.observability``."""
