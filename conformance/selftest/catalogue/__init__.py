"""Tests of `conformance/catalogue`."""
