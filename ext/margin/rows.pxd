"""RiskRow, ExposureRow and MarginRow: docs/risk.md, "What an account is worth"."""

from libc.stdint cimport uint32_t

from ext.layout cimport Market
from ext.wire cimport RiskRow

cdef bytes risk_rows(Market* m)
cdef void risk_row(Market* m, uint32_t account, RiskRow* row) noexcept nogil
cdef bytes exposure_rows(const Market* m, uint32_t account)  # of one account, or of ANY
cdef bytes margin_rows(const Market* m)
