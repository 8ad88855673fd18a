-- Orders that are tied to others (docs/linked.md), and what instruments tell of their state. Rows that were there before
-- do not have it; `openbell project --rebuild` gives it to them.

ALTER TABLE open_orders
    ADD COLUMN role        smallint,            -- Role that it came with
    ADD COLUMN link_id     bigint,              -- client_order_id of the order that it named then
    ADD COLUMN link_group  bigint,              -- client_order_id of the first order of those that it is tied to
    ADD COLUMN waits       boolean;             -- of a child: its parent has not ended
ALTER TABLE closed_orders
    ADD COLUMN role        smallint,
    ADD COLUMN link_id     bigint,
    ADD COLUMN link_group  bigint,
    ADD COLUMN waits       boolean;
ALTER TABLE instruments
    ADD COLUMN halt_reason       smallint NOT NULL DEFAULT 0,  -- HaltReason, while it is halted
    ADD COLUMN auction_kind      smallint NOT NULL DEFAULT 0,  -- AuctionKind, while it is in a call
    ADD COLUMN short_restricted  smallint NOT NULL DEFAULT 0,
    ADD COLUMN auction_ns        bigint NOT NULL DEFAULT 0,    -- of the call's auction, since 1970 UTC; 0: not set
    ADD COLUMN band_lower        bigint NOT NULL DEFAULT 0,    -- 0: it has no price bands
    ADD COLUMN band_upper        bigint NOT NULL DEFAULT 0;

CREATE OR REPLACE VIEW orders AS
SELECT o.order_id, o.account, a.name AS account_name, i.symbol, o.instrument, name_of('Side', o.side) AS side,
       o.status, o.order_type, o.tif, price_of(o.price) AS price, o.qty, o.filled, o.leaves,
       CASE WHEN o.filled > 0 THEN round(o.value / 10000.0 / o.filled, 6) END AS average_price,
       o.reason, o.client_order_id, o.accepted_seq, o.accepted_ts, o.seq, o.ts,
       price_of(o.stop_price) AS stop_price, o.triggered, name_of('Peg', o.peg) AS peg,
       CASE WHEN o.modes & 1 > 0 THEN o.offset_value / 100.0 ELSE price_of(o.offset_value) END AS "offset",
       CASE WHEN o.offset_value IS NOT NULL THEN coalesce(o.modes & 1 > 0, false) END AS offset_is_percent,
       to_timestamp(o.expire_ns / 1000000000.0) AS expires, price_of(o.discretion) AS discretion, o.display_qty,
       o.min_qty, o.order_group, o.self_trade_group, o.flags,
       name_of('Role', o.role) AS role, o.link_id AS linked_to, o.link_group, o.waits
FROM (
    SELECT order_id, account, instrument, side,
           CASE WHEN waits OR NOT triggered THEN 'WAITING' WHEN filled > 0 THEN 'PARTLY_FILLED' ELSE 'OPEN' END AS status,
           name_of('OrderType', order_type) AS order_type, name_of('TimeInForce', tif) AS tif, price, qty, filled,
           qty - filled AS leaves, value, NULL AS reason, client_order_id, accepted_seq, accepted_ts, seq, ts,
           stop_price, triggered, peg, modes, offset_value, expire_ns, discretion, display_qty, min_qty, order_group,
           self_trade_group, flags, role, link_id, link_group, waits
    FROM open_orders
    UNION ALL
    SELECT order_id, account, instrument, side, CASE status WHEN 2 THEN 'FILLED' ELSE 'CANCELED' END,
           name_of('OrderType', order_type), name_of('TimeInForce', tif), price, qty, filled,
           0, value, CASE WHEN reason > 0 THEN name_of('CancelReason', reason) END, client_order_id, accepted_seq,
           accepted_ts, seq, ts,
           stop_price, triggered, peg, modes, offset_value, expire_ns, discretion, display_qty, min_qty, order_group,
           self_trade_group, flags, role, link_id, link_group, waits
    FROM closed_orders
) o
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument);

-- The first order of a group may have come alone: it has no group of its own.
CREATE VIEW linked_orders AS
SELECT g.link_group AS first_client_order_id, o.account, o.account_name, o.symbol, o.side, o.client_order_id,
       coalesce(o.role, 'NONE') AS role, o.linked_to, o.status, o.waits, o.order_type, o.price, o.stop_price, o.qty,
       o.filled, o.leaves, o.average_price, o.reason, o.accepted_seq, o.seq, o.ts, o.order_id
FROM (
    SELECT account, link_group FROM open_orders WHERE link_group IS NOT NULL
    UNION
    SELECT account, link_group FROM closed_orders WHERE link_group IS NOT NULL
) g
JOIN orders o ON o.account = g.account AND coalesce(o.link_group, o.client_order_id) = g.link_group;
COMMENT ON VIEW linked_orders IS 'Orders that are, or were, tied to each other, by the first of them';

CREATE VIEW changes AS
SELECT e.seq, e.ts, e.account, a.name AS account_name, i.symbol, name_of('EventKind', e.kind) AS kind,
       CASE e.kind WHEN 10 THEN name_of('RestateReason', e.reason) END AS reason, e.client_order_id,
       price_of(e.price) AS price, e.qty, e.leaves, e.filled, e.order_id, e.account_seq
FROM order_events e
LEFT JOIN accounts a ON a.account = e.account
LEFT JOIN instruments i ON i.instrument = e.instrument
WHERE e.kind IN (4, 9, 10);
COMMENT ON VIEW changes IS 'Replaces, triggers of stops, and what the market changed of orders (RESTATED), with its reason';
