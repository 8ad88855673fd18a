"""The blocking clients: they drive their sockets in the caller's thread."""

from openbell.blocking.client import Client
from openbell.blocking.linked import BlockingLinked
from openbell.blocking.market import MarketData
from openbell.blocking.orders import BlockingOrder

__all__ = ["BlockingLinked", "BlockingOrder", "Client", "MarketData"]
