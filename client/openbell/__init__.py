"""OpenBell's SDK: trade on a market and follow it.

    import openbell
    with openbell.connect() as client:
        order = client.buy("ACME", 100, "101.25").wait_filled()

Prices are decimal text such as "101.25", a Decimal, or an int that counts 1e-4 of the currency; quantities are lots.

What `openbell.sdk` names is loaded when one of it is asked for first: who reads records alone starts sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from openbell.sdk import *
else:

    def __getattr__(name):
        from importlib import import_module
        from importlib.util import find_spec

        if not name.startswith("_") and find_spec(f"{__name__}.{name}") is not None:
            return import_module(f"{__name__}.{name}")
        sdk = import_module("openbell.sdk")
        if name in ("__all__", *sdk.__all__):
            return globals().setdefault(name, getattr(sdk, name))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        from importlib import import_module

        return sorted({*globals(), *import_module("openbell.sdk").__all__})
