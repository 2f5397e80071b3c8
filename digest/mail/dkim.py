"""DKIM signatures (RFC 6376, 8301, 8463) on a finished message: the same bytes for the same message and keys.

Header and body are canonicalised as "relaxed", whatever form they come in. Nothing here knows how a
key is stored; `signing_keys` does.
"""

import base64
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from digest.errors import ConfigError, RenderingError
from digest.mail.message import LINE, Sender

SIGNED = frozenset(
    b"from to subject date message-id reply-to mime-version content-type feedback-id auto-submitted precedence".split()
)
"""Signed where they are there, and so is every List-* field."""

OVERSIGNED = (
    *b"from to cc subject date message-id reply-to".split(),
    *b"mime-version content-type list-unsubscribe list-unsubscribe-post".split(),
)
"""Named once more than they are there: another one that is put in breaks the signature (RFC 6376, 8.15)."""

Algorithm = Literal["rsa-sha256", "ed25519-sha256"]

_NAME = "DKIM-Signature:"
_CRLF = b"\r\n"
_CHARACTERS_A_LINE = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """For which domain a message is signed, and by the keys of which selectors; a printing keeps it."""

    domain: str = ""
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key: `sign` signs bytes with it, `record` is the TXT record of its public half.

    A retired key signs nothing new; it makes again what it has signed.
    """

    selector: str
    algorithm: Algorithm
    record: str
    sign: Callable[[bytes], bytes] = field(repr=False)
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """All keys of an installation; without any, messages stay as they are.

    `domain` is the one to sign for; where it is empty, that is each sender's own. Raises ConfigError
    unless the keys that are not retired are one of RSA and at most one of Ed25519.
    """

    keys: tuple[SigningKey, ...] = ()
    domain: str = ""

    def __post_init__(self) -> None:
        now = Counter(key.algorithm for key in self.keys if not key.retired)
        if now and (now["rsa-sha256"] != 1 or now["ed25519-sha256"] > 1):
            raise ConfigError(
                "mail.dkim.keys needs one RSA key that is not retired, and may have one of Ed25519, which few servers"
                " verify, beside it. Say `retired = true` of the others."
            )

    def signing(self, sender: Sender) -> Signing:
        """How a sender's messages are signed from now on."""
        selectors = tuple(key.selector for key in self.keys if not key.retired)
        return Signing(domain=self.domain or sender.domain.lower(), selectors=selectors) if selectors else Signing()

    def sign(self, content: bytes, signing: Signing, *, signed_at: datetime) -> bytes:
        """The message with its signatures on top. Raises RenderingError where a key is not there any more."""
        if not signing.selectors:
            return content
        keys = [self._key(selector) for selector in signing.selectors]
        head, _, body = content.partition(b"\r\n\r\n")
        # Of several fields of one name the lowest is taken first (RFC 6376, 5.4.2).
        signed = [(name, value) for name, value in reversed(relaxed_fields(head)) if _is_signed(name)]
        names = (*(name for name, _ in signed), *OVERSIGNED)
        lines = b"".join(b"%b:%b\r\n" % each for each in signed)
        varying = f"t={int(signed_at.timestamp())}; bh={_base64(sha256(relaxed_body(body)).digest())}"
        signatures = [_signature(key, signing.domain, names, varying, lines) for key in keys]
        return b"".join([*signatures, content])

    def _key(self, selector: str) -> SigningKey:
        for key in self.keys:
            if key.selector == selector:
                return key
        raise RenderingError(
            f"The message was signed under the DKIM selector {selector!r}, which is not configured any more. Put it"
            " back into mail.dkim.keys, with `retired = true`."
        )


def relaxed_body(body: bytes) -> bytes:
    """The body in relaxed form (RFC 6376, 3.4.4). Its lines end in CRLF."""
    if body and not body.endswith(_CRLF):
        body += _CRLF
    body = _single_spaced(body)
    end = len(body)
    while body.endswith(_CRLF, 0, end):
        end -= len(_CRLF)
    return body[:end] + _CRLF if end else b""


def relaxed_fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values of the header's fields in relaxed form (RFC 6376, 3.4.2), from the top."""
    unfolded = _single_spaced(head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" "))
    fields = (line.partition(b":") for line in unfolded.split(_CRLF))
    return [(name.rstrip(b" ").lower(), value.strip(b" ")) for name, _, value in fields]


def _single_spaced(text: bytes) -> bytes:
    """The text with one space for any white space in a line, and none at its end; replacing takes ten times as long."""
    # Whoever signs nothing need not wait for it.
    import numpy as np

    octets = np.frombuffer(text.replace(b"\t", b" "), np.uint8)
    is_space, following = octets == ord(" "), octets[1:]
    kept = np.ones(len(octets), bool)
    kept[:-1] = ~(is_space[:-1] & (is_space[1:] | (following == ord("\r"))))
    return octets[kept].tobytes()


def _is_signed(name: bytes) -> bool:
    return name in SIGNED or name.startswith(b"list-")


def _signature(key: SigningKey, domain: str, names: tuple[bytes, ...], varying: str, lines: bytes) -> bytes:
    """The DKIM-Signature field over the other fields' `lines` and, with `b=` empty, itself."""
    unsigned = f"{_tags(key.algorithm, domain, key.selector, names)}\r\n {varying};\r\n b=".encode()
    [(name, value)] = relaxed_fields(unsigned)
    signature = _base64(key.sign(b"%b%b:%b" % (lines, name, value)))
    return unsigned + "\r\n ".join(_split(signature, _CHARACTERS_A_LINE)).encode() + _CRLF


@lru_cache(maxsize=64)
def _tags(algorithm: Algorithm, domain: str, selector: str, names: tuple[bytes, ...]) -> str:
    """The field up to what differs between messages, folded; h= between two names, where white space may stand."""
    signed = ": ".join(name.decode() for name in names)
    lines = textwrap.wrap(
        f"v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector}; h={signed};",
        LINE - 1,
        initial_indent=" " * len(_NAME),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"{_NAME} " + "\r\n ".join(line.strip().replace(": ", ":") for line in lines)


def record_name(key: SigningKey, *, domain: str) -> str:
    """Where the domain publishes the key's record."""
    return f"{key.selector}._domainkey.{domain}"


def zone_line(key: SigningKey, *, domain: str) -> str:
    """The key's TXT record as a line of a zone file, in strings of 255 octets at most (RFC 1035, 3.3)."""
    strings = " ".join(f'"{part}"' for part in _split(key.record, 255))
    return f"{record_name(key, domain=domain)}. IN TXT {strings}"


def _split(text: str, size: int) -> Iterator[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
