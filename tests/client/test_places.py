"""Several addresses: which market a client goes to, and where next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openbell.errors import InvalidInput, MarketNotFound
from openbell.places import Address, Places
from openbell.session import Session

PORTS = ("orders", "market_data", "snapshots", "control")


def engine_file(data: Path, first: int, *others: int) -> None:
    (data / "run").mkdir(parents=True, exist_ok=True)

    def ports(begin: int) -> dict[str, str]:
        return {name: f"tcp://h:{begin + step}" for step, name in enumerate(PORTS)}

    body = {"pid": 1, "ports": ports(first), "others": [ports(one) for one in others]}
    (data / "run" / "engine.json").write_text(json.dumps(body))


@pytest.mark.parametrize("given", [["a:1", "b:2", "a:1"], "a:1;b:2", " a:1 ; b:2;"])
def test_they_are_gone_through_in_turn(given: Address) -> None:
    places = Places(given, None)
    assert places.are_several
    seen = [places.market.orders]
    for _ in range(3):
        assert places.look_again()
        seen.append(places.market.orders)
    assert seen == ["tcp://a:1", "tcp://b:2", "tcp://a:1", "tcp://b:2"]
    places.go_to("b:2")
    places.look_again()
    assert places.market.orders == "tcp://b:2"
    places.go_to("nobody:3")
    assert places.market.orders == "tcp://b:2"


def test_they_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBELL_ADDRESS", "a:1;b:2")
    assert Places(None, None).are_several
    monkeypatch.setenv("OPENBELL_ADDRESS", "a:1")
    assert not Places(None, None).are_several


def test_a_directory_tells_of_the_others(tmp_path: Path) -> None:
    engine_file(tmp_path / "one", 10, 20)
    engine_file(tmp_path / "two", 20, 10)
    places = Places(tmp_path / "one", None)
    assert [places.market.orders, places.look_again() and places.market.orders] == ["tcp://h:10", "tcp://h:20"]
    assert len({Places([tmp_path / "one", tmp_path / "two"], None).look_again() for _ in range(2)}) == 1
    (tmp_path / "one" / "run" / "engine.json").unlink()
    assert places.look_again()  # what was known stays
    assert places.market.orders == "tcp://h:10"
    assert Places([tmp_path / "one", tmp_path / "two"], None).market.orders == "tcp://h:20"
    engine_file(tmp_path / "one", 10)
    assert not Places(tmp_path / "one", None).are_several


def test_what_is_none(tmp_path: Path) -> None:
    with pytest.raises(MarketNotFound):
        Places([tmp_path / "one", tmp_path / "two"], None)
    with pytest.raises(InvalidInput, match="empty list"):
        Places([], None)
    with pytest.raises(InvalidInput, match="not host:port"):
        Places(["a:1", "b:x"], None)


def test_another_connection_has_its_own_turn() -> None:
    places = Places(["a:1", "b:2"], None)
    places.look_again()
    data = Places.of(places, None)
    assert data.market == places.market
    data.look_again()
    assert (data.market.orders, places.market.orders) == ("tcp://a:1", "tcp://b:2")


def test_a_standby_is_no_login_where_the_primary_is_wanted() -> None:
    from openbell.records import json_frame
    from openbell.wire import FrameType

    body = {"session": 1, "accounts": [{"id": 1, "name": "a", "next_seq": 5}], "instruments": [], "role": "standby"}
    for wants_primary in (False, True):
        session = Session("key", "test", {1: 9})
        session.wants_primary = wants_primary
        session.login()
        notices = session.receive(json_frame(FrameType.LOGGED_IN, session.login_number, body))
        assert session.ready is not wants_primary
        if wants_primary:  # what it has not got yet is not lost
            assert notices == []
            assert session.standby == body
            assert session.next_seq == {1: 9}
            for code in ("not_your_account", "resume_too_old"):  # nor is what it lacks
                said = json_frame(FrameType.ERROR, session.login_number, {"code": code, "text": "", "limit": 20})
                assert session.receive(said) == []
            assert session.next_seq == {1: 9}
            session.login()
            refused = json_frame(FrameType.ERROR, session.login_number, {"code": "standby", "text": "", "value": "h:1"})
            assert session.receive(refused) == []
            assert session.standby == {"code": "standby", "text": "", "value": "h:1"}
