"""Tests of issuers, logins and members."""
