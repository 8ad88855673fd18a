-- For people: decimals, symbols, names. Whole numbers for programs are in the tables.

CREATE FUNCTION price_of(units bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN round(units / 10000.0, 4);
CREATE FUNCTION cash_of(units numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN round(units / 1000000.0, 6);
CREATE FUNCTION name_of(kind text, number integer) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce((SELECT name FROM codes WHERE enum = kind AND code = number), number::text);

CREATE VIEW orders AS
SELECT o.order_id, o.account, a.name AS account_name, i.symbol, o.instrument, name_of('Side', o.side) AS side,
       o.status, o.order_type, o.tif, price_of(o.price) AS price, o.qty, o.filled, o.leaves,
       CASE WHEN o.filled > 0 THEN round(o.value / 10000.0 / o.filled, 6) END AS average_price,
       o.reason, o.client_order_id, o.accepted_seq, o.accepted_ts, o.seq, o.ts
FROM (
    SELECT order_id, account, instrument, side, CASE WHEN filled > 0 THEN 'PARTLY_FILLED' ELSE 'OPEN' END AS status,
           name_of('OrderType', order_type) AS order_type, name_of('TimeInForce', tif) AS tif, price, qty, filled,
           qty - filled AS leaves, value, NULL AS reason, client_order_id, accepted_seq, accepted_ts, seq, ts
    FROM open_orders
    UNION ALL
    SELECT order_id, account, instrument, side, CASE status WHEN 2 THEN 'FILLED' ELSE 'CANCELED' END,
           name_of('OrderType', order_type), name_of('TimeInForce', tif), price, qty, filled,
           0, value, CASE WHEN reason > 0 THEN name_of('CancelReason', reason) END, client_order_id, accepted_seq,
           accepted_ts, seq, ts
    FROM closed_orders
) o
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument);
COMMENT ON VIEW orders IS 'All orders that were accepted, open and ended';

CREATE VIEW executions AS
SELECT f.seq, f.ts, f.account, a.name AS account_name, i.symbol, f.instrument, name_of('Side', f.side) AS side,
       f.qty, price_of(f.price) AS price, cash_of(f.price::numeric * f.qty * i.lot_size * 100) AS notional,
       f.maker, f.leaves, f.order_id, f.client_order_id, f.trade_id, f.account_seq
FROM fills f
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument);
COMMENT ON VIEW executions IS 'Fills: one row for each side of each trade';

CREATE VIEW trades AS
SELECT f.seq, f.ts, i.symbol, f.instrument, f.trade_id, price_of(f.price) AS price, f.qty,
       name_of('Side', f.side) AS aggressor, cash_of(f.price::numeric * f.qty * i.lot_size * 100) AS notional
FROM fills f
LEFT JOIN instruments i USING (instrument)
WHERE NOT f.maker;
COMMENT ON VIEW trades IS 'Trades: one row each, as the market sees them';

CREATE VIEW ledger AS
SELECT m.seq, m.ts, m.account, a.name AS account_name, m.account_seq,
       CASE WHEN m.instrument IS NULL THEN 'DEPOSIT' ELSE 'DEPOSIT_SHARES' END AS entry, i.symbol,
       CASE WHEN m.instrument IS NULL THEN cash_of(m.amount) ELSE 0 END AS cash,
       CASE WHEN m.instrument IS NULL THEN 0 ELSE m.amount END AS lots, m.reason
FROM movements m
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument)
UNION ALL
SELECT f.seq, f.ts, f.account, a.name, f.account_seq, 'TRADE', i.symbol,
       cash_of((CASE f.side WHEN 0 THEN -1 ELSE 1 END)::numeric * f.price * f.qty * i.lot_size * 100),
       CASE f.side WHEN 0 THEN f.qty ELSE -f.qty END, 'trade ' || f.trade_id
FROM fills f
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument);
COMMENT ON VIEW ledger IS 'Every movement of cash and shares of every account; the sums are the balances';

CREATE VIEW holdings AS
SELECT p.account, a.name AS account_name, i.symbol, p.instrument, p.qty, cash_of(p.cost) AS cost,
       CASE WHEN p.qty <> 0 THEN round(p.cost / 1000000.0 / p.qty / i.lot_size, 6) END AS average_price,
       cash_of(p.realized_pnl) AS realized_pnl, price_of(i.reference_price) AS last_price,
       cash_of(i.reference_price::numeric * p.qty * i.lot_size * 100 - p.cost) AS unrealized_pnl, p.open_buy, p.open_sell
FROM positions p
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument);
COMMENT ON VIEW holdings IS 'Positions with average price and profit';

CREATE VIEW balances AS
SELECT account, name, name_of('AccountState', state) AS state, cash_of(cash) AS cash, cash_of(hold) AS hold,
       cash_of(cash::numeric - hold - short_proceeds) AS buying_power, cash_of(realized_pnl) AS realized_pnl, open_orders
FROM accounts;
COMMENT ON VIEW balances IS 'Accounts with their cash';

CREATE VIEW refusals AS
SELECT r.seq, r.ts, r.account, a.name AS account_name, i.symbol, name_of('EventKind', r.kind) AS kind,
       name_of('Check', r.reason) AS failed_check, r.limit_value, r.value, r.headroom, r.qty, r.order_id, r.client_order_id,
       r.account_seq
FROM rejects r
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument);
COMMENT ON VIEW refusals IS 'Rejects with the names of their checks';

CREATE VIEW candles AS
SELECT i.symbol, b.instrument, b.minute, price_of(b.open) AS open, price_of(b.high) AS high, price_of(b.low) AS low,
       price_of(b.close) AS close, b.volume, round(b.value / 10000.0 / b.volume, 6) AS average_price, b.trades
FROM bars b
LEFT JOIN instruments i USING (instrument);
COMMENT ON VIEW candles IS 'One-minute bars';

CREATE VIEW audit AS
SELECT o.seq, o.ts, o.operator, name_of('CommandKind', o.command) AS command, name_of('EventKind', o.kind) AS result,
       CASE WHEN o.failed_check > 0 THEN name_of('Check', o.failed_check) END AS failed_check,
       o.account, o.instrument, o.name, o.given, o.reason
FROM operations o;
COMMENT ON VIEW audit IS 'What operators did';
