-- Of the histories the few orders that are tied to others, for the view linked_orders: not a walk through all orders. On
-- each partition, and on those to come: such orders are few, and the ids of their groups ascend.

CREATE INDEX closed_orders_linked ON closed_orders (account, link_group) WHERE link_group IS NOT NULL;
