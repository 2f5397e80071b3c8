"""What was taken of each budget, for all processes: a row per scope that has a limit, or turned out to have one."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from digest.budgets import Spent
from digest.scopes import to_domain
from digest.store.engine import insert, take_turns
from digest.store.tables import budgets

FORGOTTEN_AFTER = 24 * 3600.0
"""Seconds after which what was learned of a domain is not true any more."""


def spent_of_all(connection: Connection) -> dict[str, Spent]:
    """What was taken and learned of every scope that has a row."""
    return {
        row.scope: Spent(
            free=row.free,
            slowed_to=row.slowed_to,
            learned=row.learned,
            in_vain=row.in_vain,
            hours={int(hour): count for hour, count in row.hours.items()},
            since_on=row.since_on,
        )
        for row in connection.execute(select(budgets))
    }


def hold_budgets(connection: Connection) -> None:
    """Nobody else takes of them until the transaction ends."""
    take_turns(connection, "budgets")


def keep_spent(connection: Connection, spent: Mapping[str, Spent | None], *, at: float) -> None:
    """Write the rows, delete those that are None, and those of domains that nothing was learned of for a day."""
    for scope, told in sorted(spent.items()):
        if told is None:
            connection.execute(delete(budgets).where(budgets.c.scope == scope))
            continue
        row = {
            "scope": scope,
            "free": told.free,
            "slowed_to": told.slowed_to,
            "learned": told.learned,
            "in_vain": told.in_vain,
            "hours": {str(hour): count for hour, count in told.hours.items()},
            "since_on": told.since_on,
        }
        told_anew = {column: value for column, value in row.items() if column != "scope"}
        statement = insert(connection, budgets).values(row)
        connection.execute(statement.on_conflict_do_update(index_elements=["scope"], set_=told_anew))
    old = budgets.c.scope.startswith(to_domain("")) & (budgets.c.free < at - FORGOTTEN_AFTER)
    connection.execute(delete(budgets).where(old & (budgets.c.learned < at - FORGOTTEN_AFTER)))
