-- Desks, who is in them, limits, and each soft limit that was passed (docs/desks.md).

ALTER TABLE margins ADD COLUMN average_volume bigint NOT NULL DEFAULT 0,  -- lots a day; 0: not known
                    ADD COLUMN lists bigint NOT NULL DEFAULT 0;           -- bits of the lists that it is on

CREATE TABLE desks (
    desk      integer PRIMARY KEY,
    name      text NOT NULL,
    parent    integer NOT NULL,                             -- the desk above it; 0: it is a firm
    state     smallint NOT NULL,                            -- AccountState, its own
    in_force  smallint NOT NULL                             -- AccountState, those above it counted
);
COMMENT ON TABLE desks IS 'Desks as of the watermark; what they measure is another value with each price and kept nowhere';

CREATE TABLE members (
    account   integer PRIMARY KEY,
    desk      integer NOT NULL,
    in_force  smallint NOT NULL                             -- AccountState, that of its desks counted
);
COMMENT ON TABLE members IS 'Accounts that are in a desk, as of the watermark';

CREATE TABLE limits (
    of_desk  boolean NOT NULL,
    holder   integer NOT NULL,                              -- desk, or account
    kind     smallint NOT NULL,                             -- Limit
    hard     bigint NOT NULL,                               -- 0: none, as the next one
    soft     bigint NOT NULL,
    PRIMARY KEY (of_desk, holder, kind)
);
COMMENT ON TABLE limits IS 'Limits of accounts and desks, as of the watermark';

CREATE TABLE limit_warnings (
    seq              bigint NOT NULL,
    ts               timestamptz NOT NULL,
    account          integer NOT NULL,                      -- 0 with account_seq 0: of a desk by itself
    account_seq      bigint NOT NULL,
    instrument       integer NOT NULL,
    client_order_id  bigint NOT NULL,                       -- 0: of no order
    kind             smallint NOT NULL,                     -- Limit
    distance         smallint NOT NULL,                     -- desks up
    desk             integer NOT NULL,                      -- 0: the account's own limit
    soft             bigint NOT NULL,
    measure          bigint NOT NULL,
    PRIMARY KEY (account, seq, account_seq, desk)
);
COMMENT ON TABLE limit_warnings IS 'Each soft limit that was passed, and what was measured then';

CREATE VIEW desk_limits AS
SELECT CASE WHEN l.of_desk THEN 'desk' ELSE 'account' END AS holder_kind, l.holder,
       CASE WHEN l.of_desk THEN d.name ELSE a.name END AS holder_name, name_of('Limit', l.kind) AS limit_name, l.hard, l.soft
FROM limits l
LEFT JOIN desks d ON l.of_desk AND d.desk = l.holder
LEFT JOIN accounts a ON NOT l.of_desk AND a.account = l.holder;
COMMENT ON VIEW desk_limits IS 'Limits with the names of their holders; cash in 1e-6, of ORDER_VOLUME 1e-4 of the average volume';

CREATE VIEW desk_members AS
SELECT m.account, a.name AS account_name, m.desk, d.name AS desk_name, p.name AS parent_name,
       name_of('AccountState', a.state) AS state, name_of('AccountState', m.in_force) AS in_force
FROM members m
JOIN desks d USING (desk)
LEFT JOIN desks p ON p.desk = d.parent
LEFT JOIN accounts a USING (account);
COMMENT ON VIEW desk_members IS 'Accounts that are in a desk, and the states that hold for them';

CREATE VIEW warnings AS
SELECT w.seq, w.ts, CASE WHEN w.account_seq > 0 THEN w.account END AS account, a.name AS account_name, w.account_seq,
       name_of('Limit', w.kind) AS limit_name, nullif(w.desk, 0) AS desk, d.name AS desk_name, w.distance, w.soft, w.measure,
       CASE WHEN w.client_order_id <> 0 THEN i.symbol END AS symbol, nullif(w.client_order_id, 0) AS client_order_id
FROM limit_warnings w
LEFT JOIN accounts a ON w.account_seq > 0 AND a.account = w.account
LEFT JOIN desks d ON d.desk = w.desk
LEFT JOIN instruments i ON i.instrument = w.instrument;
COMMENT ON VIEW warnings IS 'Each soft limit that was passed';
