-- Margin accounts with the rule of day trades, their day trades, and patterns that were lifted (docs/daytrading.md).

CREATE TABLE day_traders (
    account     integer PRIMARY KEY,
    rule        smallint NOT NULL,                          -- DayTradeRule
    pattern     smallint NOT NULL,                          -- 1: it is a pattern day trader
    day_trades  integer NOT NULL,                           -- of the days that count
    trades      integer NOT NULL,                           -- of the same days
    kept_0      bigint NOT NULL,                            -- cash paid in since the last SETTLE that stays
    kept_1      bigint NOT NULL,                            -- of the day before
    kept_2      bigint NOT NULL                             -- of two days before: free with the next SETTLE
);
COMMENT ON TABLE day_traders IS 'Margin accounts that are held to the rule of day trades, as of the watermark';

CREATE TABLE day_trades (
    seq              bigint NOT NULL,
    ts               timestamptz NOT NULL,
    account          integer NOT NULL,
    account_seq      bigint NOT NULL,
    instrument       integer NOT NULL,
    side             smallint NOT NULL,                     -- Side of the fill that closed
    order_id         bigint NOT NULL,
    client_order_id  bigint NOT NULL,
    trade_id         bigint NOT NULL,
    counted          integer NOT NULL,                      -- day trades that counted then, this one too
    trades           integer NOT NULL,                      -- trades that counted then
    made_pattern     boolean NOT NULL,                      -- it made its account a pattern day trader
    PRIMARY KEY (account, account_seq)
);
COMMENT ON TABLE day_trades IS 'Each day trade of accounts with the rule';

CREATE TABLE day_trader_lifts (
    seq          bigint NOT NULL,
    ts           timestamptz NOT NULL,
    account      integer NOT NULL,
    account_seq  bigint NOT NULL,
    PRIMARY KEY (account, account_seq)
);
COMMENT ON TABLE day_trader_lifts IS 'Accounts that an operator said are no pattern day traders any more';

CREATE VIEW patterns AS
SELECT t.seq, t.ts, t.account, a.name AS account_name, i.symbol, t.counted, t.trades,
       (SELECT min(l.ts) FROM day_trader_lifts l WHERE l.account = t.account AND l.account_seq > t.account_seq) AS lifted
FROM day_trades t
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument)
WHERE t.made_pattern;
COMMENT ON VIEW patterns IS 'When accounts became pattern day traders, and when an operator lifted that';
