"""The configuration: what is read, and that every error names the field, its limit and what was given."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import config, extensions
from engine.config import Cash, Config, ConfigError, DepthClass, Price

ROOT = Path(__file__).resolve().parents[2]


def load(folder: Path, *texts: str) -> Config:
    paths = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.toml"
        path.write_text(text, "utf-8")
        paths.append(path)
    return config.load(paths)


def test_the_market_that_comes_with_the_clone() -> None:
    made = config.load([ROOT / "configs" / "market.toml"])
    assert made.market.durability == "fsync"
    assert {account.name for account in made.account} == {"alice", "bob", "carol"}
    assert made.instrument[0].tick_size == 100
    assert made.account[0].cash == 1_000_000 * 10**6


def test_no_file_is_the_defaults() -> None:
    assert config.load([]) == Config()
    assert config.load([]).ports.orders == 7701


def test_numbers_are_exact(tmp_path: Path) -> None:
    made = load(
        tmp_path,
        """
        [[instrument]]
        symbol = "A"
        tick_size = 0.0001
        reference_price = "184.25"
        max_order_notional = 0.1
        [[account]]
        name = "a"
        cash = 0.000001
        """,
    )
    assert (made.instrument[0].tick_size, made.instrument[0].reference_price) == (1, 1842500)
    assert (made.instrument[0].max_order_notional, made.account[0].cash) == (100_000, 1)


@given(st.integers(0, 2**42 - 1))
def test_every_price_can_be_written(units: int) -> None:
    text = f"{units // 10_000}.{units % 10_000:04}"
    body = {"instrument": [{"symbol": "A", "reference_price": text}]}
    assert config.checked(body, "file").instrument[0].reference_price == units


def test_later_files_win_key_by_key(tmp_path: Path) -> None:
    made = load(
        tmp_path,
        '[ports]\norders = 1\ncontrol = 2\n[[instrument]]\nsymbol = "A"\ncollar_bps = 5\n[[account]]\nname = "a"\n',
        '[ports]\norders = 3\n[[instrument]]\nsymbol = "B"\n[[instrument]]\nsymbol = "A"\nlot_size = 7\n',
    )
    assert (made.ports.orders, made.ports.control) == (3, 2)
    assert [one.symbol for one in made.instrument] == ["A", "B"]
    assert (made.instrument[0].collar_bps, made.instrument[0].lot_size) == (5, 7)
    assert [one.name for one in made.account] == ["a"]


def test_classes_of_depth(tmp_path: Path) -> None:
    made = load(tmp_path, "[depth.3]\nlevels = 20\n", "[depth.3]\ninterval_ms = 50\n[depth.2]\n").depth
    assert made.class_1 == DepthClass(levels=10, interval_ms=100)
    assert made.class_2 == DepthClass(levels=10, interval_ms=100)
    assert made.class_3 == DepthClass(levels=10, interval_ms=50)  # the later file's table is the one
    assert made.class_4 is None


def test_sessions(tmp_path: Path) -> None:
    made = load(
        tmp_path,
        '[[instrument]]\nsymbol = "A"\nsession = "us"\n',
        '[sessions.us]\ncalendar = "XNYS"\nclose = "15:59:30"\n[sessions.plain]\n',
    )
    assert made.instrument[0].session == "us"
    assert made.sessions["us"].close == "15:59:30"
    assert (made.sessions["us"].opening_call_s, made.sessions["plain"].calendar) == (600, "always")
    made = load(
        tmp_path,
        '[sessions.us]\ncalendar = "XNYS"\npost_s = 60\n[sessions.day]\nopen = "10:00"\nclose = "16:00"\n',
        '[sessions.us]\npost_trading = true\n[sessions.day]\nclose = "15:00"\n[sessions.uk]\ncalendar = "XLON"\n',
    )
    assert (made.sessions["us"].calendar, made.sessions["us"].post_s, made.sessions["us"].post_trading) == (
        "XNYS", 60, True,
    )  # fmt: skip
    assert (made.sessions["day"].open, made.sessions["day"].close) == ("10:00", "15:00")
    assert list(made.sessions) == ["us", "day", "uk"]
    with pytest.raises(ConfigError, match=r"0\.toml, .*1\.toml: sessions\.us\.open is missing"):
        load(tmp_path, "[sessions.us]\npost_s = 60\n", '[sessions.us]\nclose = "16:00"\n')
    with pytest.raises(ConfigError, match=r"\(A\)\.session: there is no \[sessions\.uk\]; there are: us$"):
        load(tmp_path, '[[instrument]]\nsymbol = "A"\nsession = "uk"\n[sessions.us]\ncalendar = "XNYS"\n')
    with pytest.raises(ConfigError, match=r"\(A\)\.session: there is no \[sessions\.uk\]$"):
        load(tmp_path, '[[instrument]]\nsymbol = "A"\nsession = "uk"\n')


@pytest.mark.parametrize("call_s", [0, 300])
def test_a_closing_auction_is_over_when_the_day_ends(tmp_path: Path, call_s: int) -> None:
    """Also without a closing call of the schedule: others call for the close, and it takes calls over."""
    times = "post_s = 900\nextensions.closing = { market_orders = true, extension_s = %d }\n"
    us = f'[sessions.us]\ncalendar = "XNYS"\nclosing_call_s = {call_s}\n'
    load(tmp_path, us + times % 449)
    with pytest.raises(ConfigError, match="closing auction can come 900 s after the close, and the day ends 900 s"):
        load(tmp_path, us + times % 450)
    load(tmp_path, "[sessions.us]\n" + times % 450)  # it has no close


def test_extensions(tmp_path: Path) -> None:
    text = (
        '[sessions.us]\ncalendar = "XNYS"\nextensions.closing = { market_orders = true, price_percent = 2.5 }\n'
        "[sessions.us.extensions.halt]\nrandom_end_s = 30\n"
    )
    (made,) = load(tmp_path, text).sessions.values()
    assert made.extensions.closing is not None and made.extensions.halt is not None
    assert (made.extensions.opening, made.extensions.volatility) == (None, None)
    assert made.extensions.closing.price_percent == 250
    assert (made.extensions.closing.extension_s, made.extensions.closing.max_extensions) == (120, 2)
    assert extensions.wanted_of(made) == {
        "closing": [120 * 10**9, 2, 0, 0, 250, 0, 0, 0, 1],
        "halt": [0, 0, 0, 0, 0, 0, 30 * 10**9, 0, 0],
    }
    closing, halt = (extensions.words_of(one) for _, _, one in extensions.kinds(made))
    reasons = "market orders would be left, or the price is more than 2.5% from the reference"
    assert closing == f"put off by 120 s, at most 2 times, while {reasons}"
    assert halt == "random end within 30 s"


WRONG = [
    ("[depth.1]\nlevels = 0", "depth.1.levels: expected int >= 1, got 0"),
    ("[depth.2]\ninterval_ms = 5", "depth.2.interval_ms: expected int >= 10, got 5"),
    ("[depth.5]", "depth.5: there is no such field; there are: 1"),
    ("[depth.1]\nlevel = 5", "depth.1.level: there is no such field; did you mean levels?"),
    ("[sessions.us]\npost_s = 0", "sessions.us.post_s: expected int >= 1, got 0"),
    ("[sessions.us]\nclosing_call_s = 43201", "sessions.us.closing_call_s: expected int <= 43200, got 43201"),
    ('[sessions.us]\nopen = "9:30"', "sessions.us.open: expected a time of day, 00:00 to 23:59, or with seconds"),
    ('[sessions.us]\nopen = "09:30\\n"', "sessions.us.open: expected a time of day, 00:00 to 23:59, or with seconds"),
    ('[sessions.us]\nopen = "0\u0669:30"', "sessions.us.open: expected a time of day"),
    ('[sessions.us]\ncalender = "XNYS"', "sessions.us.calender: there is no such field; did you mean calendar?"),
    ("[sessions]\nus = 3", "sessions.us: expected object, got int"),
    ('[sessions.us]\nopen = "09:30"', 'sessions.us.close is missing: calendar "always" has no times of its own'),
    (
        '[sessions.us]\ncalendar = "XNYS"\ntime_zone = "Europe/London"',
        'sessions.us.time_zone: only of calendar "always"; XNYS has its own',
    ),
    ("[sessions.a12345678901234567890123456789012]", "its name may have 1 to 32 bytes, got 33"),
    ("[sessions.us.extensions.closing]", "sessions.us.extensions.closing: it says nothing: expected market_orders, "),
    (
        "[sessions.us.extensions.halt]\nprice_percent = 101",
        "extensions.halt.price_percent: expected 0 to 100, got 101",
    ),
    (
        "[sessions.us.extensions.halt]\nprice_percent = 0.001",
        "price_percent: expected at most 2 decimal places, got 0.001",
    ),
    (
        "[sessions.us.extensions.halt]\nextension_s = 0",
        "sessions.us.extensions.halt.extension_s: expected int >= 1, got 0",
    ),
    ("[sessions.us.extensions.halt]\nmax_extensions = 101", "halt.max_extensions: expected int <= 100, got 101"),
    (
        "[sessions.us.extensions.halt]\nimbalance = -1",
        "sessions.us.extensions.halt.imbalance: expected int >= 0, got -1",
    ),
    (
        "[sessions.us.extensions.halt]\nmarket = true",
        "extensions.halt.market: there is no such field; did you mean market_orders?",
    ),
    ("[sessions.us.extensions.halts]", "sessions.us.extensions.halts: there is no such field; did you mean halt?"),
    (
        "[sessions.us.extensions.halt]\nmarket_orders = true\nwiden_percent = 5",
        "sessions.us.extensions.halt.widen_percent: only with price_percent",
    ),
    (
        "[sessions.us.extensions.halt]\nmarket_orders = true\nfrom_last = true",
        "sessions.us.extensions.halt.from_last: only with price_percent",
    ),
    (
        "[sessions.us.extensions.halt]\nmarket_orders = true\nextension_s = 30\nrandom_end_s = 30",
        "sessions.us.extensions.halt.random_end_s: expected less than extension_s, 30, got 30",
    ),
    (
        '[sessions.us]\ncalendar = "XNYS"\nextensions.closing = { imbalance = 1, extension_s = 450 }',
        "sessions.us.extensions.closing: the closing auction can come 900 s after the close, and the day ends 900 s",
    ),
    ("[ports]\norders = 70000", "ports.orders: expected int <= 65535, got 70000"),
    ("[ports]\norders = -1", "ports.orders: expected int >= 0, got -1"),
    ('[ports]\norders = "x"', "ports.orders: expected int, got str"),
    ("ports = 3", "ports: expected object, got int"),
    ("[market]\nspeed = 3", "market.speed: there is no such field; there are: day_end, durability, "),
    ("[ports]\nordres = 7701", "ports.ordres: there is no such field; did you mean orders?"),
    ("[markets]", "markets: there is no such field; did you mean market"),
    ('[[account]]\nnmae = "a"', "account[0].nmae: there is no such field; did you mean name?"),
    ("[ports]\nmarket_data = 7701", "ports.market_data: 7701 is that of ports.orders already"),
    ('[postgres]\ndsn = "foo"', 'postgres.dsn: expected "embedded", "none" or postgresql://'),
    ('[market]\ndurability = "disk"', "market.durability: expected one of fsync, memory, got 'disk'"),
    (
        '[market]\nday_end = "25:00"',
        "market.day_end: expected a time of day, 00:00 to 23:59, or \"never\", got '25:00'",
    ),
    ('[market]\nname = ""', "market.name: expected str of length >= 1"),
    ("[capacity]\norders = 0", "capacity.orders: expected int >= 1, got 0"),
    ("[capacity]\nwindow_pages = 63", "capacity.window_pages: expected a power of two, 2 to 4096, got 63"),
    ("[[instrument]]\ntick_size = 1", "instrument[0].symbol is missing"),
    ('[[instrument]]\nsymbol = "A"\ntick_size = 0', "instrument[0] (A).tick_size: expected 0.0001 to 104.8576, got 0"),
    (
        '[[instrument]]\nsymbol = "A"\ntick_size = 105',
        "instrument[0] (A).tick_size: expected 0.0001 to 104.8576, got 105",
    ),
    (
        '[[instrument]]\nsymbol = "A"\ntick_size = 0.00001',
        "instrument[0].tick_size: expected at most 4 decimal places, got 0.00001",
    ),
    (
        '[[instrument]]\nsymbol = "A"\nreference_price = "dear"',
        "expected a decimal number such as \"184.25\", got 'dear'",
    ),
    ('[[instrument]]\nsymbol = "A"\nreference_price = nan', "instrument[0].reference_price: expected a decimal number"),
    ('[[instrument]]\nsymbol = "A"\nreference_price = -1', "reference_price: expected 0 to 439804651.1103, got -1"),
    (
        '[[instrument]]\nsymbol = "A"\n[[instrument]]\nsymbol = "A"',
        "instrument[1].symbol: 'A' is that of instrument[0]",
    ),
    (
        '[[instrument]]\nsymbol = "A"\nid = 4096',
        "instrument[0].id: expected less than capacity.instruments, 4096, got 4096",
    ),
    ('[[instrument]]\nsymbol = "Ä123456789012345678901234567890a"', "symbol and currency may have 32 and 8 bytes"),
    (
        '[[account]]\nname = "a"\nid = 1\n[[account]]\nname = "b"\nid = 1',
        "account[1].id: 1 is that of account[0] already",
    ),
    ('[[account]]\nname = "a"\ncash = true', "account[0].cash: expected a decimal number, got True"),
    ('[[account]]\nname = "a"\ncash = 1e30', "account[0].cash: expected 0 to 4611686018427.387904"),
    ('[[account]]\nname = "a"\npositions = { A = 0 }', "account[0].positions[...]: expected int >= 1"),
    ('[[account]]\nname = "a"\napi_key = "short"', "account[0].api_key: expected str of length >= 16"),
    ('[[operator]]\nname = "o"\nrole = "king"', "operator[0].role: expected one of admin, viewer, got 'king'"),
    ('[ports]\nhost = "0.0.0.0"', "ports.host: 0.0.0.0 can be reached from other machines"),
    ('[ports]\nhost = "192.168.1.5"\ncurve = true', "ports.client_keys: it is empty"),
    (
        "[capacity]\naccounts = 1\n[[account]]\nname='a'\n[[account]]\nname='b'",
        "account: 2 of them, capacity.accounts is 1",
    ),
    ("x = ", "no TOML"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[said[:40] for _, said in WRONG])
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "0.toml"))


@pytest.mark.parametrize(
    "text",
    [
        '[[account]]\nname = "a"\napi_key = "hush"',
        '[[operator]]\nname = "a"\ntoken = "hush"',
        '[postgres]\ndsn = "hush"',
    ],
)
def test_a_secret_is_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert "hush" not in str(caught.value)


def test_the_command_line_is_checked_as_a_file_is() -> None:
    made = config.replace(Config(), "ports", orders=1, control=0, market_data=0)
    assert (made.ports.orders, made.ports.snapshots) == (1, 7703)
    with pytest.raises(ConfigError, match=r"the command line: ports.snapshots: 1 is that of ports.orders already"):
        config.replace(Config(), "ports", orders=1, snapshots=1)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        config.load([tmp_path / "none.toml"])
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        config.load([tmp_path / "binary.toml"])


def test_one_api_key_may_be_of_several_accounts(tmp_path: Path) -> None:
    key = "k" * 20
    made = load(tmp_path, f'[[account]]\nname = "a"\napi_key = "{key}"\n[[account]]\nname = "b"\napi_key = "{key}"\n')
    assert [one.api_key for one in made.account] == [key, key]


def test_beyond_loopback_with_curve_and_client_keys(tmp_path: Path) -> None:
    made = load(tmp_path, f'[ports]\nhost = "0.0.0.0"\ncurve = true\nclient_keys = ["{"a" * 40}"]')
    assert made.ports.curve


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "localhost", "::1"])
def test_loopback_needs_nothing(host: str) -> None:
    assert config.checked({"ports": {"host": host}}, "file").ports.host == host


def test_replacing_a_value_checks_it() -> None:
    made = config.replace(Config(), "ports", orders=0)
    assert (made.ports.orders, made.ports.control) == (0, 7704)
    assert (Price.places, Cash.places) == (4, 6)
