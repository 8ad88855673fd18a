"""What an order would do: docs/risk.md."""

from ext.layout cimport Market
from ext.wire cimport OrderCommand

# Its answer, and its account's RiskRow as it is and with the order's lots among the open ones. Changes nothing.
cdef tuple preview_of_order(Market* m, const OrderCommand* c)
