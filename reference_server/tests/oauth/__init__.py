"""Tests of ``reference_server.oauth``."""
