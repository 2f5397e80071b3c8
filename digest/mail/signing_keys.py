"""Files of private keys -> what signs messages, and new ones. Apart, since reading keys takes 40 ms of import."""

import base64
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


def make_key(path: Path, *, ed25519: bool, key: str) -> None:
    """Write a new private key (PEM) that only this user can read; `key` is the configuration's name for the file.

    Raises ConfigError where the file is there already, or cannot be written.
    """
    made = Ed25519PrivateKey.generate() if ed25519 else generate_private_key(65537, RSA_BITS.start)
    write_secret(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), key=key)


def read_key(path: Path, *, selector: str, retired: bool, key: str) -> SigningKey:
    """The private key in the file. Raises ConfigError, naming `key`, for one that cannot sign messages."""
    private = _private(path, key=key)
    if isinstance(private, Ed25519PrivateKey):
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return SigningKey(
            selector=selector,
            algorithm="ed25519-sha256",
            record=_record("ed25519", raw),
            sign=lambda octets: private.sign(sha256(octets).digest()),  # RFC 8463, 3
            retired=retired,
        )
    padding, digest = PKCS1v15(), SHA256()
    return SigningKey(
        selector=selector,
        algorithm="rsa-sha256",
        record=_record("rsa", private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        sign=lambda octets: private.sign(octets, padding, digest),
        retired=retired,
    )


def _private(path: Path, *, key: str) -> RSAPrivateKey | Ed25519PrivateKey:
    pem = read_secret(path, key=key, otherwise="Make it by `digest mail dkim --rsa SELECTOR`")
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{key} {path} is no private key in PEM, or is locked by a password. Name one.") from error
    if isinstance(private, Ed25519PrivateKey):
        return private
    if not isinstance(private, RSAPrivateKey):
        raise ConfigError(f"{key} {path} is a key of another kind. Name one of RSA or Ed25519.")
    if private.key_size not in RSA_BITS:
        raise ConfigError(
            f"{key} {path} is an RSA key of {private.key_size} bits. Name one of 2048 to 4096, which receivers take."
        )
    return private


def _record(kind: str, public: bytes) -> str:
    return f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode()}"
