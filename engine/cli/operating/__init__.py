"""The verbs of `openbell ctl`."""
