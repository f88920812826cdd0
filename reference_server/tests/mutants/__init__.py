"""Tests of ``reference_server.mutants``."""
