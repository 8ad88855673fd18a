"""What matching would trade: docs/orders.md, "Dry run"."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.layout cimport Instrument, Market

# Lots that an order which is nowhere would trade now, up to a limit; may stop once it is `enough`. Changes nothing.
cdef uint64_t dry_run(Market* m, const Instrument* i, uint32_t slot, int64_t limit, uint64_t enough) noexcept nogil
