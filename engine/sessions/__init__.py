"""Sessions: which phase an instrument is in at which time, and the commands that take it there."""
