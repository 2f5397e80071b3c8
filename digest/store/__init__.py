"""The only room with SQL: a file per noun, one function per question."""

from sqlalchemy import Connection

from digest.store.engine import Store, open_store

__all__ = ["Connection", "Store", "open_store"]
