"""Tests of `conformance/manners`."""
