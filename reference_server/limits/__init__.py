"""Request limits and the block of an address, in this process or shared through Redis."""
