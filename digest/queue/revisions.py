"""The engine's schema, as the installed version of it has it."""

from collections.abc import Mapping
from pathlib import Path

from procrastinate.schema import SchemaManager


def schema() -> str:
    """Everything, for an empty database."""
    return SchemaManager.get_schema()


def migrations() -> Mapping[str, str]:
    """What leads to it from every earlier version, by name, in order."""
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    return {file.stem: file.read_text(encoding="utf-8") for file in files}
