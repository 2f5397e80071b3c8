"""The sections of the configuration, each with its keys and their defaults."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from digest.config.checks import (
    BaseUrl,
    Category,
    Colour,
    Domain,
    Host,
    Listed,
    Listen,
    LookBack,
    Mailbox,
    Name,
    OptionalAddress,
    OptionalDomain,
    OptionalSite,
    Quoted,
    Selector,
    Slug,
    SourceUrl,
    Token,
    Zone,
    listens,
)
from digest.config.presets import PRESETS, Envelope, Tls
from digest.locator import is_inside, network, site_url
from digest.model import Cadence, Layout, Weekday


class Section(BaseModel):
    """What all sections have in common: they never change, and know no key but their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _is_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """A truth is a number to Python, and to nobody else."""
        annotation = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and {int, float} & {annotation, *get_args(annotation)}:
            raise ValueError("is a number; write one instead of true or false")
        return value


class StoreSection(Section):
    """Where the store is."""

    url: str = "sqlite:///var/offprint.db"


class QueueSection(Section):
    """What does the work: the daemon by itself, or workers besides that the distributed engine calls."""

    engine: Literal["local", "procrastinate"] = "local"


class KeysSection(Section):
    """Where the keys are that sign links."""

    file: Path = Path("var/keys")


class TemplatesSection(Section):
    """The operator's own templates."""

    folder: Path | None = None


class WebSection(Section):
    """The website. Where it is not said how readers reach it, they do where it listens."""

    base_url: BaseUrl = ""
    listen: Listen = "127.0.0.1:8000"
    site_name: Annotated[Name, Field(min_length=1, max_length=40)] = "Offprint"
    accent: Colour = "#0D586E"
    trusted_proxies: Annotated[tuple[Annotated[str, AfterValidator(network)], ...], Listed] = ("127.0.0.1", "::1")

    @model_validator(mode="before")
    @classmethod
    def _reached_where_it_listens(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("base_url"):
            return values
        listen = str(values.get("listen", cls.model_fields["listen"].default))
        try:
            return {**values, "base_url": site_url(f"http://{listens(listen)}")}
        except ValueError:  # said of `listen` itself
            return values


class Newsletter(Section):
    """A publication that people subscribe to, with what new subscribers get by default."""

    slug: Slug = "papers"
    title: Annotated[Name, Field(min_length=1, max_length=80)] = "Offprint"
    sender: Mailbox = "Offprint <digest@example.org>"
    reply_to: Mailbox | None = None
    sources: Annotated[tuple[str, ...], Listed] = ()
    cadence: Cadence = Cadence.WEEKDAYS
    weekday: Weekday = Weekday.MONDAY
    month_day: Annotated[int, Field(ge=1, le=31)] = 1
    hour: Annotated[int, Field(ge=0, le=23)] = 7
    timezone: Zone = "UTC"
    max_papers: Annotated[int, Field(ge=1, le=20)] = 10
    layout: Layout = Layout.BRIEF
    postal_address: str = ""


class HuggingFaceSection(Section):
    """Hugging Face Daily Papers."""

    enabled: bool = True
    url: BaseUrl = "https://huggingface.co/api/daily_papers"
    lists: Annotated[tuple[Literal["day", "week", "month", "trending"], ...], Field(min_length=1), Listed] = ("day",)
    look_back_days: LookBack = 7


class ArxivSection(Section):
    """arXiv's API."""

    enabled: bool = False
    url: BaseUrl = "https://export.arxiv.org/api/query"
    categories: Annotated[tuple[Category, ...], Field(min_length=1), Listed] = ("cs.AI", "cs.CL", "cs.CV", "cs.LG")
    look_back_days: LookBack = 7


class FeedSection(Section):
    """An RSS or Atom feed."""

    url: SourceUrl
    enabled: bool = True
    look_back_days: LookBack = 7


class SourcesSection(Section):
    """Where papers come from."""

    huggingface: HuggingFaceSection = HuggingFaceSection()
    arxiv: ArxivSection = ArxivSection()
    feed: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")], FeedSection] = {}


class HttpSection(Section):
    """What the program may ask over HTTP."""

    allow_hosts: Annotated[tuple[Host, ...], Listed] = ()


class RankingSection(Section):
    """How papers are chosen."""

    relevance: Annotated[float, Field(ge=0, le=5)] = 1.0
    trend: Annotated[float, Field(ge=0, le=5)] = 0.5
    novelty: Annotated[float, Field(ge=0, le=5)] = 0.0
    half_life_days: Annotated[float, Field(gt=0, le=365)] = 3.0


class SummarySection(Section):
    """A language model that writes a sentence about papers that come without one; without an address, none does."""

    url: OptionalSite = ""
    model: str = ""
    api_key: Token = SecretStr("")
    per_day: Annotated[int, Field(ge=1, le=10_000)] = 100


class SemanticSection(Section):
    """An embedding model, on this machine or with an address behind it; without a name, texts go by their words."""

    model: str = ""
    url: OptionalSite = ""
    api_key: Token = SecretStr("")


class BudgetOf(Section):
    """How much may leave: evenly in a second, and in this hour and the 23 before it; None is no limit."""

    per_second: Annotated[float | None, Field(gt=0, le=100_000)] = None
    per_day: Annotated[int | None, Field(ge=1)] = None


class WarmUpSection(Section):
    """A cap of the first day by a provider, and how much larger each next day's is."""

    first_day: Annotated[int, Field(ge=1)]
    growth: Annotated[float, Field(ge=1, le=10)] = 1.5


class BudgetSection(BudgetOf):
    """How much may leave in all, and to single domains; a provider's own budget is in its section."""

    domains: Annotated[dict[Domain, BudgetOf], Quoted] = {}
    warm_up: WarmUpSection | None = None


class OutboxSection(Section):
    """The mailbox folder that reaches nobody."""

    path: Path = Path("var/outbox")


def _known_preset(name: str) -> str:
    if name and name not in PRESETS:
        raise ValueError(f"is not a preset; there are {', '.join(PRESETS)}")
    return name


class OauthSection(Section):
    """Signing in by access tokens in the place of a password: where they are given, and for what."""

    url: OptionalSite = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr = SecretStr("")
    scope: str = ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.url and any(dict(self).values()):
            raise ValueError("url is needed where other keys are set; it is where access tokens are given")
        if urlsplit(self.url).scheme == "http" and not is_inside(self.url):
            raise ValueError("url is not an https address, so anybody could read what is asked with; write https://...")
        if self.url and not self.client_id:
            raise ValueError("client_id is needed where url is set; it is the application's name at the provider")
        if self.url and not (self.refresh_token.get_secret_value() or self.client_secret.get_secret_value()):
            raise ValueError("refresh_token is needed where url is set, or client_secret for an application of its own")
        return self


class SmtpSection(BudgetOf):
    """An SMTP server that takes our mail; a preset fills in what is not written."""

    preset: Annotated[str, AfterValidator(_known_preset)] = ""
    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    tls: Tls = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    oauth: OauthSection = OauthSection()
    connections: Annotated[int, Field(ge=1, le=64)] = 8
    envelope: Envelope = "per_delivery"

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, values: Any) -> Any:
        name = values.get("preset") if isinstance(values, dict) else None
        preset = PRESETS.get(name) if isinstance(name, str) else None
        if preset is None:
            return values
        return preset.values | values

    @model_validator(mode="after")
    def _signs_in_one_way(self) -> Self:
        if self.oauth.url and self.password.get_secret_value():
            raise ValueError("password and oauth are two ways to sign in; keep one")
        if self.oauth.url and not self.username:
            raise ValueError("username is needed where oauth.url is set; it is the mailbox that sends")
        return self


class MailgunSection(BudgetOf):
    """Mailgun's HTTP interface."""

    domain: str = ""
    api_key: SecretStr = SecretStr("")
    url: BaseUrl = "https://api.mailgun.net"


class DkimKey(Section):
    """A private key that signs messages; a retired one only makes again what it signed."""

    selector: Selector
    file: Path
    retired: bool = False


def _of_different_selectors(keys: tuple[DkimKey, ...]) -> tuple[DkimKey, ...]:
    if len({key.selector for key in keys}) < len(keys):
        raise ValueError("two have the same selector; give each its own")
    return keys


class DkimSection(Section):
    """Our signatures on messages, where the provider makes none."""

    domain: OptionalDomain = ""
    keys: Annotated[tuple[DkimKey, ...], AfterValidator(_of_different_selectors)] = ()


class MailSection(Section):
    """How messages leave."""

    provider: Literal["outbox", "smtp", "mailgun"] = "outbox"
    after_unknown: Literal["drop", "resend"] = "drop"
    window: Annotated[int, Field(ge=1, le=10_000)] = 256
    lease_seconds: Annotated[int, Field(ge=1, le=3600)] = 15
    alarms: OptionalAddress = ""
    outbox: OutboxSection = OutboxSection()
    smtp: SmtpSection = SmtpSection()
    mailgun: MailgunSection = MailgunSection()
    dkim: DkimSection = DkimSection()
    budget: BudgetSection = BudgetSection()
    canary_from: Annotated[int, Field(ge=0)] = 10_000
    spread_minutes: Annotated[int, Field(ge=0, le=240)] = 0

    @model_validator(mode="after")
    def _has_room_for_all_connections(self) -> Self:
        """Each of them has a message on the wire, and the next announced."""
        if self.provider == "smtp" and self.window < 2 * self.smtp.connections:
            raise ValueError(
                f"has a window of {self.window} for {self.smtp.connections} connections; write a window of"
                f" {2 * self.smtp.connections} or more, or fewer connections"
            )
        return self


class ScheduleSection(Section):
    """How often the daemon looks."""

    collect_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    publish_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    deliver_seconds: Annotated[int, Field(ge=1, le=3600)] = 10


class RetentionSection(Section):
    """For how many days what is only looked back at is kept; editions for as long as any of them reaches back."""

    editions_days: Annotated[int, Field(ge=70, le=3650)] = 180
    messages_days: Annotated[int, Field(ge=70, le=3650)] = 400
    events_days: Annotated[int, Field(ge=70, le=3650)] = 400
