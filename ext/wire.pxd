# Made by schema/generate.py from schema/wire.toml: edit those, not this.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from *:
    """
    #define WIRE_PRICE_SCALE (10000LL)
    #define WIRE_CASH_SCALE (1000000LL)
    #define WIRE_MAX_PRICE (4398046511103LL)
    #define WIRE_MAX_QTY (2147483647LL)
    #define WIRE_MAX_NOTIONAL (9007199254740992LL)
    #define WIRE_MAX_CASH (4611686018427387904LL)
    #define WIRE_MAX_LEGS (16LL)
    #define WIRE_ANY (4294967295U)
    #define WIRE_SIDE_BOTH (2LL)
    #define WIRE_BY_KEY (255LL)
    #define WIRE_KEEP (-1LL)
    #define WIRE_ADMIN_KIND (64LL)
    #define WIRE_SPECIAL_KIND (32LL)
    """
    const int64_t PRICE_SCALE "WIRE_PRICE_SCALE"
    const int64_t CASH_SCALE "WIRE_CASH_SCALE"
    const int64_t MAX_PRICE "WIRE_MAX_PRICE"
    const int64_t MAX_QTY "WIRE_MAX_QTY"
    const int64_t MAX_NOTIONAL "WIRE_MAX_NOTIONAL"
    const int64_t MAX_CASH "WIRE_MAX_CASH"
    const int64_t MAX_LEGS "WIRE_MAX_LEGS"
    const uint32_t ANY "WIRE_ANY"
    const int64_t SIDE_BOTH "WIRE_SIDE_BOTH"
    const int64_t BY_KEY "WIRE_BY_KEY"
    const int64_t KEEP "WIRE_KEEP"
    const int64_t ADMIN_KIND "WIRE_ADMIN_KIND"
    const int64_t SPECIAL_KIND "WIRE_SPECIAL_KIND"

cdef enum:
    COMMAND_KIND_NEW_ORDER = 1
    COMMAND_KIND_CANCEL = 2
    COMMAND_KIND_REPLACE = 3
    COMMAND_KIND_MASS_CANCEL = 4
    COMMAND_KIND_TICK = 5
    COMMAND_KIND_ARM = 6
    COMMAND_KIND_DISCONNECT = 7
    COMMAND_KIND_NEW_SPECIAL = 32
    COMMAND_KIND_CONFIGURE = 64
    COMMAND_KIND_SET_INSTRUMENT = 65
    COMMAND_KIND_SET_INSTRUMENT_STATE = 66
    COMMAND_KIND_SET_ACCOUNT = 67
    COMMAND_KIND_SET_ACCOUNT_STATE = 68
    COMMAND_KIND_DEPOSIT = 69
    COMMAND_KIND_DEPOSIT_SHARES = 70
    COMMAND_KIND_SET_SCHEDULE = 71
    COMMAND_KIND_OPERATOR_CANCEL = 72
    COMMAND_KIND_NOTE = 73
    COMMAND_KIND_RUN_AUCTION = 74
    COMMAND_KIND_SET_BANDS = 75
    COMMAND_KIND_SET_SHORT_SALE = 76
    COMMAND_KIND_SET_TICKS = 77
    COMMAND_KIND_SET_EXTENSION = 78
    COMMAND_KIND_BUST_TRADE = 79
    COMMAND_KIND_CORRECT_TRADE = 80
    COMMAND_KIND_SET_TIMERS = 81
    COMMAND_KIND_SET_LEDGER = 82
    COMMAND_KIND_SET_FEE = 83
    COMMAND_KIND_CHARGE = 84
    COMMAND_KIND_HOLD_CASH = 85
    COMMAND_KIND_POST_CASH = 86
    COMMAND_KIND_RELEASE_CASH = 87
    COMMAND_KIND_SETTLE = 88
    COMMAND_KIND_SET_RISK = 89
    COMMAND_KIND_SET_MARGIN = 90
    COMMAND_KIND_SET_ACCOUNT_RISK = 91
    COMMAND_KIND_SET_DESK = 92
    COMMAND_KIND_SET_MEMBER = 93
    COMMAND_KIND_SET_DESK_STATE = 94
    COMMAND_KIND_SET_LIMIT = 95
    COMMAND_KIND_SET_BORROW = 96
    COMMAND_KIND_LOCATE = 97
    COMMAND_KIND_SET_RATES = 98
    COMMAND_KIND_ACCRUE = 99
    COMMAND_KIND_DIVIDEND = 100
    COMMAND_KIND_PAY_DIVIDEND = 101
    COMMAND_KIND_SPLIT = 102
    COMMAND_KIND_LIFT_CASH = 103
    COMMAND_KIND_SET_DAY_TRADES = 104
    COMMAND_KIND_LIFT_DAY_TRADER = 105
    COMMAND_KIND_SET_KEY = 106

cdef enum:
    SIDE_BUY = 0
    SIDE_SELL = 1

cdef enum:
    ORDER_TYPE_LIMIT = 0
    ORDER_TYPE_MARKET = 1
    ORDER_TYPE_STOP = 2
    ORDER_TYPE_STOP_LIMIT = 3
    ORDER_TYPE_TRAILING_STOP = 4
    ORDER_TYPE_MARKET_TO_LIMIT = 5
    ORDER_TYPE_PEGGED = 6

cdef enum:
    TIME_IN_FORCE_DAY = 0
    TIME_IN_FORCE_GTC = 1
    TIME_IN_FORCE_IOC = 2
    TIME_IN_FORCE_FOK = 3
    TIME_IN_FORCE_GTD = 4
    TIME_IN_FORCE_AT_OPEN = 5
    TIME_IN_FORCE_AT_CLOSE = 6
    TIME_IN_FORCE_AUCTION = 7

cdef enum:
    ORDER_FLAG_POST_ONLY = 1
    ORDER_FLAG_QTY_IS_LEAVES = 2
    ORDER_FLAG_REQUEUE = 4
    ORDER_FLAG_SLIDE = 8
    ORDER_FLAG_HIDDEN = 16
    ORDER_FLAG_ALL_OR_NONE = 32
    ORDER_FLAG_REDUCE_ONLY = 64
    ORDER_FLAG_DO_NOT_ROUTE = 128

cdef enum:
    MASS_FLAG_BY_SESSION = 1
    MASS_FLAG_BY_GROUP = 2

cdef enum:
    ARM_FLAG_OF_ACCOUNT = 1
    ARM_FLAG_ON_DISCONNECT = 2
    ARM_FLAG_KEEP_GTC = 4
    ARM_FLAG_KEEP_AUCTION = 8

cdef enum:
    MODE_FLAG_TRAIL_PERCENT = 1
    MODE_FLAG_IMBALANCE_ONLY = 2

cdef enum:
    PEG_NONE = 0
    PEG_PRIMARY = 1
    PEG_MARKET = 2
    PEG_MIDPOINT = 3

cdef enum:
    ROLE_NONE = 0
    ROLE_PEER = 1
    ROLE_CHILD = 2
    ROLE_PARENT = 3

cdef enum:
    PLACE_BOOK = 0
    PLACE_DARK = 1
    PLACE_STOP = 2
    PLACE_CALL = 3
    PLACE_WAIT = 4

cdef enum:
    SELF_TRADE_ALLOW = 0
    SELF_TRADE_CANCEL_NEWEST = 1
    SELF_TRADE_CANCEL_OLDEST = 2
    SELF_TRADE_CANCEL_BOTH = 3
    SELF_TRADE_DECREMENT = 4

cdef enum:
    INSTRUMENT_STATE_CLOSED = 0
    INSTRUMENT_STATE_OPEN = 1
    INSTRUMENT_STATE_HALTED = 2
    INSTRUMENT_STATE_CALL = 3

cdef enum:
    AUCTION_KIND_OPENING = 1
    AUCTION_KIND_CLOSING = 2
    AUCTION_KIND_HALT = 3
    AUCTION_KIND_VOLATILITY = 4

cdef enum:
    EXTENSION_REASON_MARKET_ORDERS = 1
    EXTENSION_REASON_IMBALANCE = 2
    EXTENSION_REASON_PRICE = 3

cdef enum:
    EXTENSION_FLAG_MARKET_ORDERS = 1
    EXTENSION_FLAG_FROM_LAST = 2

cdef enum:
    HALT_REASON_NONE = 0
    HALT_REASON_REGULATORY = 1
    HALT_REASON_NEWS = 2
    HALT_REASON_VOLATILITY = 3
    HALT_REASON_OPERATIONAL = 4
    HALT_REASON_MARKET_WIDE = 5

cdef enum:
    ACCOUNT_STATE_ACTIVE = 0
    ACCOUNT_STATE_BLOCKED = 1
    ACCOUNT_STATE_REDUCE_ONLY = 2
    ACCOUNT_STATE_CLOSE_ONLY = 3

cdef enum:
    RISK_TYPE_NONE = 0
    RISK_TYPE_CASH = 1
    RISK_TYPE_MARGIN = 2

cdef enum:
    CASH_RULE_NONE = 0
    CASH_RULE_COUNT = 1
    CASH_RULE_REFUSE = 2

cdef enum:
    CASH_VIOLATION_GOOD_FAITH = 1
    CASH_VIOLATION_FREE_RIDING = 2

cdef enum:
    DAY_TRADE_RULE_NONE = 0
    DAY_TRADE_RULE_PATTERN = 1

cdef enum:
    RISK_LEVEL_NORMAL = 0
    RISK_LEVEL_ALERT = 1
    RISK_LEVEL_CALL = 2
    RISK_LEVEL_LIQUIDATION = 3

cdef enum:
    LIMIT_POSITION = 1
    LIMIT_GROSS = 2
    LIMIT_NET = 3
    LIMIT_OPEN_NOTIONAL = 4
    LIMIT_OPEN_ORDERS = 5
    LIMIT_DAY_LOSS = 6
    LIMIT_ORDER_NOTIONAL = 7
    LIMIT_ORDER_VOLUME = 8
    LIMIT_REPEATS = 9
    LIMIT_MESSAGES = 10
    LIMIT_ORDER_QTY = 11

cdef enum:
    BORROW_EASY = 0
    BORROW_HARD = 1
    BORROW_NONE = 2

cdef enum:
    MARK_BY_LAST = 0
    MARK_BY_MID = 1
    MARK_BY_CLOSE = 2

cdef enum:
    ACCOUNT_FLAG_SHORT_ALLOWED = 1
    ACCOUNT_FLAG_CREDIT_UNLIMITED = 2

cdef enum:
    ADMIN_FLAG_CANCEL_ORDERS = 1
    ADMIN_FLAG_OF_DESK = 2
    ADMIN_FLAG_OF_KEY = 4

cdef enum:
    HOUSE_ACCOUNT_NONE = 0
    HOUSE_ACCOUNT_BANK = 1
    HOUSE_ACCOUNT_DEPOSITORY = 2
    HOUSE_ACCOUNT_COMMISSION = 3
    HOUSE_ACCOUNT_VENUE = 4
    HOUSE_ACCOUNT_SEC = 5
    HOUSE_ACCOUNT_TAF = 6
    HOUSE_ACCOUNT_INTEREST = 7
    HOUSE_ACCOUNT_BORROW = 8
    HOUSE_ACCOUNT_DIVIDEND = 9
    HOUSE_ACCOUNT_TAX = 10
    HOUSE_ACCOUNT_CORRECTION = 11
    HOUSE_ACCOUNT_OTHER = 12

cdef enum:
    FEE_BITS_BUY = 1
    FEE_BITS_SELL = 2
    FEE_BITS_MAKER = 4
    FEE_BITS_TAKER = 8
    FEE_BITS_AUCTION = 16
    FEE_BITS_PER_FILL = 32
    FEE_BITS_UP = 64
    FEE_BITS_DOWN = 128

cdef enum:
    EVENT_KIND_ACCEPTED = 1
    EVENT_KIND_FILL = 2
    EVENT_KIND_CANCELED = 3
    EVENT_KIND_REPLACED = 4
    EVENT_KIND_REJECTED = 5
    EVENT_KIND_CANCEL_REJECTED = 6
    EVENT_KIND_REPLACE_REJECTED = 7
    EVENT_KIND_MASS_CANCELED = 8
    EVENT_KIND_TRIGGERED = 9
    EVENT_KIND_RESTATED = 10
    EVENT_KIND_ARMED = 11
    EVENT_KIND_ARM_REJECTED = 12
    EVENT_KIND_CASH = 16
    EVENT_KIND_SHARES = 17
    EVENT_KIND_ACCOUNT_SET = 18
    EVENT_KIND_ACCOUNT_STATE = 19
    EVENT_KIND_TRADE_BUSTED = 20
    EVENT_KIND_TRADE_CORRECTED = 21
    EVENT_KIND_CHARGED = 22
    EVENT_KIND_CASH_HELD = 23
    EVENT_KIND_CASH_RELEASED = 24
    EVENT_KIND_SETTLED = 25
    EVENT_KIND_ACCOUNT_RISK = 26
    EVENT_KIND_RISK_LEVEL = 27
    EVENT_KIND_MEMBER_SET = 28
    EVENT_KIND_LIMIT_WARNING = 29
    EVENT_KIND_LOCATED = 30
    EVENT_KIND_DIVIDEND_DUE = 31
    EVENT_KIND_INSTRUMENT_SET = 32
    EVENT_KIND_INSTRUMENT_STATE = 33
    EVENT_KIND_DAY_ENDED = 34
    EVENT_KIND_SCHEDULE_SET = 35
    EVENT_KIND_CONFIGURED = 36
    EVENT_KIND_NOTED = 37
    EVENT_KIND_ADMIN_REJECTED = 38
    EVENT_KIND_AUCTION = 39
    EVENT_KIND_BANDS_SET = 40
    EVENT_KIND_SHORT_SALE_SET = 41
    EVENT_KIND_TICKS_SET = 42
    EVENT_KIND_EXTENSION_SET = 43
    EVENT_KIND_AUCTION_EXTENDED = 44
    EVENT_KIND_TIMERS_SET = 45
    EVENT_KIND_FEE_SET = 46
    EVENT_KIND_SETTLEMENT = 47
    EVENT_KIND_LEDGER_SET = 48
    EVENT_KIND_RISK_SET = 49
    EVENT_KIND_MARGIN_SET = 50
    EVENT_KIND_DESK_SET = 51
    EVENT_KIND_DESK_STATE = 52
    EVENT_KIND_LIMIT_SET = 53
    EVENT_KIND_BORROW_SET = 54
    EVENT_KIND_RATES_SET = 55
    EVENT_KIND_ACCRUED = 56
    EVENT_KIND_DIVIDEND_SET = 57
    EVENT_KIND_DIVIDEND_PAID = 58
    EVENT_KIND_SPLIT_DONE = 59
    EVENT_KIND_SPLIT_SHARES = 60
    EVENT_KIND_CASH_VIOLATION = 61
    EVENT_KIND_CASH_RESTRICTED = 62
    EVENT_KIND_CASH_LIFTED = 63
    EVENT_KIND_DAY_TRADES_SET = 64
    EVENT_KIND_DAY_TRADE = 65
    EVENT_KIND_DAY_TRADER_LIFTED = 66
    EVENT_KIND_KEY_SET = 67

cdef enum:
    EVENT_FLAG_DUPLICATE = 1
    EVENT_FLAG_MAKER = 2
    EVENT_FLAG_PRIORITY_KEPT = 4
    EVENT_FLAG_CROSS = 8

cdef enum:
    RESTATE_REASON_SELF_TRADE = 1
    RESTATE_REASON_REDUCE_ONLY = 2
    RESTATE_REASON_LINKED = 3
    RESTATE_REASON_ACTIVE = 4
    RESTATE_REASON_PRICED = 5

cdef enum:
    DATA_FLAG_CROSS = 1
    DATA_FLAG_DAY_END = 2
    DATA_FLAG_SHORT_RESTRICTED = 128

cdef enum:
    CANCEL_REASON_USER = 1
    CANCEL_REASON_MASS = 2
    CANCEL_REASON_IOC = 3
    CANCEL_REASON_FOK = 4
    CANCEL_REASON_SELF_TRADE = 5
    CANCEL_REASON_DAY_END = 6
    CANCEL_REASON_OPERATOR = 7
    CANCEL_REASON_ACCOUNT_BLOCKED = 8
    CANCEL_REASON_REPLACED_BELOW_FILLED = 9
    CANCEL_REASON_CASH_LIMIT = 10
    CANCEL_REASON_LEVEL_CAPACITY = 11
    CANCEL_REASON_EXPIRED = 12
    CANCEL_REASON_MIN_QTY = 13
    CANCEL_REASON_REDUCE_ONLY = 14
    CANCEL_REASON_AUCTION_END = 15
    CANCEL_REASON_BUYING_POWER = 16
    CANCEL_REASON_PRICE_COLLAR = 17
    CANCEL_REASON_LINKED = 18
    CANCEL_REASON_EXPOSURE = 19
    CANCEL_REASON_PRICE_BAND = 20
    CANCEL_REASON_DISCONNECT = 21
    CANCEL_REASON_DEAD_MAN = 22
    CANCEL_REASON_ORDER_NOTIONAL = 23
    CANCEL_REASON_CORPORATE_ACTION = 24

cdef enum:
    CHECK_ACCOUNT = 1
    CHECK_INSTRUMENT = 2
    CHECK_CLIENT_ORDER_ID = 3
    CHECK_DUPLICATE_ID = 4
    CHECK_STALE_ID = 5
    CHECK_SIDE = 6
    CHECK_ORDER_TYPE = 7
    CHECK_TIME_IN_FORCE = 8
    CHECK_SELF_TRADE_MODE = 9
    CHECK_FLAGS = 10
    CHECK_ACCOUNT_STATE = 11
    CHECK_INSTRUMENT_STATE = 12
    CHECK_MESSAGE_RATE = 13
    CHECK_QTY = 14
    CHECK_ORDER_QTY = 15
    CHECK_PRICE = 16
    CHECK_TICK_SIZE = 17
    CHECK_PRICE_COLLAR = 18
    CHECK_ORDER_NOTIONAL = 19
    CHECK_OPEN_ORDERS = 20
    CHECK_POSITION_LIMIT = 21
    CHECK_SHORT_SALE = 22
    CHECK_BUYING_POWER = 23
    CHECK_POST_ONLY = 24
    CHECK_ORDER_CAPACITY = 25
    CHECK_LEVEL_CAPACITY = 26
    CHECK_POSITION_CAPACITY = 27
    CHECK_UNKNOWN_ORDER = 28
    CHECK_VALUE = 29
    CHECK_CAPACITY = 30
    CHECK_CASH_RANGE = 31
    CHECK_NAME = 32
    CHECK_COMBINATION = 33
    CHECK_STOP_SIDE = 34
    CHECK_REDUCE_ONLY = 35
    CHECK_MODES = 36
    CHECK_PEG = 37
    CHECK_NO_PRICE = 38
    CHECK_ROLE = 39
    CHECK_LINK = 40
    CHECK_PRICE_BAND = 41
    CHECK_SHORT_PRICE = 42
    CHECK_TRADE = 43
    CHECK_BUSTED = 44
    CHECK_RING_SIZE = 45
    CHECK_TIMEOUT = 48
    CHECK_TIMER_CAPACITY = 49
    CHECK_CURRENCY = 50
    CHECK_MARGIN = 51
    CHECK_RESTRICTED = 52
    CHECK_LIMIT_POSITION = 53
    CHECK_LIMIT_GROSS = 54
    CHECK_LIMIT_NET = 55
    CHECK_LIMIT_OPEN_NOTIONAL = 56
    CHECK_LIMIT_OPEN_ORDERS = 57
    CHECK_LIMIT_DAY_LOSS = 58
    CHECK_LIMIT_ORDER_NOTIONAL = 59
    CHECK_LIMIT_ORDER_VOLUME = 60
    CHECK_LIMIT_REPEATS = 61
    CHECK_LIMIT_MESSAGES = 62
    CHECK_LOCATE = 63
    CHECK_SETTLED_CASH = 64
    CHECK_GOOD_FAITH = 65
    CHECK_DAY_TRADER = 66
    CHECK_LIMIT_ORDER_QTY = 67

cdef enum:
    RULE_STOP_PRICE = 1
    RULE_PEG_KIND = 2
    RULE_OFFSET = 3
    RULE_MODE = 4
    RULE_TIF = 5
    RULE_EXPIRE = 6
    RULE_POST = 7
    RULE_DARK = 8
    RULE_MIN_QTY = 9
    RULE_DISPLAY = 10
    RULE_DISCRETION = 11
    RULE_LINK = 12

cdef enum:
    BOOK_KIND_ADD = 1
    BOOK_KIND_EXECUTE = 2
    BOOK_KIND_REDUCE = 3
    BOOK_KIND_DELETE = 4
    BOOK_KIND_HIDDEN_TRADE = 5
    BOOK_KIND_CROSS = 6
    BOOK_KIND_TOP = 7
    BOOK_KIND_STATUS = 8
    BOOK_KIND_INDICATIVE = 9
    BOOK_KIND_TIME = 10
    BOOK_KIND_BANDS = 11
    BOOK_KIND_BUST = 12
    BOOK_KIND_CORRECTION = 13

cdef enum:
    LOT_FLAG_TAKEN_UP = 1
    LOT_FLAG_RESTATED = 2

cdef enum:
    TRADE_FLAG_CROSS = 1
    TRADE_FLAG_ODD_LOT = 2
    TRADE_FLAG_HIDDEN = 4
    TRADE_FLAG_FIRST = 8
    TRADE_FLAG_OPENING = 16
    TRADE_FLAG_CLOSING = 32
    TRADE_FLAG_REOPENING = 64
    TRADE_FLAG_BUST = 128
    TRADE_FLAG_CORRECTION = 256

cdef enum:
    STATISTICS_FLAG_FINAL = 1
    STATISTICS_FLAG_ADJUSTED = 2

cdef enum:
    FRAME_TYPE_LOGIN = 1
    FRAME_TYPE_ORDERS = 2
    FRAME_TYPE_RESUME = 3
    FRAME_TYPE_QUERY = 4
    FRAME_TYPE_HEARTBEAT = 5
    FRAME_TYPE_LOGOUT = 6
    FRAME_TYPE_SPECIALS = 7
    FRAME_TYPE_ARM = 8
    FRAME_TYPE_LOGGED_IN = 65
    FRAME_TYPE_EVENTS = 66
    FRAME_TYPE_ERROR = 67
    FRAME_TYPE_REPLY = 68
    FRAME_TYPE_RESUMED = 69

cdef enum:
    CHANNEL_BOOK = 66
    CHANNEL_DEPTH = 68
    CHANNEL_TOP = 84
    CHANNEL_TRADES = 88
    CHANNEL_STATUS = 83
    CHANNEL_AUCTION = 65
    CHANNEL_STATISTICS = 86
    CHANNEL_BARS = 67
    CHANNEL_DEPTH_1 = 49
    CHANNEL_DEPTH_2 = 50
    CHANNEL_DEPTH_3 = 51
    CHANNEL_DEPTH_4 = 52
    CHANNEL_HEARTBEAT = 72

cdef packed struct OrderCommand:
    uint64_t seq
    int64_t ts_ns
    uint16_t kind
    uint8_t side
    uint8_t order_type
    uint8_t tif
    uint8_t flags
    uint8_t self_trade
    uint8_t key
    uint32_t account
    uint32_t instrument
    uint64_t client_order_id
    uint64_t order_id
    int64_t price
    uint32_t qty
    uint32_t session

cdef packed struct SpecialCommand:
    uint64_t seq
    int64_t ts_ns
    uint16_t kind
    uint8_t side
    uint8_t order_type
    uint8_t tif
    uint8_t flags
    uint8_t self_trade
    uint8_t key
    uint32_t account
    uint32_t instrument
    uint64_t client_order_id
    uint64_t order_id
    int64_t price
    uint32_t qty
    uint32_t session
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
    uint8_t reserved2
    uint32_t reserved3
    uint64_t link_id

cdef packed struct AdminCommand:
    uint64_t seq
    int64_t ts_ns
    uint16_t kind
    uint8_t state
    uint8_t flags
    uint32_t account
    uint32_t instrument
    uint32_t request
    int64_t value0
    int64_t value1
    int64_t value2
    int64_t value3
    int64_t value4
    int64_t value5
    int64_t value6
    int64_t value7
    char name[32]
    char operator[32]
    char reason[96]

cdef packed struct AmendCommand:
    uint64_t seq
    int64_t ts_ns
    uint16_t kind
    uint8_t state
    uint8_t flags
    uint32_t account
    uint32_t instrument
    uint32_t request
    uint64_t trade_id
    int64_t price
    uint32_t qty
    uint32_t new_qty
    int64_t new_price
    uint64_t buyer_order_id
    uint64_t seller_order_id
    uint64_t buyer_client_order_id
    uint64_t seller_client_order_id
    uint32_t seller
    uint32_t reserved
    uint64_t trade_seq
    int64_t trade_ts_ns
    uint64_t reserved2
    char operator[32]
    char reason[96]

cdef packed struct Event:
    uint64_t seq
    int64_t ts_ns
    uint64_t account_seq
    uint8_t kind
    uint8_t side
    uint8_t reason
    uint8_t flags
    uint32_t account
    uint32_t instrument
    uint32_t qty
    uint64_t order_id
    uint64_t client_order_id
    int64_t price
    uint32_t leaves
    uint32_t filled
    uint64_t trade_id

cdef packed struct Reject:
    uint64_t seq
    int64_t ts_ns
    uint64_t account_seq
    uint8_t kind
    uint8_t side
    uint8_t check
    uint8_t flags
    uint32_t account
    uint32_t instrument
    uint32_t qty
    uint64_t order_id
    uint64_t client_order_id
    int64_t limit
    int64_t value
    int64_t headroom

cdef packed struct MarketData:
    uint64_t seq
    int64_t ts_ns
    uint8_t kind
    uint8_t side
    uint8_t state
    uint8_t flags
    uint32_t instrument
    uint64_t order_id
    int64_t price
    uint32_t qty
    uint32_t leaves
    uint64_t level_qty
    uint32_t level_orders
    uint32_t trade_no

cdef packed struct Top:
    uint64_t seq
    int64_t ts_ns
    uint8_t kind
    uint8_t side
    uint8_t state
    uint8_t flags
    uint32_t instrument
    int64_t bid_price
    int64_t ask_price
    uint64_t bid_qty
    uint64_t ask_qty
    uint32_t bid_orders
    uint32_t ask_orders

cdef packed struct Depth:
    uint64_t seq
    int64_t ts_ns
    uint32_t instrument
    uint32_t side
    int64_t price
    uint64_t level_qty
    uint32_t level_orders
    uint32_t reserved

cdef packed struct Trade:
    uint64_t seq
    int64_t ts_ns
    uint32_t instrument
    uint8_t aggressor
    uint8_t reserved
    uint16_t flags
    int64_t price
    uint64_t trade_id
    uint64_t qty

cdef packed struct Statistics:
    uint64_t seq
    int64_t ts_ns
    uint32_t instrument
    uint8_t flags
    uint8_t reserved
    uint16_t reserved1
    int64_t open
    int64_t high
    int64_t low
    int64_t close
    int64_t previous_close
    uint64_t volume
    uint64_t turnover
    int64_t vwap
    uint64_t trades

cdef packed struct Bar:
    uint64_t seq
    int64_t ts_ns
    uint32_t instrument
    uint32_t period_s
    int64_t open
    int64_t high
    int64_t low
    int64_t close
    uint64_t volume
    uint64_t turnover
    int64_t vwap
    uint64_t trades

cdef packed struct Heartbeat:
    uint64_t seq
    int64_t ts_ns
    uint64_t book
    uint64_t depth
    uint64_t top
    uint64_t trades
    uint64_t status
    uint64_t auction
    uint64_t statistics
    uint64_t bars
    uint64_t depth_1
    uint64_t depth_2
    uint64_t depth_3
    uint64_t depth_4

cdef packed struct FrameHeader:
    uint16_t magic
    uint8_t version
    uint8_t type
    uint32_t count
    uint64_t number

cdef packed struct MarketDataHeader:
    uint8_t channel
    uint8_t version
    uint16_t record_size
    uint32_t count
    uint64_t first_seq

cdef packed struct RecordHeader:
    uint32_t length
    uint32_t crc

cdef packed struct OrderRow:
    uint64_t order_id
    uint64_t client_order_id
    int64_t price
    uint32_t account
    uint32_t instrument
    uint32_t leaves
    uint32_t filled
    uint8_t side
    uint8_t tif
    uint8_t flags
    uint8_t self_trade
    uint8_t order_type
    uint8_t place
    uint8_t peg
    uint8_t modes
    uint64_t level_qty_ahead
    int64_t hold
    uint32_t group
    uint32_t shown
    int64_t stop_price
    int64_t offset
    int64_t expire_ns
    uint32_t session
    uint8_t role
    uint8_t reserved
    uint16_t reserved1
    int64_t cap
    uint64_t link_id
    uint64_t parent_id

cdef packed struct AccountRow:
    uint32_t account
    uint8_t state
    uint8_t flags
    uint8_t plan
    uint8_t risk_type
    int64_t cash
    int64_t hold
    int64_t short_proceeds
    uint64_t account_seq
    int64_t max_order_qty
    int64_t max_order_notional
    int64_t max_position
    int64_t max_open_orders
    int64_t max_messages
    uint64_t open_orders
    int64_t realized_pnl
    uint64_t last_client_order_id
    int64_t settled
    char name[32]
    int64_t unsettled
    int64_t withdrawals
    int64_t withdrawable
    int64_t fees
    char currency[8]

cdef packed struct PositionRow:
    uint32_t account
    uint32_t instrument
    int64_t qty
    int64_t cost
    int64_t realized_pnl
    int64_t open_buy
    int64_t open_sell
    uint64_t reserved

cdef packed struct InstrumentRow:
    uint32_t instrument
    uint8_t state
    uint8_t halt_reason
    uint8_t auction_kind
    uint8_t short_restricted
    int64_t tick_size
    int64_t lot_size
    int64_t reference_price
    int64_t collar_bps
    int64_t max_order_qty
    int64_t max_order_notional
    int64_t bid_price
    int64_t ask_price
    uint64_t bid_qty
    uint64_t ask_qty
    uint64_t trades
    uint64_t volume
    uint64_t orders
    char symbol[32]
    char currency[8]
    int64_t round_lot
    int64_t auction_ns
    int64_t band_lower
    int64_t band_upper
    uint32_t extensions
    uint32_t extension_reason

cdef packed struct AmendmentRow:
    uint64_t trade_id
    int64_t price
    uint32_t instrument
    uint32_t qty
    uint32_t changes
    uint32_t reserved

cdef packed struct TimerRow:
    int64_t deadline_ns
    uint32_t account
    uint32_t session
    uint8_t flags
    uint8_t reserved
    uint16_t reserved1
    uint32_t reserved2

cdef packed struct HouseRow:
    char currency[8]
    uint64_t balance
    int64_t balance_high
    uint8_t house
    uint8_t reserved
    uint16_t reserved1
    uint32_t reserved2

cdef packed struct FeeRow:
    int64_t per_share
    int64_t of_notional
    int64_t per_order
    int64_t minimum
    int64_t maximum
    int64_t most_of_notional
    int64_t rounding
    uint32_t reserve
    uint8_t plan
    uint8_t component
    uint8_t house
    uint8_t bits
    uint64_t reserved

cdef packed struct WithdrawalRow:
    uint64_t number
    int64_t amount
    int64_t ts_ns
    uint32_t account
    uint32_t reserved

cdef packed struct RiskRow:
    uint32_t account
    uint8_t risk_type
    uint8_t level
    uint16_t reserved
    int64_t equity
    int64_t value
    int64_t maintenance
    int64_t initial
    int64_t excess
    int64_t unrealized
    int64_t base
    uint64_t lists

cdef packed struct ExposureRow:
    uint32_t account
    uint32_t instrument
    int64_t qty
    int64_t mark
    int64_t value
    int64_t maintenance
    int64_t initial
    int64_t unrealized

cdef packed struct MarginRow:
    uint32_t instrument
    uint8_t mark_by
    uint8_t reserved
    uint16_t reserved1
    int64_t mark
    int64_t close
    uint32_t initial_long
    uint32_t maintenance_long
    uint32_t initial_short
    uint32_t maintenance_short
    int64_t least_low
    int64_t least
    int64_t average_volume
    uint64_t lists

cdef packed struct DeskRow:
    uint32_t desk
    uint32_t parent
    uint8_t state
    uint8_t in_force
    uint16_t reserved
    uint32_t accounts
    int64_t gross
    int64_t net_buy
    int64_t net_sell
    int64_t open_notional
    int64_t open_orders
    int64_t loss
    int64_t equity
    uint64_t messages
    uint64_t watched
    uint64_t reserved2
    char name[32]

cdef packed struct MemberRow:
    uint32_t account
    uint32_t desk
    uint8_t in_force
    uint8_t reserved
    uint16_t reserved1
    uint32_t reserved2

cdef packed struct LimitRow:
    uint32_t holder
    uint8_t flags
    uint8_t limit
    uint16_t reserved
    int64_t hard
    int64_t soft
    int64_t measure

cdef packed struct KeyRow:
    uint32_t key
    uint32_t messages
    int64_t open_orders
    int64_t open_notional
    char name[32]

cdef packed struct BorrowRow:
    uint32_t instrument
    uint8_t borrow
    uint8_t reserved
    uint16_t reserved1
    int64_t fee
    int64_t inventory
    int64_t lent
    uint64_t reserved2

cdef packed struct LocateRow:
    uint32_t account
    uint32_t instrument
    int64_t located
    int64_t short

cdef packed struct RateRow:
    uint64_t currency
    int64_t debit
    int64_t credit
    uint32_t days
    uint32_t reserved

cdef packed struct DueRow:
    uint32_t account
    uint32_t instrument
    int64_t due

cdef packed struct CashRow:
    uint32_t account
    uint8_t rule
    uint8_t restricted
    uint16_t violations
    uint32_t since
    uint32_t reserved
    int64_t funds
    int64_t unused1
    int64_t unused2
    int64_t unused3
    int64_t unused4
    int64_t unused_today

cdef packed struct UnpaidRow:
    uint32_t account
    uint32_t instrument
    int64_t lots1
    int64_t lots2
    int64_t lots3
    int64_t lots4
    int64_t lots_today
    int64_t lots_owed
    int64_t money1
    int64_t money2
    int64_t money3
    int64_t money4
    int64_t money_today
    int64_t money_owed

cdef packed struct ViolationRow:
    uint32_t account
    uint32_t number
    uint32_t instrument
    uint32_t date
    uint8_t kind
    uint8_t reserved
    uint16_t reserved2
    uint32_t reserved3

cdef packed struct DayTradeRow:
    uint32_t account
    uint8_t rule
    uint8_t is_pattern
    uint16_t reserved
    uint16_t day_trades_0
    uint16_t day_trades_1
    uint16_t day_trades_2
    uint16_t day_trades_3
    uint16_t day_trades_4
    uint16_t day_trades_5
    uint16_t day_trades_6
    uint16_t day_trades_7
    uint16_t trades_0
    uint16_t trades_1
    uint16_t trades_2
    uint16_t trades_3
    uint16_t trades_4
    uint16_t trades_5
    uint16_t trades_6
    uint16_t trades_7
    uint32_t day_trades
    uint32_t trades
    int64_t kept_0
    int64_t kept_1
    int64_t kept_2

cdef packed struct LotRow:
    uint32_t account
    uint32_t instrument
    int64_t ts_ns
    uint64_t seq
    uint64_t trade_id
    int64_t qty
    int64_t cost
    uint8_t flags
    uint8_t reserved
    uint16_t reserved1
    uint32_t reserved2

cdef packed struct GainRow:
    uint32_t account
    uint32_t instrument
    int64_t qty
    int64_t mark
    int64_t cost_fifo
    int64_t realized_fifo
    int64_t today_fifo
    int64_t unrealized_fifo
    int64_t cost_average
    int64_t realized_average
    int64_t unrealized_average
