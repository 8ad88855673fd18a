"""What every benchmark uses: the machine, compiled bounds, child processes, the peers' environment."""


class Missing(Exception):
    """Something that the benchmark needs is not on this machine; the text says what to do."""
