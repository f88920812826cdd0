"""API keys: whose a key is, how one is made, replaced and ended, and who may do so."""
