"""Small servers of several shapes, with a door for delays: targets of the timing benchmark."""
