"""Tests of ``reference_server.core``."""
