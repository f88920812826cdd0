"""LOG: what the server writes about itself."""
