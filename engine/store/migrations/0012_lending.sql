-- What can be lent, what was located, interest, and dividends that are due (docs/borrow.md, docs/actions.md).

CREATE TABLE lendings (
    instrument  integer PRIMARY KEY,
    borrow      smallint NOT NULL,                          -- Borrow
    fee         bigint NOT NULL,                            -- 1e-6 of the value a year
    inventory   bigint NOT NULL,                            -- lots
    lent        bigint NOT NULL                             -- lots that were located
);
COMMENT ON TABLE lendings IS 'What of instruments can be sold short, as of the watermark';

CREATE TABLE located (
    account     integer NOT NULL,
    instrument  integer NOT NULL,
    lots        bigint NOT NULL,
    PRIMARY KEY (account, instrument)
);
COMMENT ON TABLE located IS 'Lots that were located for positions, as of the watermark';

CREATE TABLE interest_rates (
    currency  text PRIMARY KEY,                             -- '': of accounts without one
    debit     bigint NOT NULL,                              -- 1e-6 a year
    credit    bigint NOT NULL,
    days      integer NOT NULL                              -- a year
);
COMMENT ON TABLE interest_rates IS 'Interest on cash by currency, as of the watermark';

CREATE TABLE dividends_due (
    account     integer NOT NULL,
    instrument  integer NOT NULL,
    due         bigint NOT NULL,                            -- cash; negative: owed
    PRIMARY KEY (account, instrument)
);
COMMENT ON TABLE dividends_due IS 'Dividends that are due to positions and not paid, as of the watermark';

CREATE VIEW borrows AS
SELECT l.instrument, i.symbol, name_of('Borrow', l.borrow) AS borrow, l.fee::numeric / 10000 AS fee_percent, l.inventory,
       l.lent, l.inventory - l.lent AS available
FROM lendings l
LEFT JOIN instruments i USING (instrument);
COMMENT ON VIEW borrows IS 'What can be sold short: fee in percent a year, lots that can be lent and those that are left of them';

CREATE VIEW locates AS
SELECT l.account, a.name AS account_name, l.instrument, i.symbol, l.lots,
       greatest(0, coalesce(p.open_sell - p.qty, 0)) AS short
FROM located l
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument)
LEFT JOIN positions p USING (account, instrument);
COMMENT ON VIEW locates IS 'Lots that were located, and lots that are owed or would be if open sells traded';

CREATE VIEW dues AS
SELECT d.account, a.name AS account_name, d.instrument, i.symbol, cash_of(d.due) AS due
FROM dividends_due d
LEFT JOIN accounts a USING (account)
LEFT JOIN instruments i USING (instrument);
COMMENT ON VIEW dues IS 'Dividends that are due and not paid; negative: owed';
