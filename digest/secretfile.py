"""Files that hold secrets: nobody else on the machine can read them, and none is ever written over."""

import os
from pathlib import Path

from digest.errors import ConfigError


def write_secret(path: Path, content: bytes, *, key: str) -> None:
    """Write a new file that only this user can read; `key` is the configuration's name for it.

    Raises ConfigError where the file is there already, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        why = "is there already" if path.exists() else f"cannot be written: {error.strerror}"
        raise ConfigError(f"{key} {path} {why}. Name another place.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def read_secret(path: Path, *, key: str, otherwise: str) -> bytes:
    """What the file holds. Raises ConfigError where other users can read it too, or it cannot be read.

    `otherwise` says what to do where there is no such file.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{key} {path} can be read by other users. Run `chmod 600 {path}`.")
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{key} {path} cannot be read. {otherwise}, or mend the path or its rights.") from error
