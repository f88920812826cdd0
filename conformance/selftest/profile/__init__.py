"""Tests of `conformance/profile`."""
