"""What can go wrong in a replay that the person can mend."""


class ReplayError(ValueError):
    """A file, an argument or a market that does not fit; the text names it and says what to do."""


class FileError(ReplayError):
    """A file that cannot be read or written."""
