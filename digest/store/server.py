"""Connecting to a PostgreSQL, so that neither side waits long for one that has vanished."""

import json
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from digest.errors import StoreError

_OURS = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""Options of the connection, unless store.url says others: a server that vanished is noticed within a minute."""

_SERVERS = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "idle_in_transaction_session_timeout": "300000",
}
"""Settings of the session, unless the server or store.url says others: what a machine that vanished had locked is free
after a minute, and after five what a process had that stands still."""

_SETTING = (
    "SELECT set_config(name, value, false) FROM json_each_text(%s::json) AS told (name, value)"
    " JOIN pg_settings USING (name) WHERE source = 'default'"
)


def open_server(url: URL, *, where: str, key: str, **options: Any) -> Engine:
    """An engine that is told `options`; `where` and `key` are as in `explained`.

    Whoever connects is told of a StoreError where the database is not in UTF-8.
    """
    ours = {name: value for name, value in _OURS.items() if name not in url.query}
    engine = create_engine(
        url.update_query_dict(ours),
        # A prepared statement's plan knows no values: one for all searches reads a whole index of days, each time.
        connect_args={"prepare_threshold": None},
        hide_parameters=True,
        # A connection that was cut meanwhile, as by a server that was restarted, is noticed before it is used.
        pool_pre_ping=True,
        **options,
    )

    # Before SQLAlchemy asks its own first questions: in SQL_ASCII their answers are bytes.
    @event.listens_for(engine, "connect", insert=True)
    def set_up(connection: Any, _record: object) -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            connection.close()
            raise StoreError(
                f"The store {where} cannot be used: its encoding is {encoding}, which does not hold every letter."
                " Make a database by `CREATE DATABASE offprint ENCODING 'UTF8' TEMPLATE template0`, and name it in"
                f" {key}."
            )
        connection.execute(_SETTING, [json.dumps(_SERVERS)])
        connection.commit()

    return engine


def take_time(connection: Connection) -> None:
    """Let this transaction wait between two statements for as long as it wants to."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
