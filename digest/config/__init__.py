"""config.toml and the environment -> one frozen Config; everything wrong is said at once.

The environment overrides the file: `DIGEST_WEB__BASE_URL` is `[web] base_url`. A mailer's section is
named without its `mail`: `DIGEST_SMTP__PASSWORD` is `[mail.smtp] password`. The same name with
`_FILE` behind it names a file that holds the value. Lists are written with commas between their items.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence, Set
from difflib import get_close_matches
from inspect import isclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import Field, ValidationError, model_validator

from digest.config.presets import PRESETS
from digest.config.sections import (
    HttpSection,
    KeysSection,
    MailSection,
    Newsletter,
    QueueSection,
    RankingSection,
    RetentionSection,
    ScheduleSection,
    Section,
    SemanticSection,
    SourcesSection,
    StoreSection,
    SummarySection,
    TemplatesSection,
    WebSection,
)
from digest.environment import MAILERS, from_environment, overlaid, variables_of
from digest.errors import ConfigError
from digest.locator import are_aligned, domain_of, is_this_machine

SOURCES = frozenset({"huggingface", "arxiv", "files"})


DEMO = "offprint-demo"
"""The newsletter of `digest demo`, and of nobody else."""


class Config(Section):
    """The whole configuration. `folder` is where relative paths start: the file's own."""

    folder: Path
    store: StoreSection = StoreSection()
    queue: QueueSection = QueueSection()
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
    retention: RetentionSection = RetentionSection()

    @model_validator(mode="after")
    def _fits_together(self) -> "Config":
        slugs = [newsletter.slug for newsletter in self.newsletter]
        known = SOURCES | {f"feed.{name}" for name in self.sources.feed}
        for name in {source for newsletter in self.newsletter for source in newsletter.sources} - known:
            raise ValueError(f"newsletter.sources: there is no source {name!r}; there are {', '.join(sorted(known))}")
        if len(set(slugs)) < len(slugs):
            raise ValueError("newsletter.slug: two newsletters have the same; give each its own")
        if self.retention.messages_days < self.retention.editions_days:
            raise ValueError("retention.messages_days: is less than retention.editions_days; an edition is a message")
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
    def _queue_fits_the_store(self) -> "Config":
        if self.queue.engine == "procrastinate" and not self.store.url.startswith("postgres"):
            raise ValueError('queue.engine: "procrastinate" works on PostgreSQL; name a postgresql:// store.url')
        return self

    @model_validator(mode="after")
    def _password_is_not_overheard(self) -> "Config":
        smtp = self.mail.smtp
        if smtp.tls == "none" and smtp.username and smtp.host and not is_this_machine(smtp.host):
            raise ValueError(
                'mail.smtp.tls: "none" would send the password in the clear to another machine; write "starttls" or'
                ' "tls", or leave mail.smtp.username empty'
            )
        return self

    @model_validator(mode="after")
    def _mailbox_is_signed_in_to(self) -> "Config":
        smtp = self.mail.smtp
        preset = PRESETS.get(smtp.preset)
        if self.mail.provider != "smtp":
            return self
        if preset is not None and preset.signs_in and smtp.host == preset.host and not smtp.username:
            raise ValueError(
                f'mail.smtp.username: is needed for preset = "{smtp.preset}"; it is the mailbox that sends'
            )
        if smtp.username and not (smtp.password.get_secret_value() or smtp.oauth.url):
            raise ValueError(
                "mail.smtp.password: is needed where there is a username; set DIGEST_SMTP__PASSWORD, or use"
                " [mail.smtp.oauth]"
            )
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
    config = parse_config(_read(path), folder=path.parent, where=where, environment=environment)
    if any(one.slug == DEMO for one in config.newsletter):
        raise ConfigError(
            f"{where} is wrong:\n  newsletter.slug: {DEMO!r} is the demo's, which removes messages of that name from"
            " var/outbox; write another"
        )
    return config


def parse_config(
    values: dict[str, Any], *, folder: Path, where: str = "config", environment: Mapping[str, str] | None = None
) -> Config:
    """The configuration from plain values; see load_config."""
    environment = environment or {}
    merged = overlaid(values, from_environment(environment))
    if "folder" in merged:
        raise ConfigError(f"{where} is wrong:\n  {_no_key(['folder'], 'folder', environment)}")
    try:
        return Config(**merged, folder=folder.resolve())
    except ValidationError as error:
        told = error.errors()
        # A section that is wrong inside is reported as missing besides.
        inside = {item["loc"][:depth] for item in told for depth in range(len(item["loc"]))}
        lines = [
            f"  {_explain(item, merged, environment)}" for item in told if item["loc"] not in inside or not item["loc"]
        ]
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
        mend = "Write its keys where that section stands already" if "twice" in str(error) else "Mend that line"
        raise ConfigError(f"{path} is not TOML: {error}. {mend}.") from error


def _explain(item: Any, written: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    keys = [part for part in item["loc"] if part != "[key]"]
    path = _path(keys, written)
    match item["type"]:
        case "extra_forbidden":
            return _no_key(keys, path, environment)
        case "model_type" | "dict_type":
            header = f"[[{_path(keys[:-1], written)}]]" if isinstance(keys[-1], int) else f"[{path}]"
            return f"{path}: is a section; write its keys under {header}"
        case "tuple_type":
            return f"{path}: is a list of sections; write the keys of each under [[{path}]]"
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{path}: {message[:1].lower()}{message[1:]}" if path else message


def _no_key(keys: Sequence[str | int], path: str, environment: Mapping[str, str]) -> str:
    """Where it was written, in the environment or else in the file, and which key is nearly the same."""
    variables = variables_of(environment, [str(key) for key in keys])
    near = get_close_matches(str(keys[-1]), _keys_in(_section_at(keys[:-1]), by_variables=bool(variables)), n=1)
    if variables:
        mend = f"did you mean {near[0].upper()}?" if near else "mend its name or unset it"
        return f"{variables[0]}: names no key; {mend} (config.example.toml lists all keys)"
    mend = f"did you mean {near[0]}?" if near else "mend or remove it"
    return f"{path}: is not a key; {mend} (config.example.toml lists them all)"


def _keys_in(section: type[Section], *, by_variables: bool) -> Set[str]:
    """The keys of a section; to variables, mailers are sections by themselves, and a list of sections is none."""
    keys = section.model_fields.keys() - ({"folder"} if section is Config else set())
    if not by_variables:
        return keys
    mailers = MAILERS if section is Config else frozenset()
    return mailers | {key for key in keys if not _is_list_of_sections(section.model_fields[key].annotation)}


def _is_list_of_sections(annotation: Any) -> bool:
    return get_origin(annotation) is tuple and any(_sections_in(annotation))


def _section_at(keys: Sequence[str | int]) -> type[Section]:
    """The section to which keys lead; places in a list and names that the operator gives lead nowhere."""
    section: type[Section] = Config
    for key in keys:
        field = section.model_fields.get(str(key))
        section = next(_sections_in(field.annotation), section) if field else section
    return section


def _sections_in(annotation: Any) -> Iterator[type[Section]]:
    if isclass(annotation) and issubclass(annotation, Section):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections_in(inner)


def _path(keys: Sequence[str | int], written: Any) -> str:
    """As it stands in TOML, where a key with a dot has quotes; one of several by a name of its own, or by its place."""
    path, between = "", ""
    for key in keys:
        if isinstance(key, int):
            several = written if isinstance(written, list) else []
            written = several[key] if several else None
            name = _name_of(written)
            is_known = name and [_name_of(one) for one in several].count(name) == 1
            path, between = f"{path} {name if is_known else key + 1}", ", "
        else:
            written = written.get(key) if isinstance(written, dict) else None
            path, between = path + between + (key if _BARE.fullmatch(key) else f'"{key}"'), "."
    return path


def _name_of(section: Any) -> str:
    """What the operator calls one of several sections, in quotes; nothing where that is no name."""
    name = (section.get("slug") or section.get("selector")) if isinstance(section, dict) else None
    return f'"{name}"' if isinstance(name, str) and name.isprintable() and len(name) <= _LONGEST_NAME else ""


_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_NAME = 63
"""As long as a selector may be; a slug is shorter."""
