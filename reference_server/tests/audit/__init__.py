"""Tests of ``reference_server.audit``."""
