-- API keys that have limits, and these (docs/session-limits.md).

CREATE TABLE keys (
    key   integer PRIMARY KEY,
    name  text NOT NULL
);
COMMENT ON TABLE keys IS 'API keys that have, or had, limits, as of the watermark; what they have in the market is kept nowhere';

CREATE TABLE key_limits (
    key   integer NOT NULL,
    kind  smallint NOT NULL,                                -- Limit
    hard  bigint NOT NULL,                                  -- 0: none, as the next one
    soft  bigint NOT NULL,
    PRIMARY KEY (key, kind)
);
COMMENT ON TABLE key_limits IS 'Limits of API keys, of all sessions of each together, as of the watermark';

CREATE VIEW session_limits AS
SELECT l.key, k.name AS key_name, name_of('Limit', l.kind) AS limit_name, l.hard, l.soft
FROM key_limits l
LEFT JOIN keys k USING (key);
COMMENT ON VIEW session_limits IS 'Limits of API keys by name; cash in 1e-6, lots, numbers, of ORDER_VOLUME 1e-4 of the average volume';

-- Of a warning of a key's limit distance is 255, and what is in desk is the key.
CREATE OR REPLACE VIEW warnings AS
SELECT w.seq, w.ts, CASE WHEN w.account_seq > 0 THEN w.account END AS account, a.name AS account_name, w.account_seq,
       name_of('Limit', w.kind) AS limit_name, CASE WHEN w.distance < 255 THEN nullif(w.desk, 0) END AS desk,
       d.name AS desk_name, w.distance, w.soft, w.measure,
       CASE WHEN w.client_order_id <> 0 THEN i.symbol END AS symbol, nullif(w.client_order_id, 0) AS client_order_id,
       k.key, k.name AS key_name
FROM limit_warnings w
LEFT JOIN accounts a ON w.account_seq > 0 AND a.account = w.account
LEFT JOIN desks d ON w.distance < 255 AND d.desk = w.desk
LEFT JOIN keys k ON w.distance = 255 AND k.key = w.desk
LEFT JOIN instruments i ON i.instrument = w.instrument;
