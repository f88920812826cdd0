"""Tests of ``reference_server.demo``."""
