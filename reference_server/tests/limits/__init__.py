"""Tests of ``reference_server.limits``."""
