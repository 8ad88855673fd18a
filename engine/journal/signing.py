"""Ed25519 signatures (RFC 8032), by the library `cryptography`; keys in the PEM files that openssl makes."""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from engine.journal.errors import JournalError

MAKE = "`openssl genpkey -algorithm ed25519 -out FILE` makes one"


class SigningError(JournalError):
    """A key cannot be used; the message names the file."""


def sign(path: Path, message: bytes) -> tuple[str, str]:
    """Public key and signature, hexadecimal, by the private key in a PEM file. Raises SigningError."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise SigningError(f"{path}: {error.strerror}; {MAKE}") from None
    except TypeError:
        raise SigningError(f"{path}: the key is encrypted; openbell asks for no passwords") from None
    except (ValueError, UnsupportedAlgorithm):
        raise SigningError(f"{path}: this is no private key in PEM; {MAKE}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningError(f"{path}: the key is not one of Ed25519; {MAKE}")
    return key.public_key().public_bytes_raw().hex(), key.sign(message).hex()


def public_key(given: str) -> str:
    """A public key in hexadecimal, out of a PEM file or as it is. Raises SigningError."""
    if re.fullmatch("[0-9a-fA-F]{64}", given):
        return given.lower()
    try:
        key = load_pem_public_key(Path(given).read_bytes())
    except OSError as error:
        raise SigningError(f"{given}: {error.strerror}; it names a PEM file, or is 64 hexadecimal digits") from None
    except (ValueError, UnsupportedAlgorithm):
        raise SigningError(f"{given}: this is no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise SigningError(f"{given}: the key is not one of Ed25519")
    return key.public_bytes_raw().hex()


def is_good(key: str, signature: str, message: bytes) -> bool:
    """Whether this is the signature of `message` by this public key."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
