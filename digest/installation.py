"""What there must be of an installation on disk and in its store: set up, brought up to date, opened."""

import secrets
from pathlib import Path

from digest.app import App
from digest.config import Config
from digest.errors import ConfigError, DigestError, StoreError
from digest.secretfile import read_secret, write_secret
from digest.store import Store, make_folder, open_store
from digest.store.jobs import has_jobs, make_jobs
from digest.store.schema import migrate, require_current
from digest.store.subscribers import has_subscribers
from digest.tokens import KEY_CHARACTERS, Keys

RETIRED = b"retired "
"""Before a key in the file of keys: it is good for leaving alone."""


def open_app(config: Config) -> App:
    """Open an installation that has been set up. Raises ConfigError or StoreError, with what to do."""
    store = _open_store(config)
    try:
        require_current(store)
        if has_workers(config):
            _require_jobs(store)
        return _app(config, store)
    except DigestError:
        store.close()
        raise


def has_workers(config: Config) -> bool:
    """Whether the distributed engine calls workers."""
    return config.queue.engine == "procrastinate"


def migrate_store(config: Config) -> tuple[str | None, str, bool]:
    """Bring a store that is there to this program's revision: before, after, and whether the queue's tables changed."""
    store = _open_store(config)
    try:
        return _migrate(config, store)
    finally:
        store.close()


def set_up(config: Config) -> tuple[App, str | None, str]:
    """Make what is missing of an installation; with the schema's revision before and after."""
    make_folder(config.store.url, folder=config.folder)
    store = _open_store(config, create=True)
    before, after, _ = _migrate(config, store)
    _require_own_keys(config, store)
    make_keys(config.folder / config.keys.file)
    return _app(config, store), before, after


def _open_store(config: Config, *, create: bool = False) -> Store:
    return open_store(config.store.url, folder=config.folder, create=create, announces=has_workers(config))


def _migrate(config: Config, store: Store) -> tuple[str | None, str, bool]:
    before, after = migrate(store)
    if not has_workers(config):
        return before, after, False
    try:
        from digest.queue import revisions
    except ModuleNotFoundError as error:
        raise ConfigError(
            "queue.engine is \"procrastinate\", which is not installed. Run `pip install '.[cluster]'` in the"
            " program's checkout."
        ) from error
    with store.writing() as connection:
        made = make_jobs(connection, schema=revisions.schema(), migrations=revisions.migrations())
    return before, after, made


def _require_jobs(store: Store) -> None:
    with store.reading() as connection:
        if not has_jobs(connection):
            raise StoreError(
                f"The store {store.where} has no tables of the queue's engine. Run `digest store migrate`."
            )


def _require_own_keys(config: Config, store: Store) -> None:
    """A new key would open no link that was ever sent, not even to leave."""
    path = config.folder / config.keys.file
    if path.exists():
        return
    with store.reading() as connection:
        if not has_subscribers(connection):
            return
    raise ConfigError(
        f"keys.file {path} is not there, but the store {store.where} has subscribers, whose links to leave need it."
        " Bring it back from a backup, or mend keys.file; only if it is lost for good write a new key into it yourself"
        f" ({KEY_CHARACTERS} characters or more)."
    )


def make_keys(path: Path) -> None:
    """Write a key that only this user can read, unless the file is there."""
    if not path.exists():
        write_secret(path, f"{secrets.token_urlsafe(KEY_CHARACTERS)}\n".encode(), key="keys.file")


def read_keys(path: Path) -> Keys:
    """The installation's keys, newest first. Raises ConfigError where they are missing, short, or open to others."""
    lines = read_secret(path, key="keys.file", otherwise="Run `digest init`").splitlines()
    told = [line.removeprefix(RETIRED).strip() for line in lines if line.strip()]
    if any(len(key) < KEY_CHARACTERS or not key.isascii() or len(key.split()) > 1 for key in told):
        raise ConfigError(
            f"keys.file {path} holds a line that is no key of {KEY_CHARACTERS} characters or more in ASCII. Mend or"
            " remove it; `retired ` may stand before a key that is good for leaving alone."
        )
    retired = tuple(key for key, line in zip(told, filter(bytes.strip, lines), strict=True) if line.startswith(RETIRED))
    return Keys(tuple(key for key in told if key not in retired), retired=retired)


def _app(config: Config, store: Store) -> App:
    keys = read_keys(config.folder / config.keys.file)
    return App(config=config, store=store, keys=keys)
