"""The projector: reads the durable journal, runs a core of its own over it, and copies what follows to PostgreSQL.

It is a process of its own (`python -m engine.projector`): the database slow or gone never slows the engine, the journal
is the buffer. `source` turns the journal into batches, `sink` writes a batch in one transaction with the watermark,
`service` does both for as long as it should, `launch` runs it beside an engine. Tables: docs/database.md.
"""
