"""The composition root: Config -> the objects that the faces need."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.budgets import UNLIMITED, Budget, WarmUp
from digest.config import Config
from digest.config.sections import (
    ArxivSection,
    BudgetOf,
    FeedSection,
    HuggingFaceSection,
    MailgunSection,
    OauthSection,
    SemanticSection,
    SummarySection,
)
from digest.departures import Departures
from digest.errors import ConfigError, DigestError, StoreError
from digest.locator import host_and_port, is_inside, is_this_machine
from digest.mail import Mailer
from digest.model import Weights
from digest.scopes import Limits
from digest.secretfile import read_secret, write_secret
from digest.sources import Source
from digest.store import Store, make_folder, open_store
from digest.store.jobs import has_jobs, make_jobs
from digest.store.schema import migrate, require_current
from digest.store.sources import health
from digest.store.subscribers import has_subscribers
from digest.tidy import Keeping
from digest.tokens import KEY_CHARACTERS, Keys

# What only some commands need is imported where it is needed: messages or HTTP take as long as all the rest.
if TYPE_CHECKING:
    from digest.http import Client
    from digest.inference.embedding import Embedder
    from digest.inference.endpoint import Endpoint
    from digest.inference.summary import Summariser
    from digest.mail.dkim import Signer
    from digest.mail.grant import Grant
    from digest.mail.signing_keys import KeyFile
    from digest.press import Press
    from digest.sources.arxiv import Arxiv
    from digest.terms import Terms

HUGGING_FACE = "Paper data from Hugging Face Daily Papers and arXiv."
# As its terms of use ask.
ARXIV = "Thank you to arXiv for use of its open access interoperability."
MAIL_PORTS = (25, 465, 587)
RETIRED = b"retired "
"""Before a key in the file of keys: it is good for leaving alone."""


@dataclass(frozen=True, kw_only=True)
class App:
    """An installation, opened."""

    config: Config
    store: Store
    keys: Keys

    @cached_property
    def press(self) -> "Press":
        """What messages are made with. Raises ConfigError for a key that cannot sign, RenderingError for templates."""
        return press_of(self.config, keys=self.keys, signer=_signer(self.config))

    @property
    def terms(self) -> "Terms":
        """How deliveries are leased and sent."""
        from digest.terms import Terms

        mail = self.config.mail
        return Terms(
            lease_seconds=mail.lease_seconds, window=mail.window, after_unknown=mail.after_unknown, limits=self.limits
        )

    @property
    def limits(self) -> Limits:
        """How much may leave."""
        mail, budget = self.config.mail, self.config.mail.budget
        provider = {"smtp": (mail.smtp, mail.smtp.host), "mailgun": (mail.mailgun, "mailgun")}.get(mail.provider)
        return Limits(
            everything=_budget(budget),
            provider=UNLIMITED if provider is None else _budget(provider[0]),
            provider_name=mail.provider if provider is None else provider[1],
            domains={domain: _budget(told) for domain, told in budget.domains.items()},
            warm_up=None if budget.warm_up is None else WarmUp(**budget.warm_up.model_dump()),
        )

    @property
    def departures(self) -> Departures:
        """How the messages of an edition are spread over time."""
        mail = self.config.mail
        return Departures(canary_from=mail.canary_from, spread=timedelta(minutes=mail.spread_minutes))

    @property
    def keeping(self) -> Keeping:
        """For how long what is only looked back at is kept."""
        told = self.config.retention
        return Keeping(
            editions=timedelta(days=told.editions_days),
            messages=timedelta(days=told.messages_days),
            events=timedelta(days=told.events_days),
        )

    @property
    def weights(self) -> Weights:
        """What counts how much in choosing, for readers who have not said."""
        return Weights(**self.config.ranking.model_dump())

    @property
    def look_backs(self) -> Mapping[str, timedelta]:
        """How far a collect reads each source back."""
        sources = self.config.sources
        days = {"huggingface": sources.huggingface.look_back_days, "arxiv": sources.arxiv.look_back_days}
        days |= {f"feed.{name}": feed.look_back_days for name, feed in sources.feed.items()}
        return {name: timedelta(days=told) for name, told in days.items()}

    def sources(self) -> Sequence[Source]:
        """The sources that are switched on; feeds know what was read of them before."""
        told = self.config.sources
        found: list[Source] = []
        if told.huggingface.enabled:
            from digest.sources.huggingface import HuggingFace

            client = self._client(told.huggingface)
            found.append(HuggingFace(client, lists=told.huggingface.lists, url=told.huggingface.url))
        if told.arxiv.enabled:
            found.append(self.arxiv())
        return [*found, *self._feeds()]

    def arxiv(self) -> "Arxiv":
        """arXiv, which knows papers by their ids even where it is no source."""
        from digest.sources.arxiv import BETWEEN_CALLS, Arxiv

        told = self.config.sources.arxiv
        return Arxiv(self._client(told, pause=BETWEEN_CALLS), categories=told.categories, url=told.url)

    def _feeds(self) -> Sequence[Source]:
        feeds = {name: feed for name, feed in self.config.sources.feed.items() if feed.enabled}
        if not feeds:
            return []
        from digest.sources.feed import MOST_BYTES, Feed

        with self.store.reading() as connection:
            cursors = {one.name: one.cursor for one in health(connection)}
        return [
            Feed(
                self._client(feed, most_bytes=MOST_BYTES),
                name=name,
                url=feed.url,
                cursor=cursors.get(f"feed.{name}", ""),
            )
            for name, feed in feeds.items()
        ]

    def summariser(self) -> "Summariser | None":
        """The language model that sums papers up, where the operator named one."""
        told = self.config.summary
        if not told.url:
            return None
        from digest.inference.summary import Summariser

        return Summariser(self._endpoint(told))

    def embedder(self) -> "Embedder | None":
        """The embedding model, where the operator named one. Raises ConfigError where it is not on this machine."""
        told = self.config.semantic
        if not told.model:
            return None
        from digest.inference.embedding import EndpointEmbedder, load_static

        if told.url:
            return EndpointEmbedder(self._endpoint(told))
        folder = self.config.folder / told.model
        return load_static(str(folder) if folder.is_dir() else told.model)

    def _endpoint(self, section: SummarySection | SemanticSection) -> "Endpoint":
        from digest.inference.endpoint import MOST_BYTES, MOST_SECONDS, Endpoint

        client = self._client(section, most_bytes=MOST_BYTES, most_seconds=MOST_SECONDS)
        key = section.api_key.get_secret_value()
        return Endpoint(client=client, url=section.url, model=section.model, api_key=key)

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
            return Mailgun(self._client(mail.mailgun), domain=mail.mailgun.domain, api_key=key, url=mail.mailgun.url)
        from digest.mail.smtp import Server, Smtp

        smtp = mail.smtp
        server = Server(
            host=smtp.host,
            port=smtp.port,
            tls=smtp.tls,
            username=smtp.username,
            password=smtp.password.get_secret_value(),
            grant=self._grant() if smtp.oauth.url else None,
            connections=smtp.connections,
        )
        return Smtp(server)

    def _grant(self) -> "Grant":
        from digest.mail.grant import MOST_BYTES, MOST_SECONDS, Grant

        told = self.config.mail.smtp.oauth
        return Grant(
            self._client(told, most_bytes=MOST_BYTES, most_seconds=MOST_SECONDS),
            url=told.url,
            client_id=told.client_id,
            client_secret=told.client_secret.get_secret_value(),
            refresh_token=told.refresh_token.get_secret_value(),
            scope=told.scope,
        )

    @cached_property
    def _clients(self) -> "dict[str, Client]":
        return {}

    def _client(
        self,
        section: HuggingFaceSection
        | ArxivSection
        | FeedSection
        | MailgunSection
        | OauthSection
        | SummarySection
        | SemanticSection,
        *,
        pause: float = 1.0,
        most_bytes: int | None = None,
        most_seconds: float | None = None,
    ) -> "Client":
        """The client of one address: it may reach the allowed hosts, and its own if that is plainly inside."""
        from digest import http

        if section.url not in self._clients:
            named = {host_and_port(section.url)} if is_inside(section.url) else set()
            self._clients[section.url] = http.Client(
                base_url=self.config.web.base_url,
                allowed_hosts={*self.config.http.allow_hosts, *named},
                pause=pause,
                most_bytes=most_bytes or http.MOST_BYTES,
                most_seconds=most_seconds or http.MOST_SECONDS,
            )
        return self._clients[section.url]


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


def key_files(config: Config) -> "list[KeyFile]":
    """Where the keys are that sign messages."""
    from digest.mail.signing_keys import KeyFile

    return [
        KeyFile(
            selector=one.selector,
            path=config.folder / one.file,
            retired=one.retired,
            key=f'mail.dkim.keys "{one.selector}", file',
        )
        for one in config.mail.dkim.keys
    ]


def refuse_examples(config: Config) -> None:
    """Raise ConfigError where real mail would leave with an example's sender, or with links that nobody can open."""
    smtp = config.mail.smtp
    servers = {"smtp": smtp.host, "mailgun": urlsplit(config.mail.mailgun.url).hostname}
    is_relay = config.mail.provider == "smtp" and (smtp.preset == "relay" or smtp.port in MAIL_PORTS)
    # What listens on this machine may be a sink; what does so where mail servers do is none.
    if is_this_machine(servers[config.mail.provider] or "") and not is_relay:
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
    return App(config=config, store=store, keys=keys)


def press_of(config: Config, *, keys: Keys, signer: "Signer") -> "Press":
    """What messages are made with; the store has no part in it. Raises RenderingError for a faulty template folder."""
    from digest.press import Press
    from digest.rendering.templates import Library, own_library

    override = config.templates.folder
    return Press(
        library=own_library() if override is None else Library(config.folder / override),
        keys=keys,
        base_url=config.web.base_url,
        site_name=config.web.site_name,
        accent=config.web.accent,
        credits=_credits(config),
        provider=config.mail.provider,
        fixed_envelope=config.mail.provider == "smtp" and config.mail.smtp.envelope == "fixed",
        newsletters={newsletter.slug: newsletter for newsletter in config.newsletter},
        signer=signer,
    )


def _budget(told: BudgetOf) -> Budget:
    return Budget(per_second=told.per_second, per_day=told.per_day)


def _signer(config: Config) -> "Signer":
    from digest.mail.dkim import Signer

    if not config.mail.dkim.keys:
        return Signer()
    from digest.mail.signing_keys import read_key

    return Signer(keys=tuple(read_key(file) for file in key_files(config)), domain=config.mail.dkim.domain)


def _credits(config: Config) -> str:
    sources = config.sources
    told = ((HUGGING_FACE, sources.huggingface.enabled), (ARXIV, sources.arxiv.enabled))
    return " ".join(credit for credit, is_due in told if is_due)
