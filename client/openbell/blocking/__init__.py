"""The blocking clients: they drive their sockets in the caller's thread."""

from openbell.blocking.client import Client
from openbell.blocking.market import MarketData
from openbell.blocking.orders import BlockingOrder

__all__ = ["BlockingOrder", "Client", "MarketData"]
