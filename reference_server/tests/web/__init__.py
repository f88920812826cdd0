"""Tests of ``reference_server.web``."""
