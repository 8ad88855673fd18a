"""Rows of some accounts and their positions, found one by one: the tables of all are long where there are many."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t

from cpython.bytes cimport PyBytes_AS_STRING

from ext.layout cimport IS_WATCHED, Market
from ext.ledger cimport find_position
from ext.margin.exposure cimport bring_up_to_date
from ext.margin.rows cimport exposure_row, risk_row
from ext.rows cimport account_row, position_row, room_for
from ext.wire cimport AccountRow, ExposureRow, PositionRow, RiskRow


cdef inline bint is_watched(const Market* m, uint32_t account) noexcept nogil:
    return account < m.account_top and m.accounts[account].is_set and m.accounts[account].flags & IS_WATCHED != 0


cdef inline uint32_t held(const Market* m, uint32_t account, uint32_t instrument) noexcept nogil:
    """The number of its position, if it has lots; else 0."""
    cdef uint32_t position = find_position(m, <uint64_t> instrument << 32 | account)
    return position if position and m.positions[position].qty else 0


cdef tuple standing_rows(Market* m, const uint32_t* accounts, size_t count):
    cdef uint64_t known = 0
    cdef uint64_t positions = 0
    cdef size_t k
    cdef uint32_t instrument, position
    cdef bytes account_bytes, risk_bytes, position_bytes, exposure_bytes
    cdef AccountRow* account_out
    cdef RiskRow* risk_out
    cdef PositionRow* position_out
    cdef ExposureRow* exposure_out
    bring_up_to_date(m)
    for k in range(count):
        if is_watched(m, accounts[k]):
            known += 1
            for instrument in range(m.instrument_top):
                positions += held(m, accounts[k], instrument) != 0
    account_bytes = room_for(known, sizeof(AccountRow))
    risk_bytes = room_for(known, sizeof(RiskRow))
    position_bytes = room_for(positions, sizeof(PositionRow))
    exposure_bytes = room_for(positions, sizeof(ExposureRow))
    account_out = <AccountRow*> PyBytes_AS_STRING(account_bytes)
    risk_out = <RiskRow*> PyBytes_AS_STRING(risk_bytes)
    position_out = <PositionRow*> PyBytes_AS_STRING(position_bytes)
    exposure_out = <ExposureRow*> PyBytes_AS_STRING(exposure_bytes)
    for k in range(count):
        if not is_watched(m, accounts[k]):
            continue
        account_row(m, accounts[k], account_out)
        risk_row(m, accounts[k], risk_out)
        account_out += 1
        risk_out += 1
        for instrument in range(m.instrument_top):
            position = held(m, accounts[k], instrument)
            if position:
                position_row(m, position, position_out)
                exposure_row(m, position, exposure_out)
                position_out += 1
                exposure_out += 1
    return account_bytes, risk_bytes, position_bytes, exposure_bytes
