"""Tests of ``reference_server.db``."""
