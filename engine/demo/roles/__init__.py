"""What the participants of the demo do, one role a file."""
