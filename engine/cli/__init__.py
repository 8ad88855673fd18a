"""The command line: `openbell VERB`, one file a verb."""
