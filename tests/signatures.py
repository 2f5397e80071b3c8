"""Keys to sign with, and who judges signatures: RFC 6376 read once more, opendkim, and Perl's Mail::DKIM."""

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from digest.mail.dkim import Signer, SigningKey, record_name
from digest.mail.signing_keys import KeyFile, make_key, read_key

DOMAIN = "example.org"
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
OPENDKIM = shutil.which("opendkim", path=PATH)
NO_OPENDKIM = "opendkim is not here; `apt-get install --no-install-recommends opendkim` brings it"
NO_MAIL_DKIM = "Mail::DKIM is not here; `apt-get install --no-install-recommends libmail-dkim-perl` brings it"

Judge = Callable[[bytes, Sequence[SigningKey]], bool]
"""Whether every signature of a message (there is one at least) verifies by the keys' records."""


@cache
def key(selector: str, *, ed25519: bool = False) -> SigningKey:
    """A key that was written to a file and read again."""
    with TemporaryDirectory() as folder:
        file = KeyFile(
            selector=selector, path=Path(folder) / "key.pem", retired=False, key=f'mail.dkim.keys "{selector}", file'
        )
        make_key(file, ed25519=ed25519)
        return read_key(file)


def signer() -> Signer:
    """One key of either kind."""
    return Signer(keys=(key("r1"), key("e1", ed25519=True)))


def by_the_rfc(content: bytes, keys: Sequence[SigningKey]) -> bool:
    """RFC 6376, 6.1, read as it is written and slow; for signatures over relaxed forms alone."""
    head, _, body = content.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head)
    ours = [field for field in fields if field.lower().startswith(b"dkim-signature:")]
    others = [field for field in fields if field not in ours]
    records = {record_name(one, domain=DOMAIN): one.record for one in keys}
    return bool(ours) and all(_verifies(one, others, body, records) for one in ours)


def _verifies(field: bytes, others: list[bytes], body: bytes, records: dict[str, str]) -> bool:
    tags = _tags(field.decode().partition(":")[2])
    if tags["bh"] != base64.b64encode(sha256(plainly_relaxed_body(body)).digest()).decode():
        return False
    left, lines = list(others), b""
    for name in tags["h"].encode().split(b":"):
        found = [one for one in left if one.partition(b":")[0].strip().lower() == name.lower()]
        if found:
            lines += plainly_relaxed_field(found[-1]) + b"\r\n"
            del left[len(left) - 1 - left[::-1].index(found[-1])]
    lines += plainly_relaxed_field(re.sub(rb"([;\s]b=)[^;]*", rb"\1", field))
    return _is_signed_by(_tags(records[f"{tags['s']}._domainkey.{tags['d']}"]), tags["b"], lines)


def _is_signed_by(record: dict[str, str], signature: str, lines: bytes) -> bool:
    public = base64.b64decode(record["p"])
    try:
        if record["k"] == "ed25519":
            Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(signature), sha256(lines).digest())
        else:
            loaded = load_der_public_key(public)
            assert isinstance(loaded, RSAPublicKey)
            loaded.verify(base64.b64decode(signature), lines, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _tags(text: str) -> dict[str, str]:
    pairs = (re.sub(r"\s+", "", tag).partition("=") for tag in text.split(";") if tag.strip())
    return {name: value for name, _, value in pairs}


def plainly_relaxed_field(field: bytes) -> bytes:
    """RFC 6376, 3.4.2, step by step, without the line's end."""
    name, _, value = field.partition(b":")
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b""))
    return name.lower().rstrip(b" \t") + b":" + value.strip(b" \t")


def plainly_relaxed_body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4, step by step."""
    lines = [re.sub(rb"[ \t]+", b" ", line).removesuffix(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def opendkim(content: bytes, keys: Sequence[SigningKey]) -> bool:
    """What opendkim says; its exit code is 0 in any case. It speaks of every signature in the header that it adds."""
    if OPENDKIM is None:
        pytest.skip(NO_OPENDKIM)
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "message").write_bytes(content)
        (folder / "zone").write_text("".join(f"{record_name(one, domain=DOMAIN)} {one.record}\n" for one in keys))
        (folder / "conf").write_text(f"Mode v\nTestDNSData file:{folder}/zone\n")
        command = [OPENDKIM, "-x", f"{folder}/conf", "-vvv", "-t", f"{folder}/message"]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    verdicts = re.findall(r"\bdkim=(\w+)", said)
    assert verdicts, said
    return set(verdicts) == {"pass"}


@cache
def _has_mail_dkim() -> bool:
    loading = ["perl", "-MMail::DKIM::Verifier", "-e1"]
    return shutil.which("perl") is not None and not subprocess.run(loading, capture_output=True).returncode


def mail_dkim(content: bytes, keys: Sequence[SigningKey]) -> bool:
    """What Mail::DKIM says. That of Debian 12 knows RSA alone."""
    if not _has_mail_dkim():
        pytest.skip(NO_MAIL_DKIM)
    zone = [argument for one in keys for argument in (record_name(one, domain=DOMAIN), one.record)]
    script = Path(__file__).parent / "mail" / "judge.pl"
    verdicts = subprocess.run(
        ["perl", script, *zone], input=content, capture_output=True, check=True, timeout=60
    ).stdout.split()
    assert verdicts
    return set(verdicts) == {b"pass"}
