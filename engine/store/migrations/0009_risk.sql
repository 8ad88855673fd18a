-- What accounts are watched for, and when their levels changed (docs/risk.md).

ALTER TABLE accounts ADD COLUMN risk_type smallint NOT NULL DEFAULT 0;   -- RiskType

CREATE TABLE risk_levels (
    seq          bigint NOT NULL,
    ts           timestamptz NOT NULL,
    account      integer NOT NULL,
    account_seq  bigint NOT NULL,
    level        smallint NOT NULL,                         -- RiskLevel that it has from then on
    before       smallint NOT NULL,                         -- RiskLevel that it had
    equity       bigint NOT NULL,
    maintenance  bigint NOT NULL,
    PRIMARY KEY (account, seq)
);
COMMENT ON TABLE risk_levels IS 'Each change of the level of an account, with what it had and had to keep then';

CREATE TABLE margins (
    instrument         integer PRIMARY KEY,
    mark_by            smallint NOT NULL,                   -- MarkBy
    initial_long       bigint NOT NULL,                     -- 1e-4 of the value
    maintenance_long   bigint NOT NULL,
    initial_short      bigint NOT NULL,
    maintenance_short  bigint NOT NULL,
    least_low          bigint NOT NULL,                     -- price, for a share sold short below least
    least              bigint NOT NULL                      -- price, from there on; 0: none
);
COMMENT ON TABLE margins IS 'What positions in instruments must have behind them, as of the watermark';

CREATE VIEW levels AS
SELECT r.seq, r.ts, r.account, a.name AS account_name, r.account_seq, name_of('RiskLevel', r.level) AS level,
       name_of('RiskLevel', r.before) AS before, cash_of(r.equity) AS equity, cash_of(r.maintenance) AS maintenance
FROM risk_levels r
LEFT JOIN accounts a USING (account);
COMMENT ON VIEW levels IS 'Each change of the level of a margin account';

CREATE OR REPLACE VIEW balances AS
SELECT account, name, name_of('AccountState', state) AS state, cash_of(cash) AS cash, cash_of(hold) AS hold,
       cash_of(cash::numeric - hold - short_proceeds) AS buying_power, cash_of(realized_pnl) AS realized_pnl, open_orders,
       cash_of(settled) AS settled, cash_of(unsettled) AS unsettled, cash_of(withdrawals) AS withdrawals,
       cash_of(withdrawable) AS withdrawable, cash_of(fees) AS fees, plan, currency,
       name_of('RiskType', risk_type) AS risk_type
FROM accounts;
