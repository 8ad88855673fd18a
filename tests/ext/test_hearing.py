"""Whether events tell of something."""

from __future__ import annotations

import numpy as np
import pytest
from openbell import wire
from openbell.wire import EventKind

from ext.hearing import hears


def events(*kinds: EventKind) -> bytes:
    made = np.zeros(len(kinds), wire.EVENT)
    made["kind"] = kinds
    made["reason"] = EventKind.RISK_LEVEL  # neighbours of the kind are none
    made["side"] = EventKind.RISK_LEVEL
    return made.tobytes()


@pytest.mark.parametrize("place", range(4))
def test_it_is_heard_wherever_it_is(place: int) -> None:
    kinds = [EventKind.FILL, EventKind.ACCEPTED, EventKind.CANCELED]
    assert not hears(events(*kinds), EventKind.RISK_LEVEL)
    kinds.insert(place, EventKind.RISK_LEVEL)
    assert hears(events(*kinds), EventKind.RISK_LEVEL)


def test_nothing_is_not_heard() -> None:
    assert not hears(b"", EventKind.RISK_LEVEL)


@pytest.mark.parametrize("size", [1, 79, 81])
def test_parts_of_events_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} bytes are not whole events of 80 bytes"):
        hears(bytes(size), EventKind.FILL)
