"""Job: an installation's store -> another store, on either database; compared row by row."""

from collections.abc import Callable
from datetime import datetime

from digest.errors import StoreError
from digest.store import Connection, Store
from digest.store.leases import any_held
from digest.store.pauses import EVERYTHING, PauseCause, pause_sending, resume_sending
from digest.store.rows import copy_rows, has_rows, keep_still
from digest.store.schema import migrate


def copy_store(
    source: Store, target: Store, *, now: datetime, progress: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """Copy all that there is into an empty store; how many rows of each table.

    It is there whole or not at all, so a copy that was killed is simply made again. Before it is there the old store
    sends nothing any more: what both would send, readers would get twice. Raises StoreError where the new one has
    rows, or anybody is sending.
    """
    migrate(target)
    # Before anything is locked: it may be that very store.
    with target.reading() as new:
        _require_empty(new, target)
    # The old store is committed first: killed between the two, it is paused, and the new one as empty as before.
    with target.writing() as new, source.writing() as old:
        keep_still(old)
        if any_held(old):
            raise StoreError(
                f"Messages are being sent from the store {source.where}. Stop every `digest run` and `digest deliver`,"
                " wait a minute, and copy again."
            )
        _require_empty(new, target)
        # Whoever paused it to copy it wants the new one to send.
        resume_sending(old, EVERYTHING)
        copied = dict[str, int]()
        for table, count in copy_rows(old, new):
            copied[table] = count
            progress(f"{table}: {count} rows")
        pause_sending(old, EVERYTHING, why=f"copied to {target.where}", now=now, cause=PauseCause.COPIED)
    return copied


def _require_empty(connection: Connection, store: Store) -> None:
    if has_rows(connection):
        raise StoreError(f"The store {store.where} holds something already. Name an empty one.")
