"""Fees of fills, by the plan of an account: docs/ledger.md, "Fees"."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.bits cimport reserve_of
from ext.layout cimport Account, Market, Plan
from ext.saved cimport Reader, Writer
from ext.wire cimport AdminCommand, MAX_CASH

cdef inline int64_t fee_reserve(
    const Market* m, const Account* a, int64_t amount, uint32_t number,
) noexcept nogil:
    """What an account with a plan keeps back for the fees of so many open buy orders of that notional together."""
    cdef const Plan* plan = &m.plans[a.plan]
    return reserve_of(amount, plan.rate_reserve, number, plan.order_reserve, MAX_CASH)


# What both sides of a trade pay, their FILLs being told; each only where its account has a plan. flags: of the second
# one's FILL; in_auction, or else the first one is the maker.
cdef void charge_trade(
    Market* m, uint32_t first, uint32_t second, bint in_auction, uint32_t qty, int64_t price, uint64_t trade_id,
) noexcept nogil
cdef void set_fee(Market* m, const AdminCommand* c) noexcept nogil
cdef void charge(Market* m, const AdminCommand* c) noexcept nogil
cdef bytes fee_rows(const Market* m)
cdef void write_fees(Writer* w, const Market* m) noexcept nogil
cdef bint read_fees(Reader* r, Market* m) noexcept nogil
