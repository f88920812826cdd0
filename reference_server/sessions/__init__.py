"""Session tokens: taken out of a request, verified, begun and ended; and a proxy's word."""
