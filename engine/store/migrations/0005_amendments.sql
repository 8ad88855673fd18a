-- Trades that were busted or corrected: docs/busts.md. What was written before stays; views say what counts now.

CREATE TABLE amendments (
    seq                 bigint PRIMARY KEY,
    ts                  timestamptz NOT NULL,
    instrument          integer NOT NULL,
    trade_id            bigint NOT NULL,
    trade_seq           bigint NOT NULL,            -- the command that made the trade
    trade_ts            timestamptz NOT NULL,
    auction             boolean NOT NULL,           -- one of the pairs of an auction
    buyer               integer NOT NULL,
    seller              integer NOT NULL,
    buyer_account_seq   bigint NOT NULL,            -- of TRADE_BUSTED; TRADE_CORRECTED is the next one
    seller_account_seq  bigint NOT NULL,
    buyer_order_id      bigint NOT NULL,
    seller_order_id     bigint NOT NULL,
    price               bigint NOT NULL,            -- before
    qty                 bigint NOT NULL,
    new_price           bigint,                     -- NULL: busted
    new_qty             bigint,
    operator            text NOT NULL,
    reason              text NOT NULL
);
CREATE INDEX amendments_trade ON amendments (instrument, trade_id, seq);
COMMENT ON TABLE amendments IS 'Busts and corrections of trades, one row each';

CREATE VIEW standings AS
SELECT DISTINCT ON (instrument, trade_id) instrument, trade_id,
       CASE WHEN new_qty IS NULL THEN 'BUSTED' ELSE 'CORRECTED' END AS status, new_price AS price,
       coalesce(new_qty, 0) AS qty, seq
FROM amendments
ORDER BY instrument, trade_id, seq DESC;
COMMENT ON VIEW standings IS 'What became of the trades that were busted or corrected';

CREATE OR REPLACE VIEW executions AS
SELECT f.seq, f.ts, f.account, a.name AS account_name, i.symbol, f.instrument, name_of('Side', f.side) AS side,
       f.qty, price_of(f.price) AS price, cash_of(f.price::numeric * f.qty * i.lot_size * 100) AS notional,
       f.maker, f.leaves, f.order_id, f.client_order_id, f.trade_id, f.account_seq, f.auction,
       coalesce(s.status, 'STANDING') AS status, coalesce(s.qty, f.qty) AS standing_qty,
       price_of(CASE WHEN s.status IS NULL THEN f.price ELSE s.price END) AS standing_price
FROM fills f
LEFT JOIN standings s USING (instrument, trade_id)
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument);

CREATE OR REPLACE VIEW trades AS
SELECT f.seq, f.ts, i.symbol, f.instrument, f.trade_id, price_of(f.price) AS price, f.qty,
       CASE WHEN NOT f.auction THEN name_of('Side', f.side) END AS aggressor,
       cash_of(f.price::numeric * f.qty * i.lot_size * 100) AS notional, f.auction,
       coalesce(s.status, 'STANDING') AS status, coalesce(s.qty, f.qty) AS standing_qty,
       price_of(CASE WHEN s.status IS NULL THEN f.price ELSE s.price END) AS standing_price
FROM fills f
LEFT JOIN standings s USING (instrument, trade_id)
LEFT JOIN instruments i USING (instrument)
WHERE NOT f.maker AND (NOT f.auction OR f.side = 0);

-- A bust books the opposite of what was booked; a correction that, and what counts instead.
CREATE OR REPLACE VIEW ledger AS
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
LEFT JOIN instruments i USING (instrument)
UNION ALL
SELECT m.seq, m.ts, e.account, a.name, e.account_seq,
       CASE WHEN m.new_qty IS NULL THEN 'BUST' ELSE 'CORRECTION' END, i.symbol,
       cash_of(e.way::numeric * e.price * e.qty * i.lot_size * 100), -e.way * e.qty,
       'trade ' || m.trade_id || ': ' || m.reason
FROM amendments m
CROSS JOIN LATERAL (VALUES
    (m.buyer, m.buyer_account_seq, 1, m.price, m.qty),
    (m.seller, m.seller_account_seq, -1, m.price, m.qty),
    (m.buyer, m.buyer_account_seq + 1, -1, m.new_price, m.new_qty),
    (m.seller, m.seller_account_seq + 1, 1, m.new_price, m.new_qty)
) AS e (account, account_seq, way, price, qty)
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument)
WHERE e.qty IS NOT NULL;
