"""Tests of ``reference_server.serving``."""
