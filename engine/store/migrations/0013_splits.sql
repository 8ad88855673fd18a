-- Splits in the view of the ledger: its sums are the positions again (docs/actions.md).

CREATE OR REPLACE VIEW ledger AS
SELECT m.seq, m.ts, m.account, a.name AS account_name, m.account_seq,
       CASE WHEN m.instrument IS NOT NULL THEN 'DEPOSIT_SHARES' WHEN m.number IS NULL THEN 'DEPOSIT' ELSE 'WITHDRAWAL' END
       AS entry, i.symbol,
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
WHERE e.qty IS NOT NULL
UNION ALL
SELECT seq, ts, account, account_name, account_seq, entry, symbol, -amount, 0::bigint,
       house || CASE entry WHEN 'FEE' THEN ', trade ' || trade_id ELSE coalesce(': ' || reason, '') END
FROM charges
UNION ALL
SELECT t.seq, t.ts, coalesce(t.payer, t.payee), a.name, t.account_seq, 'SPLIT', i.symbol, 0,
       CASE WHEN t.payer IS NULL THEN -t.lots ELSE t.lots END, o.reason
FROM transfers t
LEFT JOIN operations o ON o.seq = t.seq
LEFT JOIN accounts a ON a.account = coalesce(t.payer, t.payee)
LEFT JOIN instruments i ON i.instrument = t.instrument
WHERE t.kind = 60;
