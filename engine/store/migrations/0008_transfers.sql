-- The ledger of docs/ledger.md. Rows of before this migration are not there; `openbell project --rebuild` gives them.

-- Who gives what to whom. A row names two parties and one amount of cash and of lots, so it cannot but balance: what the
-- one is given is what the other gives. The view postings shows both sides.
CREATE TABLE transfers (
    seq          bigint NOT NULL,
    ts           timestamptz NOT NULL,
    number       integer NOT NULL,            -- within seq, from 0
    kind         smallint NOT NULL,           -- EventKind: FILL, CASH, SHARES, TRADE_BUSTED, TRADE_CORRECTED, CHARGED
    payer        integer,                     -- account that pays the cash and gets the lots; NULL: the house
    payee        integer,                     -- account that gets the cash and gives the lots; NULL: the house
    house        smallint,                    -- HouseAccount, where the house is one of the two
    currency     text NOT NULL,               -- of the cash; '': of an account without one
    cash         bigint NOT NULL,
    instrument   integer,                     -- of the lots; of a charge: what it is for
    lots         bigint NOT NULL,
    trade_id     bigint,
    order_id     bigint,                      -- of a fee
    reference    bigint,                      -- the sender's number of a charge, or of a withdrawal
    account_seq  bigint,                      -- where the event is of one account
    component    smallint,                    -- of a fee: of the account's plan
    CONSTRAINT two_parties CHECK (num_nonnulls(payer, payee, house) = 2),
    CONSTRAINT something_moves CHECK (cash >= 0 AND lots >= 0 AND (cash > 0 OR lots > 0)),
    CONSTRAINT lots_are_of_an_instrument CHECK (lots = 0 OR instrument IS NOT NULL)
) PARTITION BY RANGE (seq);
COMMENT ON TABLE transfers IS 'Each movement of cash and lots, between two parties: the ledger';

-- The histories that are there get their part of it.
DO $$
DECLARE
    found record;
    number text;
BEGIN
    FOR found IN
        SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) AS bound
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'fills'::regclass
    LOOP
        number := substring(found.relname FROM '\d+$');
        EXECUTE format('CREATE TABLE transfers_p%s PARTITION OF transfers %s', number, found.bound);
        EXECUTE format('CREATE INDEX transfers_p%s_when ON transfers_p%s USING brin (seq, ts)', number, number);
    END LOOP;
END $$;

ALTER TABLE watermark ADD COLUMN transfers_after bigint NOT NULL DEFAULT 0;  -- transfers are of commands after this one
UPDATE watermark SET transfers_after = seq;

ALTER TABLE accounts
    ADD COLUMN plan          smallint NOT NULL DEFAULT 0,   -- of fees; 0: none
    ADD COLUMN settled       bigint NOT NULL DEFAULT 0,
    ADD COLUMN unsettled     bigint NOT NULL DEFAULT 0,
    ADD COLUMN withdrawals   bigint NOT NULL DEFAULT 0,     -- held for them, part of hold
    ADD COLUMN withdrawable  bigint NOT NULL DEFAULT 0,
    ADD COLUMN fees          bigint NOT NULL DEFAULT 0,     -- of fills, since ever
    ADD COLUMN currency      text NOT NULL DEFAULT '';      -- '': any
ALTER TABLE movements ADD COLUMN number bigint;             -- of the withdrawal, where it is one of two phases

CREATE TABLE house_balances (
    currency  text NOT NULL,
    house     smallint NOT NULL,                            -- HouseAccount
    balance   numeric(39) NOT NULL,
    PRIMARY KEY (currency, house)
);
COMMENT ON TABLE house_balances IS 'Balances of the house as of the watermark; those that are not there are 0';

CREATE TABLE withdrawals (
    account  integer NOT NULL,
    number   bigint NOT NULL,
    amount   bigint NOT NULL,
    ts       timestamptz NOT NULL,                          -- when it was held
    PRIMARY KEY (account, number)
);
COMMENT ON TABLE withdrawals IS 'Withdrawals that are on their way as of the watermark';

CREATE TABLE fee_plans (
    plan              smallint NOT NULL,
    component         smallint NOT NULL,
    house             smallint NOT NULL,                    -- HouseAccount that gets it
    bits              smallint NOT NULL,                    -- FeeBits
    per_share         bigint NOT NULL,                      -- 1e-9 of the currency
    of_notional       bigint NOT NULL,                      -- 1e-9
    per_order         bigint NOT NULL,
    minimum           bigint NOT NULL,
    maximum           bigint NOT NULL,
    most_of_notional  bigint NOT NULL,                      -- 1e-9
    rounding          bigint NOT NULL,
    reserve           bigint NOT NULL,                      -- 1e-6 of the notional of buy orders
    PRIMARY KEY (plan, component)
);
COMMENT ON TABLE fee_plans IS 'Components of plans of fees as of the watermark; a maximum of 0 is none';

CREATE TABLE settlements (
    seq          bigint NOT NULL,
    ts           timestamptz NOT NULL,
    account      integer NOT NULL,
    account_seq  bigint NOT NULL,
    amount       bigint NOT NULL,
    settled      bigint NOT NULL,                           -- settled cash after it
    PRIMARY KEY (account, seq)
);
COMMENT ON TABLE settlements IS 'Cash that settled at the end of a business day, of each account; the day is in operations';

-- Both sides of each transfer. Of one number within a seq, and so of the seq, each asset sums to 0.
CREATE VIEW postings AS
SELECT t.seq, t.number * 4 + p.leg AS entry, t.ts, p.account, CASE WHEN p.account IS NULL THEN t.house END AS house,
       CASE WHEN p.leg <= 2 THEN t.currency ELSE coalesce(i.symbol, t.instrument::text) END AS asset,
       CASE WHEN p.leg <= 2 THEN t.currency END AS currency, CASE WHEN p.leg > 2 THEN t.instrument END AS instrument,
       p.amount, t.kind, name_of('EventKind', t.kind) AS reason, t.trade_id, t.order_id, t.reference
FROM transfers t
CROSS JOIN LATERAL (VALUES
    (1, t.payer, -t.cash), (2, t.payee, t.cash), (3, t.payer, t.lots), (4, t.payee, -t.lots)
) AS p (leg, account, amount)
LEFT JOIN instruments i USING (instrument)
WHERE p.amount <> 0;
COMMENT ON VIEW postings IS 'The ledger in double entry: cash (1e-6) in a currency, lots in an instrument; account or house';

CREATE VIEW charges AS
SELECT t.seq, t.ts, coalesce(t.payer, t.payee) AS account, a.name AS account_name, t.account_seq,
       CASE WHEN t.order_id IS NULL THEN 'CHARGE' ELSE 'FEE' END AS entry, name_of('HouseAccount', t.house) AS house,
       cash_of(CASE WHEN t.payer IS NULL THEN -t.cash ELSE t.cash END) AS amount, t.currency, i.symbol,
       t.component, t.trade_id, t.order_id, t.reference, o.operator, o.reason
FROM transfers t
LEFT JOIN operations o ON o.seq = t.seq AND t.order_id IS NULL
LEFT JOIN accounts a ON a.account = coalesce(t.payer, t.payee)
LEFT JOIN instruments i ON i.instrument = t.instrument
WHERE t.kind = 22;
COMMENT ON VIEW charges IS 'Fees of fills and charges: what the account paid, negative: what it got';

CREATE VIEW house AS
SELECT currency, name_of('HouseAccount', house) AS house, cash_of(balance) AS balance FROM house_balances;
COMMENT ON VIEW house IS 'What the house has, by currency';

CREATE OR REPLACE VIEW balances AS
SELECT account, name, name_of('AccountState', state) AS state, cash_of(cash) AS cash, cash_of(hold) AS hold,
       cash_of(cash::numeric - hold - short_proceeds) AS buying_power, cash_of(realized_pnl) AS realized_pnl, open_orders,
       cash_of(settled) AS settled, cash_of(unsettled) AS unsettled, cash_of(withdrawals) AS withdrawals,
       cash_of(withdrawable) AS withdrawable, cash_of(fees) AS fees, plan, currency
FROM accounts;

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
FROM charges;
