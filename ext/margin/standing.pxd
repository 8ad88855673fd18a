"""Of some accounts all that one who reduces their positions has to know: docs/liquidation.md."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t

from ext.layout cimport Market

# AccountRow and RiskRow of those that are set up and watched, in the order given, and PositionRow and ExposureRow of
# their positions that are not 0, by account as given and instrument.
cdef tuple standing_rows(Market* m, const uint32_t* accounts, size_t count)
