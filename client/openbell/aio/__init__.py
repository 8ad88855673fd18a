"""The asyncio clients: one event loop, no threads; works on uvloop too."""

from openbell.aio.client import AsyncClient
from openbell.aio.linked import AsyncLinked
from openbell.aio.market import AsyncMarketData, UpdateStream
from openbell.aio.orders import AsyncOrder
from openbell.aio.stream import EventStream

__all__ = ["AsyncClient", "AsyncLinked", "AsyncMarketData", "AsyncOrder", "EventStream", "UpdateStream"]
