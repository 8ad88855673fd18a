"""The commands of operators and of the configuration. Not hot; everything they refuse changes nothing."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.layout cimport Account, Market
from ext.wire cimport AdminCommand

cdef extern from *:
    """
    #define OB_INT32_MAX 2147483647LL
    #define OB_MAX_STEP (1LL << 20)
    #define OB_MAX_HELD (1LL << 61)
    #define OB_MAX_LOTS (1LL << 40)
    """
    const int64_t INT32_MAX "OB_INT32_MAX"
    const int64_t MAX_STEP "OB_MAX_STEP"  # tick and lot size
    const int64_t MAX_HELD "OB_MAX_HELD"  # of a position that operators make
    const int64_t MAX_LOTS "OB_MAX_LOTS"  # of one deposit, and of a position limit

cdef enum:
    INDEX_OF_FLAGS = 8  # in VALUE rejects


cdef struct Range:
    int64_t low
    int64_t high


cdef bint opens_market(const AdminCommand* c) noexcept nogil
# False: no memory for a CONFIGURE; nothing was changed
cdef bint admin(Market* m, const AdminCommand* c) noexcept nogil

# What commands in files of their own are made of.
cdef int64_t value_of(const AdminCommand* c, int index) noexcept nogil
# ADMIN_REJECTED; always False. index: of the value.
cdef bint reject(
    Market* m, const AdminCommand* c, uint8_t check, uint64_t index, int64_t limit, int64_t value, int64_t headroom,
) noexcept nogil
cdef bint value_is_within(Market* m, const AdminCommand* c, int index, int64_t low, int64_t high) noexcept nogil
# The same of 0..most, of values whose index is another one in rejects.
cdef bint is_up_to(Market* m, const AdminCommand* c, uint64_t index, int64_t value, int64_t most) noexcept nogil
cdef bint account_is_known(Market* m, const AdminCommand* c) noexcept nogil
cdef bint instrument_is_known(Market* m, const AdminCommand* c) noexcept nogil
# An event of the market.
cdef void answer(
    Market* m, const AdminCommand* c, uint8_t kind, uint8_t reason, uint32_t instrument, int64_t price,
) noexcept nogil
# An event of the account.
cdef void answer_account(
    Market* m, const AdminCommand* c, uint8_t kind, uint8_t reason, uint32_t instrument, int64_t amount,
    int64_t balance,
) noexcept nogil
# MASS_CANCELED of an operator, which counts in no account.
cdef void answer_canceled(
    Market* m, const AdminCommand* c, uint32_t account, uint32_t instrument, uint32_t count,
) noexcept nogil
# What a value comes to: KEEP leaves what is there.
cdef int64_t kept(const AdminCommand* c, int index, int64_t present) noexcept nogil
# A limit of 0 is none, and none goes beyond what there is at all.
cdef int64_t in_force(int64_t limit, int64_t without) noexcept nogil
# Whether nobody else of a kind (Named) has that name; an empty one belongs to nobody, and is refused.
cdef bint name_is_free(Market* m, const AdminCommand* c, uint32_t kind, uint32_t id, const char* name) noexcept nogil
cdef bint currency_has_room(Market* m, const AdminCommand* c, int64_t currency) noexcept nogil
