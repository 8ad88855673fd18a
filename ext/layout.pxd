"""Every struct of the core's state, once. Sizes are those of cache lines where it matters.

Index 0 of orders and pages means "none". A level is named by a level id: page index << 6 | place in the page.
A price's index is price / tick_size; its page number is index >> 6.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.borrow.layout cimport Borrowing
from ext.cash.layout cimport CashRules
from ext.daytrading.layout cimport DayTrades
from ext.desks.layout cimport Desks
from ext.keys.layout cimport Keys
from ext.wire cimport AmendmentRow, WithdrawalRow


cdef struct Order:  # 64 bytes; the first 48 lie as in its events from their kind on
    uint8_t unused          # an event's kind
    uint8_t side
    uint16_t unused2        # reason and flags
    uint32_t account
    uint32_t instrument
    uint32_t level          # level id; 0 when it does not rest (an event's qty)
    uint64_t order_id       # generation << 32 | slot; of a free slot: that of the order which comes there next
    uint64_t client_order_id
    int64_t price
    uint32_t leaves
    uint32_t filled
    uint32_t position       # number of its position
    uint8_t order_type      # from here on as in an OrderCommand
    uint8_t tif
    uint8_t flags
    uint8_t self_trade
    uint32_t special        # 0: an order of the book without an Extra; else IS_SPECIAL and further bits, see there
    uint32_t session        # that entered it


cdef struct Node:  # of an order in a tree: see tree.pxd, and of a peg's trees pegs.pxd
    int64_t key
    uint32_t left
    uint32_t right


cdef struct Extra:  # of the order in the same slot, while `special` is not 0: 128 bytes that plain orders never touch
    Node nodes[3]           # by Branch
    uint64_t rank           # orders with equal keys: lower is earlier
    uint64_t accepted       # number of its acceptance among special orders
    int64_t stop_price      # of a peg: its cap as it was asked for last; 0: none
    int64_t offset
    int64_t discretion
    int64_t water           # of a trailing stop, as it was when it came to its tide; of a peg in DARK: its cap's key
    uint32_t reserve        # lots of an iceberg that are not shown; they are not among the order's leaves
    uint32_t display_qty
    uint32_t min_qty
    uint32_t group
    uint32_t self_trade_group
    uint8_t modes
    uint8_t peg
    uint16_t key            # with OF_KEY: its number
    uint32_t queue_next     # in the queue of the market; of a trailing stop in STOP: its tide
    uint32_t queue_prev


cdef enum Branch:  # which of an order's nodes; a tree is made of nodes of one branch
    BY_PLACE                # what its place sorts by
    BY_TURN                 # where the market makes it change: a trailing stop's water, a peg's cap; in CALL: by rank
    BY_EXPIRY


cdef enum:  # bits of Order.special
    IS_SPECIAL = 1
    NEEDS_CARE = 2          # in the book: an iceberg, a discretionary, reduce-only, tied or key's order
    IS_QUEUED = 4           # in the queue of the market
    IS_DISCRETIONARY = 8    # in the book, and in the tree of those with discretion
    PLACE_SHIFT = 8         # Place from this bit on
    PLACE_BITS = 7 << 8
    HAS_TIE = 1 << 16       # to other orders, or had one: its Tie says something
    IS_PARENT = 1 << 17     # orders wait for its end
    COUNTS_NOT = 1 << 18    # among open lots: another one of its ring does
    TIE_BITS = 7 << 16      # those three; the next ones last no longer than a command
    MUST_END = 1 << 19      # in the queue of the market, to be cancelled
    ACTIVATES = 1 << 20     # in the queue of the market: its parent has ended
    OF_KEY = 1 << 21        # whose sessions have limits: docs/session-limits.md


cdef struct Tie:  # of the order in the same slot, with HAS_TIE: docs/linked.md
    uint32_t next           # of its ring; itself: alone
    uint32_t prev
    uint32_t parent         # whose end it waits for
    uint32_t child          # of a parent: one of the ring that waits


cdef struct Tide:  # trailing stops with one water mark: see tides.pxd
    uint32_t front          # the first that is met; its key in the tree of marks says the mark
    uint32_t rest           # the others, by distance; of a free tide: the next free one
    uint32_t count


cdef struct Sorted:  # a tree with its front at hand: see tree.pxd
    uint32_t root
    uint32_t front          # 0: it is empty
    int64_t key             # of the front


cdef struct PegTree:  # pegs of a side and a kind, by offset or by cap: see pegs.pxd
    uint32_t root
    uint32_t found          # the first order whose measure is at least a bound; 0: there is none
    int64_t key             # of it
    int64_t measure         # of it; this is so up to this bound ...
    int64_t before          # ... from above this one, which no measure in front of it is larger than


cdef struct Unseen:  # of an instrument: its orders that are not in the book, and its auction; whole cache lines
    uint64_t knows_nearest  # 1: until a displayed best price or anything in the dark changes, these hold:
    int64_t[2] nearest      # keys of the best prices, by side, at which anything but the book may be met
    uint32_t is_moved       # noted down for the recheck
    uint32_t dark_count     # orders in DARK, and discretionary ones
    uint32_t peg_counts[2]  # pegs in DARK, by side
    uint32_t first          # list of unseen orders, linked by Link.next and prev
    uint32_t last
    uint32_t count
    uint8_t auction_kind
    uint8_t state_after
    uint8_t reason          # of a halt
    uint8_t ways            # bits of Way but HAS_DARK
    uint64_t unused

    Sorted hidden[2]        # dark orders with a price of their own, best first
    Sorted discretions[2]   # displayed orders by price with discretion, most generous first

    PegTree pegs[2][6]      # by side; of each Peg kind those by offset, then those by cap

    uint32_t stops[2]       # by stop price, those met first in front
    uint32_t waters[2][2]   # by side and kind, fronts of the tides of trailing stops by their water mark
    uint32_t calls[2]       # orders of auctions, best first
    uint32_t markets[2]     # those of them that are MARKET or MARKET_TO_LIMIT, by rank
    int64_t auction_ns      # as it is told; 0: not set
    int64_t ends_ns         # when it is held: auction_ns, or later where the end is random
    int64_t next_indicative_ns

    int64_t extension_price  # of the last extension that had one, since the call
    uint32_t extensions     # since the call
    uint32_t extension_reason  # of the last one
    uint64_t unused2[6]


cdef struct Further:  # the second half of a SpecialCommand
    int64_t stop_price
    int64_t offset
    int64_t expire_ns
    int64_t discretion
    uint32_t display_qty
    uint32_t min_qty
    uint32_t group
    uint32_t self_trade_group
    uint8_t modes
    uint8_t peg
    uint8_t role
    uint8_t unused
    uint32_t unused2
    uint64_t link_id


cdef struct Link:  # an order's neighbours, apart from it: 16 bytes of each stay in a nearer cache than 64
    uint32_t next           # in its level's queue; of a free slot: the next free one
    uint32_t prev
    uint32_t newer          # in its account's list
    uint32_t older


cdef struct Level:  # 32 bytes, so that none lies across two cache lines
    uint32_t head
    uint32_t unused
    uint32_t tail           # written together with count
    uint32_t count
    uint64_t qty
    uint64_t reserve        # of its icebergs, not shown


cdef struct Page:  # its 64 levels are levels[page << 6] and on
    uint64_t bits           # which levels have orders
    int64_t number
    uint32_t instrument
    uint32_t next_free
    uint64_t unused


cdef struct FarPage:
    int64_t number
    uint32_t page


cdef struct Instrument:  # 256 bytes: what every order needs in the first two cache lines
    uint8_t is_set          # together with state: see IS_OPEN
    uint8_t state
    uint8_t way             # 0: orders go the short way; else bits of Way
    uint8_t touched         # its top was noted down in this command
    uint32_t best_level[2]  # level ids of the best prices, by side; 0: none
    uint32_t page_count
    int64_t best[2]         # their keys: see levels.pxd; FAR_AWAY: none
    int64_t tick_size
    uint64_t tick_magic     # price / tick_size = mulhi(2 x price, tick_magic)
    int64_t multiplier      # cash units a price unit and lot: lot_size x 100
    int64_t base            # number of the first page of the window

    int64_t lowest[2]       # prices that an order of a side may have: from here on
    uint64_t span[2]        # so many more; the collar bounds buys above and sells below
    int64_t max_order_qty   # in force: MAX_QTY where none is set
    int64_t max_order_notional
    uint64_t orders
    uint64_t trades

    int64_t reference_price
    uint64_t volume
    FarPage* far            # pages outside of the window, ascending
    uint32_t far_hits
    uint32_t far_count
    uint32_t far_room
    uint32_t lot_size
    int64_t collar_bps
    int64_t calm_low        # trades at prices from here on ...
    uint64_t calm_span      # ... and so far above meet no stop and move no water mark

    int64_t before_price[2]  # top before the command, while touched
    uint64_t before_qty[2]
    uint32_t before_orders[2]
    int64_t band_lower      # of price bands, see docs/bands.md; 0: none
    int64_t band_room       # from their upper end to MAX_PRICE
    uint32_t set_max_order_qty
    uint32_t unused


cdef enum:
    TICK_STEPS = 4
    AUCTION_KINDS = 4
    SETTLE_DAYS = 4
    FEES = 8                # components of a plan
    PLANS = 256             # 0: none
    CURRENCIES = 8
    HOUSE_ACCOUNTS = 16


cdef enum Way:  # why orders of an instrument take the long way
    HAS_DARK = 1            # something rests in the dark
    SHORT_RESTRICTED = 2
    HAS_TICKS = 4           # by price
    NOT_EASY = 8            # to borrow: docs/borrow.md


cdef struct Extension:  # of auctions of a kind: docs/auctions.md
    int64_t extension_ns    # 0: they are never extended
    int64_t most
    int64_t lots            # of an imbalance; 0: not looked at, as the next two
    int64_t lots_bps
    int64_t price_bps
    int64_t widen_bps
    int64_t random_ns
    int64_t seed
    uint64_t flags


cdef struct InstrumentText:
    char symbol[32]
    char currency[8]
    int64_t round_lot       # lots; 0: none
    int64_t set_max_order_notional
    int64_t tick_prices[TICK_STEPS]  # from which on ...
    int64_t tick_sizes[TICK_STEPS]   # ... these hold; 0: no further step
    Extension extensions[AUCTION_KINDS]


cdef struct Account:  # 128 bytes: what every event needs in the first cache line, what a new order needs in the second
    int64_t cash
    int64_t hold
    int64_t short_proceeds
    int64_t realized_pnl    # of all positions
    uint64_t seq
    uint64_t last_id        # largest client_order_id accepted
    uint8_t is_set          # together with state: see IS_ACTIVE
    uint8_t state
    uint8_t flags           # bits of AccountFlag, and of Care
    uint8_t plan            # of fees; 0: none
    uint32_t open_orders
    uint32_t newest         # head of its list of resting orders
    uint32_t id_epoch
    uint64_t id_current     # largest id of the generation id_epoch
    int64_t short_room      # lots that it may sell beyond what it has: 0, or as good as endless
    int64_t credit          # cash units that it may spend beyond what it has, at least: likewise
    uint64_t rate_end       # of the second that rate_count is of
    uint32_t rate_count
    uint32_t max_messages   # in force
    uint32_t max_order_qty
    uint32_t max_open_orders
    int64_t max_order_notional
    int64_t max_position


cdef enum Care:  # bits of Account.flags: what is done beside booking where an account has orders and trades
    HAS_DAY_RULE = 4        # docs/daytrading.md; MARGIN
    HAS_CASH_RULE = 8       # docs/cash.md; watched, and neither MARGIN nor with an AccountFlag
    HAS_PLAN = 16           # of fees
    IS_WATCHED = 32         # docs/risk.md; with the next one, else without
    IS_MARGIN = 64
    IS_LIMITED = 128        # docs/desks.md: watched, and with a desk, limits or lists
    NEEDS_MORE = 252        # any of them
    ACCOUNT_FLAGS = 3       # the bits of AccountFlag


cdef struct AccountMore:  # what the hot path does not need
    char name[32]
    uint64_t id_previous    # largest id of the generation before id_epoch, and the floor of all earlier ones
    uint64_t id_floor
    int64_t set_max_order_qty
    int64_t set_max_order_notional
    int64_t set_max_position
    int64_t set_max_open_orders
    int64_t set_max_messages
    int64_t day_cash        # what cash would be without trades since the last SETTLE
    int64_t[SETTLE_DAYS] unsettled  # of earlier trades, by the number of SETTLEs before the one that settles it
    int64_t fees            # of fills, since ever
    uint64_t currency       # text; 0: any
    uint64_t currency_number  # in the list of currencies
    uint64_t state          # AccountState, its own; Account.state is the one in force


cdef struct Fee:  # a component of a plan: docs/ledger.md, "Fees"
    int64_t per_share       # 1e-9 of the currency
    int64_t of_notional     # 1e-9
    int64_t per_order
    int64_t minimum         # 0: none, as the next two
    int64_t maximum
    int64_t most_of_notional
    int64_t rounding
    uint32_t reserve        # 1e-6 of the notional of buy orders
    uint8_t house
    uint8_t bits            # FeeBits; 0: there is no such component
    uint16_t unused


cdef struct Plan:
    Fee fees[FEES]
    int64_t order_reserve   # of each buy order: what it costs at least
    int64_t rate_reserve    # of all their notional, 1e-6


cdef struct Charge:  # fills of the order in the same slot that its account had a plan for
    uint64_t order_id       # of another order: there were none
    int64_t notional
    uint32_t lots
    uint32_t unused


cdef struct House:  # a balance
    uint64_t low
    int64_t high


cdef struct Position:  # 32 bytes: what every order needs
    uint64_t key            # account | instrument << 32
    int64_t qty
    int64_t open[2]         # lots in open orders, by side


cdef struct Basis:  # of the position with the same number: what only trades need
    int64_t cost
    int64_t realized_pnl


cdef struct Exposure:  # of the position with the same number: a cache line of what risk knows of it
    int64_t mark            # price that it counts at
    int64_t value           # from here on, of accounts that are watched: what their sums have of it
    int64_t cost
    int64_t maintenance
    int64_t initial[2]      # with open buys, with open sells
    uint32_t next           # in its instrument, in order of creation
    uint32_t ahead          # likewise, AHEAD places later: what a walk will need
    uint8_t is_watched      # bits of Watch
    uint8_t is_stale        # in the list of those whose sums are to be made anew


cdef enum Watch:
    COUNTS = 1              # its account is watched
    COUNTS_FOR_LIMITS = 2   # and has IS_LIMITED


cdef enum:
    AHEAD = 8               # a power of two


cdef struct Chain:  # an instrument's positions in order of creation, linked by Exposure.next
    uint32_t first
    uint32_t count
    uint32_t[AHEAD] recent  # the last ones, the newest at (count - 1) % AHEAD


cdef struct Margin:  # of the instrument with the same id: docs/risk.md, "Marks"
    int64_t mark
    int64_t close           # reference price as the last day ended
    int64_t least_low       # prices: least of shares sold short, below `least` ...
    int64_t least           # ... and from there on; 0: none
    uint32_t[2] initial     # 1e-4, of long positions and of short ones
    uint32_t[2] maintenance
    uint8_t mark_by


cdef enum:  # sums of an account over its positions
    SUM_VALUE
    SUM_MAINTENANCE
    SUM_INITIAL
    SUM_COST
    SUMS


cdef struct Worth:  # of the account with the same id: a cache line
    uint64_t[SUMS] low      # of 96 bits each, of an account that is watched
    int32_t[SUMS] high
    int64_t withdrawals     # that are on their way: part of hold; of all accounts
    uint8_t level           # RiskLevel as it was told last
    uint8_t is_moved        # noted down for its level to be looked at
    uint8_t has_due         # of dividends


cdef struct Sweep:  # docs/risk.md, "Marks"; and SET_RISK's bounds of levels
    int64_t units           # how much each TICK does
    int64_t alert           # 1e-4 of maintenance; 0: none
    int64_t liquidation     # likewise
    uint32_t instrument     # the next one to look at
    uint32_t position       # the next one of the walk that is under way; 0: none is
    uint64_t is_used_up     # the last TICK did all units


cdef struct IdEntry:  # 48 bytes: an OrderCommand from its kind on, and the order_id that it got
    uint64_t fields
    uint32_t account
    uint32_t instrument
    uint64_t client_order_id
    uint64_t order_id
    int64_t price
    uint32_t qty
    uint32_t further        # of a NEW_SPECIAL: the hash of its further fields


cdef struct Timer:  # a guard of orders: see timers.pyx
    uint64_t key            # account << 32 | session
    int64_t deadline_ns     # 0: no timer
    uint32_t place          # in the heap, from 1; 0: not in it
    uint32_t flags          # ARM_FLAG bits


cdef struct Timers:
    Timer* rows             # begins the block of all three
    uint32_t* heap          # numbers of rows with a timer
    uint32_t* index         # hash table of numbers + 1 by key
    uint32_t mask           # of the index
    uint32_t capacity
    uint32_t count
    uint32_t armed          # rows in the heap


cdef struct Records:  # what was written since the last take, in a buffer of Core's or in a spill
    char* begin
    char* at
    char* end
    char* spill             # memory of a command that took more room than the buffer had; else NULL


cdef struct Market:
    uint64_t seq
    int64_t ts_ns
    int64_t day_end_ns
    bint configured
    char* block             # all pools below
    size_t block_size

    Account* accounts
    AccountMore* account_more
    uint32_t account_capacity
    uint32_t account_top    # ids below this were set up, or none
    uint32_t* account_names  # hash table of ids + 1 by name
    uint32_t account_names_mask

    Instrument* instruments
    InstrumentText* instrument_texts
    uint32_t instrument_capacity
    uint32_t instrument_top
    uint32_t* instrument_names
    uint32_t instrument_names_mask
    uint32_t* windows       # window_pages page indices an instrument
    uint64_t* window_bits   # which of them are there
    uint64_t* window_summary  # which words of window_bits are not 0
    uint32_t window_pages
    uint32_t window_words
    uint32_t* touched       # instruments touched by this command
    uint32_t touched_count  # together with pending
    uint32_t pending        # what is to be done before the command ends: see pending.pxd

    Order* orders
    Link* links             # of the order in the same slot
    uint32_t order_capacity
    uint32_t order_top      # slots 1..order_top were used, or are in the free list
    uint32_t order_free     # head of the free list
    uint32_t order_live

    Extra* extras           # of the order in the same slot
    Tie* ties               # of the order in the same slot
    Tide* tides
    Unseen* unseen          # of the instrument with the same id
    uint32_t* moved         # instruments to look at again
    uint32_t moved_count
    uint32_t queue_first    # stops that were met, in the order in which they are served
    uint32_t queue_last
    uint32_t expiries       # tree of all orders with a time to end
    uint32_t in_call        # instruments in CALL
    uint32_t tide_free      # the free tides, and how many there ever were
    uint32_t tide_top
    uint32_t unseen_live    # of the live orders: those in no book
    uint64_t rank           # the last one given
    uint64_t accepted       # special orders so far

    AmendmentRow* amendments  # trades that were busted or corrected, in the order in which they first were
    uint32_t amendment_capacity
    uint32_t amendment_count

    Page* pages
    Level* levels
    uint32_t page_capacity
    uint32_t page_top
    uint32_t page_free
    uint32_t page_live

    Basis* bases
    Position* positions     # from 1, in order of creation; 0 stays empty
    uint32_t* position_index  # cells of numbers: see ledger.pxd
    uint32_t position_buckets  # of four cells; 0: the index is a table of accounts by instruments
    uint64_t position_cells
    uint32_t position_number_mask
    uint32_t position_capacity
    uint32_t position_count

    IdEntry* id_logs[2]     # generation of epoch e: its entries in id_logs[e & 1], found by id_indexes[e % 3]
    uint32_t* id_slots[2]   # the order's slot of each entry, by its number: what a cancel needs, apart and small
    uint32_t* id_indexes[3]
    IdEntry* id_log         # those of the current generation
    uint32_t* id_slot
    uint32_t* id_index
    uint32_t* id_next_index  # the index to clean, if any
    uint32_t id_turn        # id_count at which there is more to do than to append
    uint32_t id_blocks      # cache lines of an index
    uint32_t id_stride      # cells to the next one to try: far away, and after as many steps as there are cells back
    uint64_t id_factor      # of an account in the hash of its ids
    uint32_t id_number_mask  # of a cell: its number in the log; above it the tag
    uint32_t id_sweep       # cells of the next index to clean for each id
    uint32_t id_window
    uint32_t id_count       # of the current generation
    uint32_t id_epoch       # from 1

    Records events
    Records data
    bint want_data

    Timers timers
    Plan* plans             # PLANS of them
    Charge* charges         # of the order in the same slot
    House[CURRENCIES][HOUSE_ACCOUNTS] house
    uint64_t[CURRENCIES] currencies  # the first one is 0
    uint32_t currency_count  # but for the first one
    uint32_t withdrawal_capacity
    WithdrawalRow* withdrawals  # by account and number, in a block of their own
    uint32_t withdrawal_count
    int64_t settle_date     # of the last SETTLE; 0: there was none

    Exposure* exposures
    Chain* chains
    Margin* margins
    Worth* worths
    uint32_t* stale         # positions, of which the sums of their accounts are to be made anew before anybody looks
    uint32_t* moved_accounts  # accounts whose levels are to be looked at before the command ends
    uint32_t stale_count
    uint32_t moved_account_count
    uint32_t watched_count  # accounts that are watched
    Sweep sweep
    Desks desks
    Borrowing borrowing
    CashRules cash
    DayTrades day
    Keys keys

cdef enum:
    NONE = 0
    IS_ACTIVE = 0x0001      # is_set and state as one number: of an account that may trade
    IS_OPEN = 0x000101      # is_set, state and way: of an instrument that is traded, ...
    OPEN_BITS = 0xFEFFFF    # ... whether or not it has something in the dark

cdef extern from *:
    """
    #define OB_FAR_AWAY INT64_MAX
    #define OB_MUCH_CASH (1LL << 61)
    """
    const int64_t FAR_AWAY "OB_FAR_AWAY"
    const int64_t MUCH_CASH "OB_MUCH_CASH"  # half of MAX_CASH: sums of a few such are far from 64 bits
