"""config.toml and the environment -> one frozen Config; everything wrong is said at once.

The environment overrides the file: `DIGEST_WEB__BASE_URL` is `[web] base_url`. A mailer's section is
named without its `mail`: `DIGEST_SMTP__PASSWORD` is `[mail.smtp] password`. The same name with
`_FILE` behind it names a file that holds the value. Lists are written with commas between their items.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from email.utils import getaddresses
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from digest.due import known_zones
from digest.environment import from_environment, overlaid
from digest.errors import ConfigError, InputError
from digest.locator import are_aligned, domain, domain_of, feed_url, host, site_url
from digest.model import Cadence, Layout
from digest.taxonomy import CATEGORIES

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[\w.-]+")
SOURCES = frozenset({"huggingface", "arxiv", "files"})


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _known_zone(name: str) -> str:
    if name not in known_zones():
        raise ValueError("is not a time zone; write an IANA name such as Europe/Paris")
    return name


def _mailbox(text: str) -> str:
    # One mailbox and nothing behind it: a name with a comma, unquoted, is read as two.
    [(_, address), *others] = getaddresses([text])
    if others or not text.isprintable() or not _ADDRESS.fullmatch(address):
        raise ValueError("is not a sender; write Name <address@example.org>, a name with commas in quotes")
    return text


def _known_category(name: str) -> str:
    if name not in CATEGORIES:
        raise ValueError("is not a category of arXiv; write one such as cs.CL (https://arxiv.org/category_taxonomy)")
    return name


def _listed(value: Any) -> Any:
    # The environment knows texts alone; no item of any list here has a comma in it.
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")] if value.strip() else []
    if isinstance(value, list | tuple):
        return value
    raise ValueError('is not a list; write ["one", "another"], or in the environment one,another')


def _listen(text: str) -> str:
    if not re.fullmatch(r"(?:[^:\s]+|\[[0-9a-f:]+\]):\d{1,5}", text):
        raise ValueError("is not an address to listen on; write HOST:PORT, such as 127.0.0.1:8000")
    return text


def _slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", text):
        raise ValueError("is not a name for addresses; write up to 40 of a-z, 0-9 and -")
    return text


def _colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", text):
        raise ValueError("is not a colour; write #rrggbb, such as #0D586E")
    return text


def _selector(text: str) -> str:
    if not re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(?<!-)", text):
        raise ValueError("is not a selector; write up to 63 of a-z, 0-9 and -, such as offprint1")
    return text


def _optional_domain(text: str) -> str:
    return domain(text) if text else text


def _optional_address(text: str) -> str:
    from digest.address import parse_address  # not needed where none is named, and it takes its time

    try:
        return parse_address(text).text if text else text
    except InputError as error:
        raise ValueError("is not a plain address; write one such as operator@example.org") from error


def _optional_site(text: str) -> str:
    return site_url(text) if text else text


def _token(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]*", secret.get_secret_value()):
        raise ValueError("holds what no header can; write the key as it was given, all in ASCII")
    return secret


Zone = Annotated[str, AfterValidator(_known_zone)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
BaseUrl = Annotated[str, AfterValidator(site_url)]
SourceUrl = Annotated[str, AfterValidator(feed_url)]
Host = Annotated[str, AfterValidator(host)]
Listen = Annotated[str, AfterValidator(_listen)]
Category = Annotated[str, AfterValidator(_known_category)]
Listed = BeforeValidator(_listed)
LookBack = Annotated[int, Field(ge=1, le=62)]


class StoreSection(_Section):
    """Where the store is."""

    url: str = "sqlite:///var/offprint.db"


class KeysSection(_Section):
    """Where the keys are that sign links."""

    file: Path = Path("var/keys")


class TemplatesSection(_Section):
    """The operator's own templates."""

    folder: Path | None = None


class WebSection(_Section):
    """The website. Where it is not said how readers reach it, they do where it listens."""

    base_url: BaseUrl = ""
    listen: Listen = "127.0.0.1:8000"
    site_name: Annotated[str, Field(min_length=1, max_length=40)] = "Offprint"
    accent: Annotated[str, AfterValidator(_colour)] = "#0D586E"

    @model_validator(mode="before")
    @classmethod
    def _reached_where_it_listens(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("base_url"):
            return values
        listen = str(values.get("listen", cls.model_fields["listen"].default))
        try:
            return {**values, "base_url": site_url(f"http://{_listen(listen)}")}
        except ValueError:  # said of `listen` itself
            return values


class Newsletter(_Section):
    """A publication that people subscribe to, with what new subscribers get by default."""

    slug: Annotated[str, AfterValidator(_slug)] = "papers"
    title: Annotated[str, Field(min_length=1, max_length=80)] = "Offprint"
    sender: Mailbox = "Offprint <digest@example.org>"
    reply_to: Mailbox | None = None
    sources: Annotated[tuple[str, ...], Listed] = ()
    cadence: Cadence = Cadence.WEEKDAYS
    hour: Annotated[int, Field(ge=0, le=23)] = 7
    timezone: Zone = "UTC"
    max_papers: Annotated[int, Field(ge=1, le=20)] = 10
    layout: Layout = Layout.BRIEF
    postal_address: str = ""


class HuggingFaceSection(_Section):
    """Hugging Face Daily Papers."""

    enabled: bool = True
    url: BaseUrl = "https://huggingface.co/api/daily_papers"
    lists: Annotated[tuple[Literal["day", "week", "month", "trending"], ...], Field(min_length=1), Listed] = ("day",)
    look_back_days: LookBack = 7


class ArxivSection(_Section):
    """arXiv's API."""

    enabled: bool = False
    url: BaseUrl = "https://export.arxiv.org/api/query"
    categories: Annotated[tuple[Category, ...], Field(min_length=1), Listed] = ("cs.AI", "cs.CL", "cs.CV", "cs.LG")
    look_back_days: LookBack = 7


class FeedSection(_Section):
    """An RSS or Atom feed."""

    url: SourceUrl
    enabled: bool = True
    look_back_days: LookBack = 7


class SourcesSection(_Section):
    """Where papers come from."""

    huggingface: HuggingFaceSection = HuggingFaceSection()
    arxiv: ArxivSection = ArxivSection()
    feed: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")], FeedSection] = {}


class HttpSection(_Section):
    """What the program may ask over HTTP."""

    allow_hosts: Annotated[tuple[Host, ...], Listed] = ()


class RankingSection(_Section):
    """How papers are chosen."""

    relevance: Annotated[float, Field(ge=0, le=5)] = 1.0
    trend: Annotated[float, Field(ge=0, le=5)] = 0.5
    novelty: Annotated[float, Field(ge=0, le=5)] = 0.0
    half_life_days: Annotated[float, Field(gt=0, le=365)] = 3.0


class SummarySection(_Section):
    """A language model that writes a sentence about papers that come without one; without an address, none does."""

    url: Annotated[str, AfterValidator(_optional_site)] = ""
    model: str = ""
    api_key: Annotated[SecretStr, AfterValidator(_token)] = SecretStr("")
    per_day: Annotated[int, Field(ge=1, le=10_000)] = 100


class SemanticSection(_Section):
    """An embedding model, on this machine or with an address behind it; without a name, texts go by their words."""

    model: str = ""
    url: Annotated[str, AfterValidator(_optional_site)] = ""
    api_key: Annotated[SecretStr, AfterValidator(_token)] = SecretStr("")


class OutboxSection(_Section):
    """The mailbox folder that reaches nobody."""

    path: Path = Path("var/outbox")


class SmtpSection(_Section):
    """An SMTP server that takes our mail."""

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    connections: Annotated[int, Field(ge=1, le=64)] = 4
    envelope: Literal["per_delivery", "fixed"] = "per_delivery"


class MailgunSection(_Section):
    """Mailgun's HTTP interface."""

    domain: str = ""
    api_key: SecretStr = SecretStr("")
    url: BaseUrl = "https://api.mailgun.net"


class DkimKey(_Section):
    """A private key that signs messages; a retired one only makes again what it signed."""

    selector: Annotated[str, AfterValidator(_selector)]
    file: Path
    retired: bool = False


def _of_different_selectors(keys: tuple[DkimKey, ...]) -> tuple[DkimKey, ...]:
    if len({key.selector for key in keys}) < len(keys):
        raise ValueError("two have the same selector; give each its own")
    return keys


class DkimSection(_Section):
    """Our signatures on messages, where the provider makes none."""

    domain: Annotated[str, AfterValidator(_optional_domain)] = ""
    keys: Annotated[tuple[DkimKey, ...], AfterValidator(_of_different_selectors)] = ()


class MailSection(_Section):
    """How messages leave."""

    provider: Literal["outbox", "smtp", "mailgun"] = "outbox"
    after_unknown: Literal["drop", "resend"] = "drop"
    window: Annotated[int, Field(ge=1, le=10_000)] = 256
    lease_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    alarms: Annotated[str, AfterValidator(_optional_address)] = ""
    outbox: OutboxSection = OutboxSection()
    smtp: SmtpSection = SmtpSection()
    mailgun: MailgunSection = MailgunSection()
    dkim: DkimSection = DkimSection()


class ScheduleSection(_Section):
    """How often the daemon looks."""

    collect_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    publish_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    deliver_seconds: Annotated[int, Field(ge=1, le=3600)] = 10


class Config(_Section):
    """The whole configuration. `folder` is where relative paths start: the file's own."""

    folder: Path
    store: StoreSection = StoreSection()
    keys: KeysSection = KeysSection()
    templates: TemplatesSection = TemplatesSection()
    web: WebSection = WebSection()
    newsletter: Annotated[tuple[Newsletter, ...], Field(min_length=1)] = (Newsletter(),)
    sources: SourcesSection = SourcesSection()
    http: HttpSection = HttpSection()
    ranking: RankingSection = RankingSection()
    summary: SummarySection = SummarySection()
    semantic: SemanticSection = SemanticSection()
    mail: MailSection = MailSection()
    schedule: ScheduleSection = ScheduleSection()

    @model_validator(mode="after")
    def _fits_together(self) -> "Config":
        slugs = [newsletter.slug for newsletter in self.newsletter]
        known = SOURCES | {f"feed.{name}" for name in self.sources.feed}
        for name in {source for newsletter in self.newsletter for source in newsletter.sources} - known:
            raise ValueError(f"newsletter.sources: there is no source {name!r}; there are {', '.join(sorted(known))}")
        if len(set(slugs)) < len(slugs):
            raise ValueError("newsletter.slug: two newsletters have the same; give each its own")
        needed = {"smtp": {"mail.smtp.host": self.mail.smtp.host}, "outbox": {}}.get(
            self.mail.provider,
            {
                "mail.mailgun.domain": self.mail.mailgun.domain,
                "mail.mailgun.api_key": self.mail.mailgun.api_key.get_secret_value(),
            },
        )
        for key, asked in (("summary", self.summary), ("semantic", self.semantic)):
            if asked.url and not asked.model:
                raise ValueError(f"{key}.model: is needed where {key}.url is set; name a model that is known there")
        for key, value in needed.items():
            if not value:
                raise ValueError(f'{key}: is needed for provider = "{self.mail.provider}"')
        return self

    @model_validator(mode="after")
    def _dkim_aligns(self) -> "Config":
        signed_for = self.mail.dkim.domain
        for newsletter in self.newsletter if signed_for else ():
            if not are_aligned(domain_of(newsletter.sender), signed_for):
                raise ValueError(
                    f"mail.dkim.domain: does not align with the sender of newsletter {newsletter.slug!r}, so DMARC"
                    " would fail; write the sender's own domain, or leave it empty"
                )
        return self


def load_config(path: Path, *, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration in `path`, overridden by the environment.

    Raises ConfigError with every wrong key, its path and what would be right.
    """
    where = f"The configuration ({path.name} and the environment)"
    return parse_config(_read(path), folder=path.parent, where=where, environment=environment)


def parse_config(
    values: dict[str, Any], *, folder: Path, where: str = "config", environment: Mapping[str, str] | None = None
) -> Config:
    """The configuration from plain values; see load_config."""
    merged = overlaid(values, from_environment(environment or {}))
    if "folder" in merged:
        raise ConfigError(f"{where} is wrong:\n  folder: is not a key; mend or remove it")
    try:
        return Config(**merged, folder=folder.resolve())
    except ValidationError as error:
        told = error.errors()
        # A section that is wrong inside is reported as missing besides.
        inside = {item["loc"][:depth] for item in told for depth in range(len(item["loc"]))}
        lines = [f"  {_explain(item)}" for item in told if item["loc"] not in inside or not item["loc"]]
        raise ConfigError("\n".join([f"{where} is wrong:", *lines])) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"There is no {path}. Run `digest init` to write one, or name another by --config."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. Mend the file or its rights.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}. Mend that line.") from error


def _explain(item: Any) -> str:
    path = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"{path}: is not a key; mend or remove it (config.example.toml lists them all)"
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{path}: {message[:1].lower()}{message[1:]}" if path else message
