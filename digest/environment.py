"""Names in the environment -> sections and keys of the configuration."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from digest.errors import ConfigError

PREFIX = "DIGEST_"
MAILERS = frozenset({"outbox", "smtp", "mailgun"})


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The sections and keys that the environment's names spell. Raises ConfigError for those that contradict."""
    found: dict[str, Any] = {}
    for name, value in sorted(environment.items()):
        keys, is_in_file = _keys_of(name)
        if not keys:
            continue
        if is_in_file:
            value = _secret_file(name, value)
        section = found
        for key in keys[:-1]:
            section = section.setdefault(key, {})
            if not isinstance(section, dict):
                raise ConfigError(
                    f"{name} lies inside of another variable. Unset the one that names its whole section."
                )
        section[keys[-1]] = value
    return found


def variables_of(environment: Mapping[str, str], keys: Sequence[str]) -> list[str]:
    """The names in the environment that spell this key, or one inside of it."""
    return [name for name in sorted(environment) if _keys_of(name)[0][: len(keys)] == list(keys)]


def _keys_of(name: str) -> tuple[list[str], bool]:
    """The path of the key that a name spells, empty for a name that is not ours; and whether a file holds its value."""
    if not name.startswith(PREFIX) or name == f"{PREFIX}CONFIG":
        return [], False
    keys = name.removeprefix(PREFIX).lower().split("__")
    is_in_file = name.endswith("_FILE") and len(keys) > 1 and keys[-1] != "file"
    if is_in_file:
        keys[-1] = keys[-1].removesuffix("_file")
    if keys[0] in MAILERS:
        keys.insert(0, "mail")
    return keys, is_in_file


def _secret_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name} names a file that cannot be read. Mend the path or the file's rights.") from error


def overlaid(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`below` with what `above` says instead, section by section."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = overlaid(merged[key], value) if both else value
    return merged
