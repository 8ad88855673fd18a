"""Child processes of `openbell run`: started, watched, started again, stopped in order."""
