"""Jobs of the distributed engine, where an installation has one: each says that there is work, the store says what.

They are written in the transaction of the rows that they speak of. What is done twice, or in vain, does no harm: who
may publish and send what is decided by rows and leases alone.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from sqlalchemy import Connection, inspect, text

from digest.store.engine import ANNOUNCES, take_turns


class Work(StrEnum):
    """What a worker does, and the name of the queue that calls for it."""

    PUBLISH = "publish"
    DELIVER = "deliver"


MOST_WAITING = 64
"""Jobs of a kind that wait at the most: more workers than that are not called at once, and none is called in vain."""

_DEFER = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:work, :work, 0, NULL, NULL, '{}', NULL)"
    "::procrastinate_job_to_defer_v1]) WHERE :most > (SELECT count(*) FROM (SELECT 1 FROM procrastinate_jobs"
    " WHERE status = 'todo' AND queue_name = :work LIMIT :most) AS waiting)"
)


def announce(connection: Connection, work: Work) -> None:
    """Call a worker, if there are any, once the transaction has ended."""
    if connection.get_execution_options().get(ANNOUNCES):
        connection.execute(_DEFER, {"work": work, "most": MOST_WAITING})


def has_jobs(connection: Connection) -> bool:
    """Whether the engine's tables are there."""
    return inspect(connection).has_table("procrastinate_jobs")


def make_jobs(connection: Connection, *, schema: str, migrations: Mapping[str, str]) -> bool:
    """Make the engine's tables, or bring them to the revision that these migrations, by name and in order, lead to.

    Whether there was anything to do.
    """
    take_turns(connection, "schema")
    is_new = not has_jobs(connection)
    if is_new:
        _run(connection, schema)
        _run(connection, "CREATE TABLE procrastinate_revisions (name text PRIMARY KEY)")
        _note(connection, migrations)
    known = set(connection.execute(text("SELECT name FROM procrastinate_revisions")).scalars())
    new = [name for name in migrations if name not in known]
    for name in new:
        _run(connection, migrations[name])
    _note(connection, new)
    return is_new or bool(new)


def _run(connection: Connection, statements: str) -> None:
    connection.execution_options(no_parameters=True).exec_driver_sql(statements)


def _note(connection: Connection, names: Iterable[str]) -> None:
    rows = [{"name": name} for name in names]
    if rows:
        connection.execute(text("INSERT INTO procrastinate_revisions (name) VALUES (:name)"), rows)
