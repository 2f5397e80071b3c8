"""The composition root: Config -> the objects that the faces need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.budgets import UNLIMITED, Budget, WarmUp
from digest.config import Config
from digest.config.sections import BudgetOf, SemanticSection, SummarySection
from digest.departures import Departures
from digest.errors import ConfigError
from digest.locator import host_and_port, is_inside, is_this_machine
from digest.mail import Mailer
from digest.model import Weights
from digest.scopes import Limits
from digest.sources import Source
from digest.store import Store
from digest.store.sources import health
from digest.tidy import Keeping
from digest.tokens import Keys

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

            client = self._client(told.huggingface.url)
            found.append(HuggingFace(client, lists=told.huggingface.lists, url=told.huggingface.url))
        if told.arxiv.enabled:
            found.append(self.arxiv())
        return [*found, *self._feeds()]

    def arxiv(self) -> "Arxiv":
        """arXiv, which knows papers by their ids even where it is no source."""
        from digest.sources.arxiv import BETWEEN_CALLS, Arxiv

        told = self.config.sources.arxiv
        return Arxiv(self._client(told.url, pause=BETWEEN_CALLS), categories=told.categories, url=told.url)

    def _feeds(self) -> Sequence[Source]:
        feeds = {name: feed for name, feed in self.config.sources.feed.items() if feed.enabled}
        if not feeds:
            return []
        from digest.sources.feed import MOST_BYTES, Feed

        with self.store.reading() as connection:
            cursors = {one.name: one.cursor for one in health(connection)}
        return [
            Feed(
                self._client(feed.url, most_bytes=MOST_BYTES),
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

        client = self._client(section.url, most_bytes=MOST_BYTES, most_seconds=MOST_SECONDS)
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
            return Mailgun(
                self._client(mail.mailgun.url), domain=mail.mailgun.domain, api_key=key, url=mail.mailgun.url
            )
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
            self._client(told.url, most_bytes=MOST_BYTES, most_seconds=MOST_SECONDS),
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
        self, url: str, *, pause: float = 1.0, most_bytes: int | None = None, most_seconds: float | None = None
    ) -> "Client":
        """The client of one address: it may reach the allowed hosts, and its own if that is plainly inside."""
        from digest import http

        if url not in self._clients:
            named = {host_and_port(url)} if is_inside(url) else set()
            self._clients[url] = http.Client(
                base_url=self.config.web.base_url,
                allowed_hosts={*self.config.http.allow_hosts, *named},
                pause=pause,
                most_bytes=most_bytes or http.MOST_BYTES,
                most_seconds=most_seconds or http.MOST_SECONDS,
            )
        return self._clients[url]


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
