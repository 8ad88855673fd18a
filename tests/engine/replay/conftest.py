"""The peer `itchfeed` must be itself here: with `itchcpp` installed it would hand over to it."""

import os

os.environ["ITCH_NO_CPP"] = "1"
