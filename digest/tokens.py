"""Signed links and envelope senders. Pure: the keys are arguments.

A token is `<id>-<mac>`: a row's number and 128 bits of HMAC-SHA256 over the purpose and that
number, in hexadecimal. One alphabet serves web links and mail addresses alike, whose case may be
changed on the way (RFC 5321, 2.4), so a token is compared in lower case.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from digest.errors import ConfigError

MAC_BYTES = 16
KEY_CHARACTERS = 32
_BLOCK = 64


class Purpose(StrEnum):
    """What a token is good for; one made for another purpose is refused."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"
    VIEW = "view"
    PREFERENCES = "preferences"
    FEEDBACK = "feedback"
    MESSAGE = "message"
    FORM = "form"
    MOVE = "move"
    FEED = "feed"


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The installation's secrets, newest first: the first signs, all of them verify.

    Retired ones verify unsubscribe links alone, so that whoever has an old message can leave; and addresses that were
    marked by them are recognised.
    """

    secrets: tuple[bytes, ...]
    retired: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not self.secrets:
            raise ConfigError(
                "keys.file holds no key that signs. Write one into its first line, or remove the file and run"
                " `digest init`, which makes one."
            )

    @property
    def newest(self) -> str:
        """The name of the key that signs now; kept with a message so that it can be made again."""
        return _name(self.secrets[0])

    def sign(self, purpose: Purpose, number: int, *, salt: str = "", key: str | None = None) -> str:
        """A token for row `number`; `salt` binds it to something that the store can change.

        `key` names the secret to sign with (default: the newest). A secret that has been removed or retired
        is replaced by the newest: the message differs then, but its links work.
        """
        return _token(_named(self.secrets).get(key, self.secrets[0]), purpose, number, salt)

    def read(self, purpose: Purpose, token: str) -> int | None:
        """The row's number of a token made with an empty salt, or None if it is not ours."""
        number = claimed(token)
        return number if number is not None and self.verify(purpose, number, token) else None

    def verify(self, purpose: Purpose, number: int, token: str, *, salt: str = "") -> bool:
        """Whether the token was signed here for this purpose, row and salt."""
        retired = self.retired if purpose is Purpose.UNSUBSCRIBE else ()
        return _is_signed((*self.secrets, *retired), purpose, number, token, salt)

    def is_retired(self, purpose: Purpose, token: str) -> bool:
        """Whether a token that `read` takes was made with a key that was retired, and may be in other hands."""
        number = claimed(token)
        return number is not None and not _is_signed(self.secrets, purpose, number, token, "")

    def fingerprint(self, text: str) -> str:
        """A keyed hash (128 bits, by the newest key) of what is to be recognised, but never read."""
        return self.fingerprints(text)[0]

    def fingerprints(self, text: str) -> list[str]:
        """The same by every key, newest first: for what has to be recognised after a rotation."""
        return [_mac(secret, "fingerprint", text) for secret in (*self.secrets, *self.retired)]


def claimed(token: str) -> int | None:
    """The row's number that a token claims, unverified: for looking up the salt."""
    digits, dash, _ = token.partition("-")
    plain = dash and digits.isascii() and digits.isdigit() and len(digits) <= 18
    return int(digits) if plain else None


def _is_signed(secrets: tuple[bytes, ...], purpose: Purpose, number: int, token: str, salt: str) -> bool:
    given = token.encode("ascii", "replace").lower()
    # Every key is tried, found or not: the time taken tells nothing.
    matches = [hmac.compare_digest(given, _token(one, purpose, number, salt).encode()) for one in secrets]
    return any(matches)


def _token(secret: bytes, purpose: Purpose, number: int, salt: str) -> str:
    salted = f"{number}\0{salt}"
    return f"{number}-{_mac(secret, purpose, salted)}"


def _mac(secret: bytes, purpose: str, text: str) -> str:
    inner, outer = _begun(secret, purpose)
    inner, outer = inner.copy(), outer.copy()
    inner.update(text.encode())
    outer.update(inner.digest())
    return outer.hexdigest()[: 2 * MAC_BYTES]


# A message has six of them, and to set HMAC up for each takes OpenSSL two thirds of the time.
@lru_cache(maxsize=256)
def _begun(secret: bytes, purpose: str) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """The inner and the outer hash of HMAC-SHA256 (RFC 2104) over this purpose, begun."""
    key = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + f"{purpose}\0".encode())
    return inner, hashlib.sha256(bytes(byte ^ 0x5C for byte in key))


@lru_cache(maxsize=8)
def _named(secrets: tuple[bytes, ...]) -> Mapping[str | None, bytes]:
    return {_name(secret): secret for secret in secrets}


def _name(secret: bytes) -> str:
    return hashlib.sha256(b"name\0" + secret).hexdigest()[:8]
