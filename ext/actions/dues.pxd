"""What is due to positions of dividends, and the sums of that over accounts."""

from libc.stdint cimport int64_t, uint32_t

from ext.layout cimport Market

# What is due to a position becomes so much more: its account's equity does, too.
cdef void add_due(Market* m, uint32_t position, int64_t amount) noexcept nogil
# The same of the sums alone.
cdef void sum_due(Market* m, uint32_t account, int64_t amount) noexcept nogil
