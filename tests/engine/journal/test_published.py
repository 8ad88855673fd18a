"""Heads of the chain as lines and as JSON, and their signatures, which openssl understands."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from engine.journal.errors import JournalError
from engine.journal.published import Published, heads_of, parsed
from engine.journal.signing import SigningError

HEAD = Published(bytes(range(16)), 1, 288, 367, 1_700_000_000_000_000_123, 6000, bytes(range(100, 132)))
LINE = (
    "openbell-head/1 market=000102030405060708090a0b0c0d0e0f from=1 segment=288 sequence=367 "
    "ts_ns=1700000000000000123 bytes=6000 "
    "sha256=6465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283"
)
# RFC 8032, 7.1, test 1: the secret key and what it makes of an empty message.
RFC_SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
RFC_PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def keys(folder: Path, secret: bytes = RFC_SECRET) -> tuple[Path, Path]:
    """Private and public key as PEM files."""
    key = Ed25519PrivateKey.from_private_bytes(secret)
    private, public = folder / f"{secret[0]}.pem", folder / f"{secret[0]}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_the_line_is_this_for_ever() -> None:
    assert HEAD.line() == LINE
    assert parsed(LINE) == HEAD
    assert parsed(json.dumps(HEAD.to_json())) == HEAD


def test_a_signature(tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    signed = HEAD.signed(private)
    assert signed.signature is not None
    assert signed.signature[0] == RFC_PUBLIC
    assert signed.line().startswith(f"{LINE} ed25519={RFC_PUBLIC}:")
    assert parsed(signed.line()) == parsed(json.dumps(signed.to_json())) == signed
    for given in (None, str(public), RFC_PUBLIC, RFC_PUBLIC.upper()):
        signed.check_signature(given)
    HEAD.check_signature(None)
    with pytest.raises(JournalError, match="is not signed"):
        HEAD.check_signature(RFC_PUBLIC)
    for changed in (
        replace(signed, sequence=368),
        replace(signed, digest=bytes(32)),
        replace(signed, from_seq=0),
        replace(signed, market_id=bytes(16)),
    ):
        with pytest.raises(JournalError, match=r"signature of the head of seq 36[78] is wrong"):
            changed.check_signature(None)
    _, other = keys(tmp_path, bytes(32))
    with pytest.raises(JournalError, match=f"is signed by {RFC_PUBLIC}, not by"):
        signed.check_signature(str(other))


def test_openssl_makes_the_keys_and_checks_the_signature(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here")
    key, public = tmp_path / "head.pem", tmp_path / "head.pub"
    subprocess.run([openssl, "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    subprocess.run([openssl, "pkey", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
    signed = HEAD.signed(key)
    signed.check_signature(str(public))
    assert signed.signature is not None
    (tmp_path / "text").write_text(HEAD.text(), "utf-8")
    (tmp_path / "signature").write_bytes(bytes.fromhex(signed.signature[1]))
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", tmp_path / "text"]
    done = subprocess.run([*command, "-sigfile", tmp_path / "signature"], capture_output=True, text=True)
    assert "Signature Verified Successfully" in done.stdout, done.stderr


def test_keys_that_are_none(tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    ec = generate_private_key(SECP256R1())
    (tmp_path / "ec.pem").write_bytes(ec.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "ec.pub").write_bytes(ec.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    locked = Ed25519PrivateKey.from_private_bytes(RFC_SECRET)
    (tmp_path / "locked.pem").write_bytes(
        locked.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    )
    (tmp_path / "text").write_text("hello", "utf-8")
    for name, said in {
        "nothing": "No such file", "ec.pem": "not one of Ed25519", "locked.pem": "the key is encrypted",
        "text": "no private key in PEM", public.name: "no private key in PEM",
    }.items():  # fmt: skip
        with pytest.raises(SigningError, match=f"{name}.*{said}"):
            HEAD.signed(tmp_path / name)
    signed = HEAD.signed(private)
    for name, said in {"nothing": "No such file", "ec.pub": "not one of Ed25519", "text": "no public key"}.items():
        with pytest.raises(SigningError, match=f"{name}.*{said}"):
            signed.check_signature(str(tmp_path / name))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begins with openbell-head/1, got ''"),
        ("openbell-head/2 market=1", "got 'openbell-head/2'"),
        (LINE.replace("from=1 ", ""), "from must be a number, got ''"),
        (LINE.replace("sequence=367", "sequence=-3"), "sequence must be a number, got '-3'"),
        (LINE.replace("sequence=367", "sequence=" + "9" * 40), "sequence must be a number"),
        (LINE.replace("market=00", "market="), "market must be 32 hexadecimal digits"),
        (LINE[:-1], "sha256 must be 64 hexadecimal digits"),
        (LINE + " color=red", "a field that is not known: 'color'"),
        (LINE + " ed25519=abc", "ed25519 must be a public key and a signature"),
        ("{", "no JSON"),
        ("{}", "begins with openbell-head/1"),
    ],
)
def test_lines_that_are_no_heads(text: str, said: str) -> None:
    with pytest.raises(JournalError, match=said):
        parsed(text)


def test_a_log_of_heads(tmp_path: Path) -> None:
    path = tmp_path / "heads"
    other = replace(HEAD, sequence=400)
    path.write_text(f"{LINE}\n\n{json.dumps(other.to_json())}\n", "utf-8")
    assert heads_of(str(path)) == [HEAD, other]
    assert heads_of(LINE) == [HEAD]
    path.write_text("\n", "utf-8")
    with pytest.raises(JournalError, match="there is no head in it"):
        heads_of(str(path))
