"""Tests of ``reference_server.keys``."""
