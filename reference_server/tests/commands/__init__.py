"""Tests of ``reference_server.commands``."""
