"""The composition root: Config -> the objects that the faces need."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.compose import Press
from digest.config import Config
from digest.deliver import Terms
from digest.errors import ConfigError
from digest.mail import Mailer
from digest.rendering.templates import Library
from digest.sources import Source
from digest.store import Store, open_store
from digest.store.schema import migrate, require_current
from digest.tokens import KEY_CHARACTERS, Keys

# What only some commands need is imported where it is needed: httpx alone takes as long as all the rest.
if TYPE_CHECKING:
    from digest.http import Client

HUGGING_FACE = "Paper data from Hugging Face Daily Papers and arXiv."
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, kw_only=True)
class App:
    """An installation, opened."""

    config: Config
    store: Store
    keys: Keys
    press: Press

    @property
    def terms(self) -> Terms:
        """How deliveries are leased and sent."""
        mail = self.config.mail
        return Terms(lease_seconds=mail.lease_seconds, window=mail.window, after_unknown=mail.after_unknown)

    @property
    def look_back(self) -> timedelta:
        """How far a collect reads back."""
        return timedelta(days=self.config.sources.huggingface.look_back_days)

    def sources(self) -> Sequence[Source]:
        """The sources that are switched on."""
        from digest.sources.huggingface import HuggingFace

        huggingface = self.config.sources.huggingface
        return [HuggingFace(self._client, url=huggingface.url)] if huggingface.enabled else []

    def mailer(self) -> Mailer:
        """The configured way out. Raises ConfigError where a message would leave with an example's sender."""
        mail, folder = self.config.mail, self.config.folder
        if mail.provider == "outbox":
            from digest.mail.outbox import Outbox

            return Outbox(folder / mail.outbox.path)
        refuse_examples(self.config)
        if mail.provider == "mailgun":
            from digest.mail.mailgun import Mailgun

            key = mail.mailgun.api_key.get_secret_value()
            return Mailgun(self._client, domain=mail.mailgun.domain, api_key=key, url=mail.mailgun.url)
        from digest.mail.smtp import Server, Smtp

        smtp = mail.smtp
        server = Server(
            host=smtp.host,
            port=smtp.port,
            tls=smtp.tls,
            username=smtp.username,
            password=smtp.password.get_secret_value(),
            connections=smtp.connections,
        )
        return Smtp(server)

    @cached_property
    def _client(self) -> "Client":
        from digest.http import Client

        return Client(base_url=self.config.web.base_url)


def open_app(config: Config) -> App:
    """Open an installation that has been set up. Raises ConfigError or StoreError, with what to do."""
    store = open_store(config.store.url, folder=config.folder)
    require_current(store)
    return _app(config, store)


def migrate_store(config: Config) -> tuple[str | None, str]:
    """Bring a store that is there to this program's revision; (before, after)."""
    store = open_store(config.store.url, folder=config.folder)
    try:
        return migrate(store)
    finally:
        store.close()


def set_up(config: Config) -> tuple[App, str | None, str]:
    """Make what is missing of an installation; with the schema's revision before and after."""
    store = open_store(config.store.url, folder=config.folder, create=True)
    before, after = migrate(store)
    make_keys(config.folder / config.keys.file)
    return _app(config, store), before, after


def make_keys(path: Path) -> None:
    """Write a key that only this user can read, unless the file is there."""
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(f"keys.file {path} cannot be written: {error.strerror}. Name a place that can.") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(KEY_CHARACTERS) + "\n")


def read_keys(path: Path) -> Keys:
    """The installation's keys, newest first. Raises ConfigError where they are missing, short, or open to others."""
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"keys.file {path} can be read by other users. Run `chmod 600 {path}`.")
        lines = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"keys.file {path} cannot be read. Run `digest init`, or mend the path or its rights."
        ) from error
    if any(len(line) < KEY_CHARACTERS for line in lines):
        raise ConfigError(f"keys.file {path} holds a key of less than {KEY_CHARACTERS} characters. Remove that line.")
    return Keys(tuple(line.encode() for line in lines))


def refuse_examples(config: Config) -> None:
    """Raise ConfigError where real mail would leave with an example's sender, or with links that nobody can open."""
    servers = {"smtp": config.mail.smtp.host, "mailgun": urlsplit(config.mail.mailgun.url).hostname}
    if servers[config.mail.provider] in LOOPBACK:
        return
    if urlsplit(config.web.base_url).scheme != "https":
        raise ConfigError(
            "web.base_url is not an https address. Set it to where readers reach the site before sending by"
            f" {config.mail.provider}: one-click unsubscribing needs it (RFC 8058)."
        )
    for newsletter in config.newsletter:
        if newsletter.sender.rstrip("> ").endswith(("@example.org", "@example.com", "@example.net")):
            raise ConfigError(
                f"newsletter {newsletter.slug!r} still has an example's sender. Set its sender to an address of yours"
                f" before sending by {config.mail.provider}."
            )


def _app(config: Config, store: Store) -> App:
    keys = read_keys(config.folder / config.keys.file)
    override = config.templates.folder
    press = Press(
        library=Library(None if override is None else config.folder / override),
        keys=keys,
        base_url=config.web.base_url,
        site_name=config.web.site_name,
        accent=config.web.accent,
        credits=HUGGING_FACE if config.sources.huggingface.enabled else "",
        provider=config.mail.provider,
        fixed_envelope=config.mail.provider == "smtp" and config.mail.smtp.envelope == "fixed",
        newsletters={newsletter.slug: newsletter for newsletter in config.newsletter},
    )
    return App(config=config, store=store, keys=keys, press=press)
