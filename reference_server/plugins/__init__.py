"""Tools of other programs: what one may be, what its process is given, and how it is held."""
