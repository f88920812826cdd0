"""The proof under pressure: two tenants at once, and what must still hold afterwards."""
