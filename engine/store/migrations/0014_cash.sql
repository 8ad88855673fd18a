-- Cash accounts with a rule, their violations, and restrictions to settled cash (docs/cash.md).

CREATE TABLE cash_accounts (
    account     integer PRIMARY KEY,
    rule        smallint NOT NULL,                          -- CashRule
    restricted  smallint NOT NULL,                          -- 1: it buys with settled cash alone
    violations  smallint NOT NULL,                          -- that count
    since       integer NOT NULL                            -- YYYYMMDD of the violation that restricted it; 0: not over yet
);
COMMENT ON TABLE cash_accounts IS 'Accounts with a rule of cash accounts, as of the watermark';

CREATE TABLE cash_violations (
    seq              bigint NOT NULL,
    ts               timestamptz NOT NULL,
    account          integer NOT NULL,
    account_seq      bigint NOT NULL,
    number           bigint NOT NULL,                       -- within the account, since it got its rule
    instrument       integer NOT NULL,
    kind             smallint NOT NULL,                     -- CashViolation
    qty              bigint NOT NULL,                       -- lots that were sold and not paid for
    cost             bigint NOT NULL,                       -- what they cost
    order_id         bigint NOT NULL,                       -- 0: they were taken out
    client_order_id  bigint NOT NULL,
    counted          integer NOT NULL,                      -- violations that counted then
    PRIMARY KEY (account, account_seq)
);
COMMENT ON TABLE cash_violations IS 'Each sale of what was not paid for, of accounts with a rule';

CREATE TABLE cash_restrictions (
    seq          bigint NOT NULL,
    ts           timestamptz NOT NULL,
    account      integer NOT NULL,
    account_seq  bigint NOT NULL,
    event        smallint NOT NULL,                         -- EventKind: CASH_RESTRICTED, CASH_LIFTED
    restricted   boolean NOT NULL,                          -- of CASH_RESTRICTED: it begins
    violation    bigint NOT NULL,                           -- its number; 0: none
    PRIMARY KEY (account, account_seq)
);
COMMENT ON TABLE cash_restrictions IS 'Restrictions to settled cash that began and ended, and violations that were lifted';

CREATE VIEW violations AS
SELECT v.seq, v.ts, v.account, a.name AS account_name, v.number, name_of('CashViolation', v.kind) AS violation, i.symbol,
       v.qty, cash_of(v.cost) AS cost, nullif(v.client_order_id, 0) AS client_order_id, v.counted,
       EXISTS (SELECT FROM cash_restrictions r WHERE r.account = v.account AND r.violation = v.number
               AND r.account_seq > v.account_seq AND r.event = (SELECT code FROM codes WHERE enum = 'EventKind' AND name = 'CASH_LIFTED')) AS lifted
FROM cash_violations v
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument);
COMMENT ON VIEW violations IS 'Each sale of what was not paid for, and whether an operator lifted it';
