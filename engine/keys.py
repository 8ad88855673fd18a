"""Who may do what: API keys of accounts, tokens of operators, the market's CURVE keys. They live in DIR/keys.

A key is one file of mode 0600 in which the SDK on this machine finds it. The engine itself keeps only digests and
looks a key up by its digest, which takes as long for a wrong one as for a nearly right one.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import zmq

from engine.config.table import NAME_BYTES
from engine.files import make_folder, write_whole
from engine.world import files, here

FOLDER: Final = "keys"  # in a market's directory
LOCAL_OPERATOR: Final = "local"
ROLES: Final = ("admin", "viewer")
_SECRET_BYTES = 32
_MAX_FILE_BYTES = 1 << 20
_NUMBERED = re.compile(r"\.(\d{1,6})$")  # of a file that is not the first one of its account
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,120}\.json")


class KeysError(Exception):
    """A file of keys cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class OperatorKey:
    """An operator's token. any_name: its user may act under any name (the token of the market's own machine)."""

    name: str
    role: str
    any_name: bool = False


@dataclass(frozen=True, slots=True)
class CurveKeys:
    """The market's CURVE key pair, in Z85."""

    public_key: str
    secret_key: str = field(repr=False)


class Keys:
    """All keys of one market directory. Raises KeysError, OSError."""

    def __init__(self, data: Path) -> None:
        self.folder = data / FOLDER
        make_folder(self.folder, 0o700)
        self.changes = 0  # how often keys were made since
        self._accounts: dict[bytes, set[int]] = {}  # digest of an API key -> its accounts
        self._called: dict[bytes, str] = {}  # and what operators call it: docs/session-limits.md
        self._operators: dict[bytes, OperatorKey] = {}
        self._with_key: set[int] = set()
        self.curve: CurveKeys | None = None
        self.local_client: CurveKeys | None = None  # of clients on this machine
        for name in self._names():
            self._read(self.folder / name)

    # ------------------------------------------------------------ asking

    def accounts(self, api_key: str) -> list[int] | None:
        """The accounts that an API key may use, ascending; None for a key that is none."""
        found = self._accounts.get(digest(api_key))
        return None if found is None else sorted(found)

    def name_of(self, api_key: str) -> str | None:
        """What an API key is called; None for a key that is none."""
        return self._called.get(digest(api_key))

    def names(self) -> dict[str, list[int]]:
        """What API keys are called, and the accounts that they may use, ascending. Several may have one name."""
        found: dict[str, set[int]] = {}
        for one, name in self._called.items():
            found.setdefault(name, set()).update(self._accounts[one])
        return {name: sorted(accounts) for name, accounts in sorted(found.items())}

    def may_use(self, name: str, account: int) -> bool:
        """Whether an API key of that name may use the account."""
        return account in self.names().get(name, ())

    def secret_of(self, name: str) -> str | None:
        """An API key of that name, from its file. Raises OSError."""
        for path in sorted(self.folder.glob("account-*.json")):
            body = json.loads(path.read_text("utf-8"))
            for row in body if isinstance(body, list) else [body]:
                if row.get("kind") == "account" and self._called.get(digest(str(row["api_key"]))) == name:
                    return str(row["api_key"])
        return None

    def operator(self, token: str) -> OperatorKey | None:
        """Whose token it is."""
        return self._operators.get(digest(token))

    def has_key(self, account: int) -> bool:
        """Whether there is an API key for the account."""
        return account in self._with_key

    def has_operator(self, name: str) -> bool:
        """Whether there is a token for an operator of that name."""
        return any(one.name == name for one in self._operators.values())

    # ------------------------------------------------------------ making

    def add_account(
        self, account: int, name: str, api_key: str | None = None, key_name: str | None = None
    ) -> tuple[str, Path]:
        """Make an API key for an account (or keep the one given); the key and its file. key_name: what it is called;
        left out: as its first account, with a number where that is another key's name."""
        secret = api_key or here.secrets.token_urlsafe(_SECRET_BYTES)
        if account in self._accounts.get(digest(secret), ()):
            return secret, self.folder  # known already
        path = self._free_path(f"account-{account}-{_in_a_file_name(name)}")
        called = self._called.get(digest(secret)) or key_name or self._free_name(name)
        body = {
            "kind": "account", "id": account, "name": name, "key": called, "api_key": secret,
            "made_ts_ns": here.clock.time_ns(),
        }  # fmt: skip
        self._write(path, body)
        self._accounts.setdefault(digest(secret), set()).add(account)
        self._called[digest(secret)] = called
        self._with_key.add(account)
        return secret, path

    def add_operator(
        self, name: str, role: str = "admin", token: str | None = None, any_name: bool = False
    ) -> tuple[str, Path]:
        """Make a token for an operator (or keep the one given); the token and its file."""
        secret = token or here.secrets.token_urlsafe(_SECRET_BYTES)
        key = OperatorKey(name, role, any_name)
        if self._operators.get(digest(secret)) == key:
            return secret, self.folder
        path = self._free_path(f"operator-{_in_a_file_name(name)}")
        body = {"kind": "operator", "name": name, "role": role, "any_name": any_name, "token": secret}
        self._write(path, body)
        self._operators[digest(secret)] = key
        return secret, path

    def ensure_curve(self) -> CurveKeys:
        """The market's CURVE keys, made where there are none."""
        if self.curve is None:
            public, secret = (key.decode() for key in zmq.curve_keypair())
            self._write(self.folder / "curve.json", {"kind": "curve", "public_key": public, "secret_key": secret})
            self.curve = CurveKeys(public, secret)
        return self.curve

    def ensure_local_client(self) -> CurveKeys:
        """CURVE keys for clients on this machine, made where there are none: the SDK finds them in the directory."""
        if self.local_client is None:
            public, secret = (key.decode() for key in zmq.curve_keypair())
            body = {"kind": "curve-client", "name": "local", "public_key": public, "secret_key": secret}
            self._write(self.folder / "curve-local.json", body)
            self.local_client = CurveKeys(public, secret)
        return self.local_client

    # ------------------------------------------------------------ of a market and its standby

    def texts(self) -> dict[str, str]:
        """All files, by name: what a standby keeps. Raises OSError."""
        return {name: files.read(self.folder / name).decode("utf-8") for name in self._names()}

    def take_over(self, texts: dict[str, str]) -> bool:
        """Keep the files of the market that is followed; whether one is new. Raises KeysError, OSError."""
        new = {}
        for name, text in texts.items():
            if _FILE.fullmatch(name) is None:
                raise KeysError(f"{name[:80]!r} is no name of a file of keys")
            path = self.folder / name
            if not files.exists(path) or files.read(path) != text.encode():
                new[path] = text
        for path, text in new.items():
            write_whole(path, text)
            self._read(path)
        return bool(new)

    # ------------------------------------------------------------ files

    def _names(self) -> list[str]:
        return sorted(name for name in here.system.listdir(self.folder) if name.endswith(".json"))

    def _read(self, path: Path) -> None:
        try:
            mode = stat.S_IMODE(here.system.stat(path).st_mode)
            if mode & 0o077:
                here.system.chmod(path, 0o600)
            text = files.read(path, _MAX_FILE_BYTES + 1)
            if len(text) > _MAX_FILE_BYTES:
                raise ValueError(f"it has more than {_MAX_FILE_BYTES} bytes")
            body = json.loads(text)
            for row in body if isinstance(body, list) else [body]:
                self._take(row, path.stem)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeysError(f"{path}: it holds no keys: {error!r}. Repair it or move it away") from error

    def _take(self, row: dict[str, Any], stem: str) -> None:
        kind = row["kind"]
        if kind == "account":
            accounts = {int(number) for number in row.get("accounts", [row.get("id")])}
            secret = digest(str(row["api_key"]))
            self._accounts.setdefault(secret, set()).update(accounts)
            if secret not in self._called:
                self._called[secret] = str(row["key"]) if "key" in row else self._name_of_file(row, stem)
            self._with_key.update(accounts)
        elif kind == "operator":
            role = str(row.get("role", "admin"))
            if role not in ROLES:
                raise ValueError(f"role must be one of {', '.join(ROLES)}, got {role!r}")
            key = OperatorKey(str(row["name"]), role, bool(row.get("any_name", False)))
            self._operators[digest(str(row["token"]))] = key
        elif kind == "curve":
            self.curve = CurveKeys(str(row["public_key"]), str(row["secret_key"]))
        elif kind == "curve-client":
            self.local_client = CurveKeys(str(row["public_key"]), str(row["secret_key"]))
        else:
            raise ValueError(f"kind must be account, operator, curve or curve-client, got {kind!r}")

    def _name_of_file(self, row: dict[str, Any], stem: str) -> str:
        """What a key is called whose file does not say so: as its account, and with the file's number."""
        number = _NUMBERED.search(stem)
        name = str(row.get("name", stem))
        return self._free_name(name if number is None else _numbered(name, int(number[1])))

    def _free_name(self, name: str) -> str:
        taken = set(self._called.values())
        number, found = 1, _numbered(name, 1)
        while found in taken:
            number += 1
            found = _numbered(name, number)
        return found

    def _free_path(self, stem: str) -> Path:
        path = self.folder / f"{stem}.json"
        number = 1
        while files.exists(path):
            number += 1
            path = self.folder / f"{stem}.{number}.json"
        return path

    def _write(self, path: Path, body: dict[str, Any]) -> None:
        """On disk when this returns: a key that was handed out must not be gone after a power cut."""
        write_whole(path, json.dumps(body, indent=1) + "\n")
        self.changes += 1


def digest(secret: str) -> bytes:
    """Keys are random and long: no salt and no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _numbered(name: str, number: int) -> str:
    """A name of at most NAME_BYTES bytes; the first one of it has no number."""
    ending = "" if number == 1 else f".{number}"
    return name.encode()[: NAME_BYTES - len(ending)].decode(errors="ignore") + ending


def _in_a_file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)
