"""Mail that tools send: composed, screened, handed to a provider, and what becomes of it."""
