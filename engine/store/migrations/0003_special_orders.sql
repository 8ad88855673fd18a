-- Orders of all types, auctions and states. What an order does not use is NULL.

ALTER TABLE open_orders
    ADD COLUMN stop_price        bigint,
    ADD COLUMN offset_value      bigint,        -- of the price, or with TRAIL_PERCENT in basis points
    ADD COLUMN expire_ns         bigint,        -- since 1970 UTC
    ADD COLUMN discretion        bigint,
    ADD COLUMN display_qty       bigint,
    ADD COLUMN min_qty           bigint,
    ADD COLUMN order_group       bigint,
    ADD COLUMN self_trade_group  bigint,
    ADD COLUMN modes             smallint,      -- ModeFlag bits
    ADD COLUMN peg               smallint,      -- Peg
    ADD COLUMN triggered         boolean;       -- of a stop: it was met
ALTER TABLE closed_orders
    ADD COLUMN stop_price        bigint,
    ADD COLUMN offset_value      bigint,
    ADD COLUMN expire_ns         bigint,
    ADD COLUMN discretion        bigint,
    ADD COLUMN display_qty       bigint,
    ADD COLUMN min_qty           bigint,
    ADD COLUMN order_group       bigint,
    ADD COLUMN self_trade_group  bigint,
    ADD COLUMN modes             smallint,
    ADD COLUMN peg               smallint,
    ADD COLUMN triggered         boolean;
ALTER TABLE fills ADD COLUMN auction boolean NOT NULL DEFAULT false;  -- a fill of an auction has no maker
COMMENT ON TABLE order_events IS
    'Replaces, triggers, restatements, answers to retries, ends of mass cancels: what is no begin, end or fill of an order';

CREATE TABLE auctions (
    seq             bigint NOT NULL,
    ts              timestamptz NOT NULL,
    instrument      integer NOT NULL,
    kind            smallint NOT NULL,          -- AuctionKind
    price           bigint NOT NULL,            -- 0: nothing was traded
    qty             bigint NOT NULL,            -- lots, mod 2^32
    imbalance       bigint NOT NULL,            -- lots, mod 2^32
    imbalance_side  smallint,                   -- Side
    PRIMARY KEY (seq, instrument)
);
COMMENT ON TABLE auctions IS 'Auctions that were held';

CREATE TABLE states (
    seq         bigint NOT NULL,
    ts          timestamptz NOT NULL,
    instrument  integer NOT NULL,
    state       smallint NOT NULL,              -- InstrumentState
    detail      smallint NOT NULL,              -- CALL: AuctionKind, HALTED: HaltReason, else 0
    auction_ts  timestamptz,                    -- CALL: when its auction is, where that is set
    PRIMARY KEY (seq, instrument)
);
COMMENT ON TABLE states IS 'Every state that an instrument was set to';

CREATE OR REPLACE VIEW orders AS
SELECT o.order_id, o.account, a.name AS account_name, i.symbol, o.instrument, name_of('Side', o.side) AS side,
       o.status, o.order_type, o.tif, price_of(o.price) AS price, o.qty, o.filled, o.leaves,
       CASE WHEN o.filled > 0 THEN round(o.value / 10000.0 / o.filled, 6) END AS average_price,
       o.reason, o.client_order_id, o.accepted_seq, o.accepted_ts, o.seq, o.ts,
       price_of(o.stop_price) AS stop_price, o.triggered, name_of('Peg', o.peg) AS peg,
       CASE WHEN o.modes & 1 > 0 THEN o.offset_value / 100.0 ELSE price_of(o.offset_value) END AS "offset",
       CASE WHEN o.offset_value IS NOT NULL THEN coalesce(o.modes & 1 > 0, false) END AS offset_is_percent,
       to_timestamp(o.expire_ns / 1000000000.0) AS expires, price_of(o.discretion) AS discretion, o.display_qty,
       o.min_qty, o.order_group, o.self_trade_group, o.flags
FROM (
    SELECT order_id, account, instrument, side,
           CASE WHEN NOT triggered THEN 'WAITING' WHEN filled > 0 THEN 'PARTLY_FILLED' ELSE 'OPEN' END AS status,
           name_of('OrderType', order_type) AS order_type, name_of('TimeInForce', tif) AS tif, price, qty, filled,
           qty - filled AS leaves, value, NULL AS reason, client_order_id, accepted_seq, accepted_ts, seq, ts,
           stop_price, triggered, peg, modes, offset_value, expire_ns, discretion, display_qty, min_qty, order_group,
           self_trade_group, flags
    FROM open_orders
    UNION ALL
    SELECT order_id, account, instrument, side, CASE status WHEN 2 THEN 'FILLED' ELSE 'CANCELED' END,
           name_of('OrderType', order_type), name_of('TimeInForce', tif), price, qty, filled,
           0, value, CASE WHEN reason > 0 THEN name_of('CancelReason', reason) END, client_order_id, accepted_seq,
           accepted_ts, seq, ts,
           stop_price, triggered, peg, modes, offset_value, expire_ns, discretion, display_qty, min_qty, order_group,
           self_trade_group, flags
    FROM closed_orders
) o
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument);

-- One of the two fills of each trade: the taker's, in an auction, where nobody is that, the buyer's.
CREATE OR REPLACE VIEW trades AS
SELECT f.seq, f.ts, i.symbol, f.instrument, f.trade_id, price_of(f.price) AS price, f.qty,
       CASE WHEN NOT f.auction THEN name_of('Side', f.side) END AS aggressor,
       cash_of(f.price::numeric * f.qty * i.lot_size * 100) AS notional, f.auction
FROM fills f
LEFT JOIN instruments i USING (instrument)
WHERE NOT f.maker AND (NOT f.auction OR f.side = 0);

CREATE OR REPLACE VIEW executions AS
SELECT f.seq, f.ts, f.account, a.name AS account_name, i.symbol, f.instrument, name_of('Side', f.side) AS side,
       f.qty, price_of(f.price) AS price, cash_of(f.price::numeric * f.qty * i.lot_size * 100) AS notional,
       f.maker, f.leaves, f.order_id, f.client_order_id, f.trade_id, f.account_seq, f.auction
FROM fills f
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument);

CREATE VIEW crosses AS
SELECT c.seq, c.ts, i.symbol, c.instrument, name_of('AuctionKind', c.kind) AS kind,
       CASE WHEN c.price > 0 THEN price_of(c.price) END AS price, c.qty, c.imbalance,
       name_of('Side', c.imbalance_side) AS imbalance_side
FROM auctions c
LEFT JOIN instruments i USING (instrument);
COMMENT ON VIEW crosses IS 'Auctions: price, lots, and what was left over';

CREATE VIEW state_changes AS
SELECT s.seq, s.ts, i.symbol, s.instrument, name_of('InstrumentState', s.state) AS state,
       CASE s.state WHEN 3 THEN name_of('AuctionKind', s.detail) WHEN 2 THEN name_of('HaltReason', s.detail) END AS detail,
       s.auction_ts
FROM states s
LEFT JOIN instruments i USING (instrument);
COMMENT ON VIEW state_changes IS 'What state each instrument was in, from when on, and why';
