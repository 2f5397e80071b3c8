"""Files of keys: who may read them, what may stand in them, and that nothing of it is ever shown."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from digest.errors import ConfigError
from digest.mail.signing_keys import KeyFile, make_key, read_key

KEY = 'mail.dkim.keys "offprint1", file'


def file_in(folder: Path) -> KeyFile:
    return KeyFile(selector="offprint1", path=folder / "dkim" / "offprint1.pem", retired=False, key=KEY)


def pem(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, password: bytes = b"") -> bytes:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def locked() -> bytes:
    return pem(rsa_key(), password=b"correct-horse-battery")


def public() -> bytes:
    return rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def elliptic() -> bytes:
    return pem(ec.generate_private_key(ec.SECP256R1()))


def short() -> bytes:
    return pem(rsa_key(1024))


def almost() -> bytes:
    return pem(rsa_key(2040))


def broken() -> bytes:
    whole = pem(rsa_key()).splitlines()
    return b"\n".join([*whole[:5], *whole[9:]])


@pytest.mark.parametrize(("ed25519", "algorithm"), [(False, "rsa-sha256"), (True, "ed25519-sha256")])
def test_a_key_that_was_made_is_read_and_is_for_this_user_alone(tmp_path: Path, ed25519: bool, algorithm: str) -> None:
    file = file_in(tmp_path)
    make_key(file, ed25519=ed25519)
    assert file.path.stat().st_mode & 0o777 == 0o600
    read = read_key(file)
    assert (read.algorithm, read.selector, read.retired) == (algorithm, "offprint1", False)
    assert read.record.startswith(f"v=DKIM1; k={algorithm.partition('-')[0]}; p=")


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    make_key(file, ed25519=True)
    before = file.path.read_bytes()
    with pytest.raises(ConfigError, match=rf"{KEY} .*offprint1\.pem is there already"):
        make_key(file, ed25519=True)
    assert file.path.read_bytes() == before


def test_a_key_that_cannot_be_written_is_told_where(tmp_path: Path) -> None:
    (tmp_path / "dkim").write_text("a file stands where the folder should be")
    with pytest.raises(ConfigError, match=rf"{KEY} .* cannot be written: .*\. Name another place"):
        make_key(file_in(tmp_path), ed25519=True)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = file_in(tmp_path)
    make_key(file, ed25519=True)
    file.path.chmod(mode)
    with pytest.raises(ConfigError, match=rf"{KEY} .* can be read by other users\. Run `chmod 600 "):
        read_key(file)


def test_a_key_that_is_not_there_is_told_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"{KEY} .* cannot be read\. Run `digest mail dkim --rsa offprint1`"):
        read_key(file_in(tmp_path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda: b"", "no private key in PEM"),
        (lambda: b"\xff\xfe", "no private key in PEM"),
        (public, "no private key in PEM"),
        (broken, "no private key in PEM"),
        (locked, "locked by a password"),
        (elliptic, "a key of another kind"),
        (short, "an RSA key of 1024 bits"),
        (almost, "an RSA key of 2040 bits"),
    ],
)
def test_a_key_that_cannot_sign_is_named_and_not_shown(tmp_path: Path, content: Callable[[], bytes], said: str) -> None:
    file, written = file_in(tmp_path), content()
    file.path.parent.mkdir()
    file.path.touch(mode=0o600)
    file.path.write_bytes(written)
    with pytest.raises(ConfigError, match=rf"{KEY} .*offprint1\.pem is .*{said}") as failure:
        read_key(file)
    lines = [line for line in written.decode("ascii", "replace").splitlines() if len(line) > 20]
    assert not [line for line in lines if line in str(failure.value)]
