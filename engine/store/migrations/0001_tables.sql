-- The read models of one market: derived from its journal, and rebuildable from it. Whole numbers as on the wire:
-- price 1e-4 of the currency, qty in lots, cash 1e-6 of the currency. For people there are the views of 0002.

CREATE TABLE watermark (
    only_one    boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    market_id   bytea NOT NULL,
    seq         bigint NOT NULL,              -- every event of the commands up to here is in the tables, none after it
    ts          timestamptz NOT NULL,
    events      bigint NOT NULL,              -- how many there were
    span        bigint NOT NULL,              -- commands in a partition of the histories
    written_at  timestamptz NOT NULL
);
COMMENT ON TABLE watermark IS 'What of the journal is in these tables; written in the transaction that wrote them';

CREATE TABLE codes (
    enum  text NOT NULL,
    code  integer NOT NULL,
    name  text NOT NULL,
    PRIMARY KEY (enum, code)
);
COMMENT ON TABLE codes IS 'Names of the numbers of the wire formats: docs/wire.md';

CREATE TABLE instruments (
    instrument          integer PRIMARY KEY,
    symbol              text NOT NULL,
    currency            text NOT NULL,
    state               smallint NOT NULL,
    tick_size           bigint NOT NULL,
    lot_size            bigint NOT NULL,
    reference_price     bigint NOT NULL,
    collar_bps          bigint NOT NULL,
    max_order_qty       bigint NOT NULL,
    max_order_notional  bigint NOT NULL,
    bid_price           bigint NOT NULL,
    ask_price           bigint NOT NULL,
    bid_qty             bigint NOT NULL,
    ask_qty             bigint NOT NULL,
    trades              bigint NOT NULL,
    volume              bigint NOT NULL,
    orders              bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE instruments IS 'Instruments as of the watermark; a price of 0 is none, a limit of 0 is none';

CREATE TABLE accounts (
    account               integer PRIMARY KEY,
    name                  text NOT NULL,
    state                 smallint NOT NULL,
    flags                 smallint NOT NULL,
    cash                  bigint NOT NULL,
    hold                  bigint NOT NULL,
    short_proceeds        bigint NOT NULL,
    realized_pnl          bigint NOT NULL,
    open_orders           bigint NOT NULL,
    account_seq           bigint NOT NULL,
    last_client_order_id  bigint NOT NULL,
    max_order_qty         bigint NOT NULL,
    max_order_notional    bigint NOT NULL,
    max_position          bigint NOT NULL,
    max_open_orders       bigint NOT NULL,
    max_messages          bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE accounts IS 'Accounts as of the watermark; a limit of 0 is none';

CREATE TABLE positions (
    account       integer NOT NULL,
    instrument    integer NOT NULL,
    qty           bigint NOT NULL,
    cost          bigint NOT NULL,
    realized_pnl  bigint NOT NULL,
    open_buy      bigint NOT NULL,
    open_sell     bigint NOT NULL,
    PRIMARY KEY (account, instrument)
) WITH (fillfactor = 50);
COMMENT ON TABLE positions IS 'Positions as of the watermark; cost is at average cost, negative for a short';

CREATE TABLE open_orders (
    order_id         bigint PRIMARY KEY,
    client_order_id  bigint NOT NULL,
    account          integer NOT NULL,
    instrument       integer NOT NULL,
    side             smallint NOT NULL,
    order_type       smallint NOT NULL,
    tif              smallint NOT NULL,
    flags            smallint NOT NULL,
    self_trade       smallint NOT NULL,
    price            bigint NOT NULL,
    qty              bigint NOT NULL,
    filled           bigint NOT NULL,
    value            bigint NOT NULL,         -- sum of price x qty of its fills
    accepted_seq     bigint NOT NULL,
    accepted_ts      timestamptz NOT NULL,
    seq              bigint NOT NULL,         -- of its last event
    ts               timestamptz NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE open_orders IS 'Orders that are open as of the watermark';

-- Histories: partitions by seq, which the projector makes; see docs/database.md for their indexes.
CREATE TABLE closed_orders (
    LIKE open_orders,
    status  smallint NOT NULL,                -- FILL or CANCELED (EventKind)
    reason  smallint NOT NULL                 -- CancelReason; 0 for a filled one
) PARTITION BY RANGE (seq);
COMMENT ON TABLE closed_orders IS 'Orders that ended: one row each, seq and ts are of the end';

CREATE TABLE fills (
    seq              bigint NOT NULL,
    ts               timestamptz NOT NULL,
    account          integer NOT NULL,
    account_seq      bigint NOT NULL,
    instrument       integer NOT NULL,
    side             smallint NOT NULL,
    maker            boolean NOT NULL,
    order_id         bigint NOT NULL,
    client_order_id  bigint NOT NULL,
    price            bigint NOT NULL,
    qty              bigint NOT NULL,
    leaves           bigint NOT NULL,
    trade_id         bigint NOT NULL
) PARTITION BY RANGE (seq);
COMMENT ON TABLE fills IS 'Executions: two rows a trade, one for each side';

CREATE TABLE rejects (
    seq              bigint NOT NULL,
    ts               timestamptz NOT NULL,
    account          bigint NOT NULL,         -- as sent, it may be unknown
    account_seq      bigint NOT NULL,         -- 0 for an unknown account
    kind             smallint NOT NULL,
    reason           smallint NOT NULL,       -- Check
    side             smallint NOT NULL,
    instrument       bigint NOT NULL,
    order_id         bigint NOT NULL,
    client_order_id  bigint NOT NULL,
    qty              bigint NOT NULL,
    limit_value      bigint NOT NULL,
    value            bigint NOT NULL,
    headroom         bigint NOT NULL
) PARTITION BY RANGE (seq);
COMMENT ON TABLE rejects IS 'Orders, cancels and replaces that were refused';

CREATE TABLE order_events (
    seq              bigint NOT NULL,
    ts               timestamptz NOT NULL,
    account          bigint NOT NULL,
    account_seq      bigint NOT NULL,
    kind             smallint NOT NULL,
    reason           smallint NOT NULL,
    flags            smallint NOT NULL,
    side             smallint NOT NULL,
    instrument       bigint NOT NULL,
    order_id         bigint NOT NULL,
    client_order_id  bigint NOT NULL,
    price            bigint NOT NULL,
    qty              bigint NOT NULL,
    leaves           bigint NOT NULL,
    filled           bigint NOT NULL
) PARTITION BY RANGE (seq);
COMMENT ON TABLE order_events IS 'Replaces, answers to retries, ends of mass cancels: what is no begin, end or fill of an order';

CREATE TABLE movements (
    seq          bigint NOT NULL,
    ts           timestamptz NOT NULL,
    account      integer NOT NULL,
    account_seq  bigint NOT NULL,
    instrument   integer,                     -- none for cash
    amount       bigint NOT NULL,             -- cash, or lots
    balance      bigint NOT NULL,             -- after it: cash, or the position
    operator     text NOT NULL,
    reason       text NOT NULL,
    PRIMARY KEY (account, account_seq)
);
COMMENT ON TABLE movements IS 'Deposits and withdrawals of cash and shares';

CREATE TABLE operations (
    seq          bigint PRIMARY KEY,
    ts           timestamptz NOT NULL,
    command      smallint NOT NULL,           -- CommandKind
    kind         smallint NOT NULL,           -- EventKind of the answer
    account      bigint NOT NULL,
    account_seq  bigint NOT NULL,
    instrument   bigint NOT NULL,
    state        smallint NOT NULL,
    flags        smallint NOT NULL,
    given        bigint[] NOT NULL,           -- value0 to value7 of the command
    name         text NOT NULL,
    operator     text NOT NULL,
    reason       text NOT NULL,
    failed_check smallint NOT NULL,           -- Check, where it was refused; else 0
    limit_value  bigint NOT NULL,
    value        bigint NOT NULL,
    answer       bigint NOT NULL              -- qty of the event: a number, or the request
);
COMMENT ON TABLE operations IS 'Commands of operators and what came of them; ends of trading days';

CREATE TABLE bars (
    instrument  integer NOT NULL,
    minute      timestamptz NOT NULL,
    open        bigint NOT NULL,
    high        bigint NOT NULL,
    low         bigint NOT NULL,
    close       bigint NOT NULL,
    volume      bigint NOT NULL,              -- lots
    value       bigint NOT NULL,              -- sum of price x lots
    trades      bigint NOT NULL,
    PRIMARY KEY (instrument, minute)
);
COMMENT ON TABLE bars IS 'One-minute bars of each instrument, from its trades';
