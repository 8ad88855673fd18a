"""RiskRow, ExposureRow and MarginRow: docs/risk.md, "What an account is worth"."""

from libc.stdint cimport uint32_t

from ext.layout cimport Market
from ext.wire cimport ExposureRow, RiskRow

cdef bytes risk_rows(Market* m, uint32_t account)  # of all, or of one that is set up: it has one, or none
cdef void risk_row(Market* m, uint32_t account, RiskRow* row) noexcept nogil
cdef void exposure_row(const Market* m, uint32_t k, ExposureRow* row) noexcept nogil  # of a position by its number
cdef bytes exposure_rows(const Market* m, uint32_t account)  # of one account, or of ANY
cdef bytes margin_rows(const Market* m)
