-- The first order of a group has its group, too, from the moment on in which another one names it (rows of before:
-- `openbell project --rebuild`). So what is tied is found by the index of 0007, whatever the length of the history.

CREATE OR REPLACE VIEW linked_orders AS
SELECT o.link_group AS first_client_order_id, o.account, o.account_name, o.symbol, o.side, o.client_order_id,
       coalesce(o.role, 'NONE') AS role, o.linked_to, o.status, o.waits, o.order_type, o.price, o.stop_price, o.qty,
       o.filled, o.leaves, o.average_price, o.reason, o.accepted_seq, o.seq, o.ts, o.order_id
FROM orders o
WHERE o.link_group IS NOT NULL;
