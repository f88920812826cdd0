"""Views of a few lines; the chain has run before any of them."""
