"""Tests of ``reference_server.sessions``."""
