"""The market between journal and clients."""

from __future__ import annotations

from openbell.wire import CommandKind

from engine.journal.writer import JournalWriter
from engine.sequencer import admin_command
from tests.engine.trading import Trading


async def test_who_has_an_answer_finds_its_command_in_the_journal(synced: Trading) -> None:
    """Readers of a running market read as far as run/status.map says: it must know before anybody has an answer."""
    market, heard = synced.market, []
    market.send_data = lambda _: heard.append("answer")
    for _ in range(3):
        market.sequencer.admin(
            admin_command(CommandKind.SET_INSTRUMENT_STATE, operator="ann", reason="r", instrument=0, state=1)
        )
        market.sequencer.flush(0)
        assert isinstance(synced.journal, JournalWriter)
        synced.journal.wait(market.core.seq)
        market.on_durable(lambda seq: heard.append(seq))
        assert heard.index(market.core.seq) < heard.index("answer"), heard
        heard.clear()
