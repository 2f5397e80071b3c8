"""Files of private keys -> what signs messages, and new ones. Apart, since reading keys takes 40 ms of import."""

import base64
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from digest.errors import ConfigError
from digest.mail.dkim import SigningKey
from digest.secretfile import read_secret, write_secret

RSA_BITS = range(2048, 4097)
"""Shorter keys are too weak, and receivers need not take longer ones (RFC 8301, 3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """Where a selector's private key is; `key` is the configuration's name for the file."""

    selector: str
    path: Path
    retired: bool
    key: str


def make_key(file: KeyFile, *, ed25519: bool) -> None:
    """Write a new private key (PEM) that only this user can read.

    Raises ConfigError where the file is there already, or cannot be written.
    """
    made = Ed25519PrivateKey.generate() if ed25519 else generate_private_key(65537, RSA_BITS.start)
    write_secret(file.path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), key=file.key)


def read_key(file: KeyFile) -> SigningKey:
    """The private key in the file. Raises ConfigError for one that cannot sign messages."""
    private = _private(file)
    if isinstance(private, Ed25519PrivateKey):
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return SigningKey(
            selector=file.selector,
            algorithm="ed25519-sha256",
            record=_record("ed25519", raw),
            sign=lambda octets: private.sign(sha256(octets).digest()),  # RFC 8463, 3
            retired=file.retired,
        )
    padding, digest = PKCS1v15(), SHA256()
    return SigningKey(
        selector=file.selector,
        algorithm="rsa-sha256",
        record=_record("rsa", private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        sign=lambda octets: private.sign(octets, padding, digest),
        retired=file.retired,
    )


def _private(file: KeyFile) -> RSAPrivateKey | Ed25519PrivateKey:
    where = f"{file.key} {file.path}"
    made_by = f"Run `digest mail dkim --rsa {file.selector}` (or --ed25519), which makes it"
    try:
        private = load_pem_private_key(read_secret(file.path, key=file.key, otherwise=made_by), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{where} is no private key in PEM, or is locked by a password. Name one.") from error
    if isinstance(private, Ed25519PrivateKey):
        return private
    if not isinstance(private, RSAPrivateKey):
        raise ConfigError(f"{where} is a key of another kind. Name one of RSA or Ed25519.")
    if private.key_size not in RSA_BITS:
        raise ConfigError(
            f"{where} is an RSA key of {private.key_size} bits. Name one of 2048 to 4096, which receivers take."
        )
    return private


def _record(kind: str, public: bytes) -> str:
    return f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode()}"
