"""Servers that break off, babble, flood, hang or lie: what a judge must survive and tell apart."""
