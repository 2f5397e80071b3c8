"""The configuration: everything wrong is named by its key, and nothing secret is said."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from places import ROOT
from pydantic import BaseModel

from digest.config import Config, load_config, parse_config
from digest.config.presets import PRESETS
from digest.config.sections import BudgetOf, DkimKey, FeedSection, WarmUpSection
from digest.errors import ConfigError
from digest.model import Cadence

EXAMPLE = ROOT / "config.example.toml"
SECRET = "correct-horse-battery"


def parse(values: dict[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Config:
    return parse_config(values or {}, folder=Path("folder"), environment=environment)


def refused(values: dict[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as failure:
        parse(values, environment)
    return str(failure.value)


def newsletter(**values: Any) -> dict[str, Any]:
    return {"newsletter": [values]}


def signing(*keys: dict[str, Any]) -> dict[str, Any]:
    return {"mail": {"dkim": {"keys": list(keys)}}}


def test_an_empty_file_is_a_whole_configuration() -> None:
    config = parse()
    assert config.mail.provider == "outbox"
    assert config.newsletter[0].cadence is Cadence.WEEKDAYS
    assert config.folder.is_absolute()


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"nonsense": {}}, "nonsense"),
        ({"folder": "x"}, "folder"),
        ({"web": {"base-url": "https://x.org"}}, "web.base-url"),
        ({"web": "https://x.org"}, "web"),
        ({"web": {"base_url": "x.org"}}, "web.base_url"),
        ({"web": {"base_url": "ftp://x.org"}}, "web.base_url"),
        ({"web": {"base_url": "https://"}}, "web.base_url"),
        ({"web": {"base_url": "https://x.org/?a=b"}}, "web.base_url"),
        ({"web": {"base_url": "https://x.org/#a"}}, "web.base_url"),
        ({"web": {"base_url": "https://x.org\n"}}, "web.base_url"),
        ({"web": {"base_url": "https://x .org"}}, "web.base_url"),
        ({"web": {"base_url": "https://a:b@x.org"}}, "web.base_url"),
        ({"summary": {"url": "https://a:b@x.org/v1", "model": "m"}}, "summary.url"),
        ({"web": {"base_url": "https://é.org"}}, "web.base_url"),
        ({"web": {"base_url": "https://x.org:99999"}}, "web.base_url"),
        ({"web": {"base_url": "https://[x"}}, "web.base_url"),
        ({"web": {"listen": "8000"}}, "web.listen"),
        ({"web": {"listen": "127.0.0.1:99999"}}, "web.listen"),
        ({"web": {"listen": "127.0.0.1:0"}}, "web.listen"),
        ({"web": {"listen": "ü:80"}}, "web.listen"),
        ({"web": {"accent": "teal"}}, "web.accent"),
        ({"web": {"site_name": ""}}, "web.site_name"),
        ({"web": {"site_name": "Papers\nand more"}}, "web.site_name"),
        ({"newsletter": []}, "newsletter"),
        ({"newsletter": [{"slug": "a"}, {"slug": "a"}]}, "newsletter.slug"),
        (newsletter(slug="Papers!"), 'newsletter "Papers!", slug'),
        (newsletter(title=""), "newsletter 1, title"),
        (newsletter(title="Papers\r\nBcc: evil@example.net"), "newsletter 1, title"),
        (newsletter(sender="digest"), "newsletter 1, sender"),
        (newsletter(sender="Offprint <digest@>"), "newsletter 1, sender"),
        (newsletter(sender="a@b@example.org"), "newsletter 1, sender"),
        (newsletter(sender="Papers, daily <digest@example.org>"), "newsletter 1, sender"),
        (newsletter(sender="One <a@example.org>, Two <b@example.org>"), "newsletter 1, sender"),
        (newsletter(sender="Papers <digest@example.org>\r\nBcc: evil@example.net"), "newsletter 1, sender"),
        (newsletter(sender='"a\r\nBcc: evil@example.net" <digest@example.org>'), "newsletter 1, sender"),
        (newsletter(sender="Papers <größe@example.org>"), "newsletter 1, sender"),
        (newsletter(sender=""), "newsletter 1, sender"),
        (newsletter(reply_to="nobody"), "newsletter 1, reply_to"),
        (newsletter(cadence="hourly"), "newsletter 1, cadence"),
        (newsletter(hour=24), "newsletter 1, hour"),
        (newsletter(weekday="someday"), "newsletter 1, weekday"),
        (newsletter(month_day=32), "newsletter 1, month_day"),
        (newsletter(hour=7.5), "newsletter 1, hour"),
        (newsletter(timezone="Mars/Olympus"), "newsletter 1, timezone"),
        (newsletter(timezone="../../etc/passwd"), "newsletter 1, timezone"),
        (newsletter(max_papers=0), "newsletter 1, max_papers"),
        ({"sources": {"pubmed": {}}}, "sources.pubmed"),
        ({"sources": {"arxiv": {"categories": []}}}, "sources.arxiv.categories"),
        ({"sources": {"arxiv": {"categories": ["cs.XX"]}}}, "sources.arxiv.categories 1"),
        ({"sources": {"arxiv": {"look_back_days": 0}}}, "sources.arxiv.look_back_days"),
        ({"sources": {"feed": {"blog": {}}}}, "sources.feed.blog.url"),
        ({"sources": {"feed": {"blog": {"url": "file:///etc/hostname"}}}}, "sources.feed.blog.url"),
        ({"sources": {"feed": {"blog": {"url": "https://a:b@example.org/"}}}}, "sources.feed.blog.url"),
        ({"sources": {"feed": {"My Blog": {"url": "https://example.org/"}}}}, 'sources.feed."My Blog"'),
        ({"http": {"allow_hosts": ["https://example.org"]}}, "http.allow_hosts 1"),
        ({"http": {"allow_hosts": ["a@b"]}}, "http.allow_hosts 1"),
        ({"http": {"allow_hosts": ["localhost:99999"]}}, "http.allow_hosts 1"),
        ({"http": {"allow_hosts": [""]}}, "http.allow_hosts 1"),
        ({"http": {"allow_hosts": 5}}, "http.allow_hosts"),
        ({"http": {"allow_hosts": [5]}}, "http.allow_hosts 1"),
        ({"sources": {"huggingface": {"enabled": "perhaps"}}}, "sources.huggingface.enabled"),
        ({"sources": {"huggingface": {"look_back_days": 0}}}, "sources.huggingface.look_back_days"),
        ({"sources": {"huggingface": {"lists": []}}}, "sources.huggingface.lists"),
        ({"sources": {"huggingface": {"lists": ["day", "year"]}}}, "sources.huggingface.lists 2"),
        ({"ranking": {"trend": -1}}, "ranking.trend"),
        ({"ranking": {"trend": float("nan")}}, "ranking.trend"),
        ({"summary": {"url": "localhost:11434"}}, "summary.url"),
        ({"summary": {"url": "http://localhost:11434/v1"}}, "summary.model"),
        ({"summary": {"api_key": "schlüssel"}}, "summary.api_key"),
        ({"summary": {"api_key": "a\r\nHost: evil.example"}}, "summary.api_key"),
        ({"summary": {"per_day": 0}}, "summary.per_day"),
        ({"semantic": {"url": "localhost:11434", "model": "small"}}, "semantic.url"),
        ({"semantic": {"url": "http://localhost:11434/v1"}}, "semantic.model"),
        ({"semantic": {"api_key": "schlüssel"}}, "semantic.api_key"),
        ({"mail": {"provider": "pigeon"}}, "mail.provider"),
        ({"mail": {"after_unknown": "hope"}}, "mail.after_unknown"),
        ({"mail": {"window": 0}}, "mail.window"),
        ({"mail": {"lease_seconds": 0}}, "mail.lease_seconds"),
        ({"mail": {"smtp": {"port": 0}}}, "mail.smtp.port"),
        ({"mail": {"smtp": {"tls": True}}}, "mail.smtp.tls"),
        ({"mail": {"smtp": {"tls": "none", "host": "mx.example.net", "username": "ada"}}}, "mail.smtp.tls"),
        ({"mail": {"smtp": {"tls": "none", "host": "10.0.0.5", "username": "ada"}}}, "mail.smtp.tls"),
        ({"mail": {"smtp": {"preset": "relay", "host": "mx.example.net", "username": "ada"}}}, "mail.smtp.tls"),
        ({"mail": {"smtp": {"connections": 65}}}, "mail.smtp.connections"),
        ({"mail": {"smtp": {"envelope": "brown"}}}, "mail.smtp.envelope"),
        ({"mail": {"provider": "smtp"}}, "mail.smtp.host"),
        ({"mail": {"smtp": {"preset": "nobody"}}}, "mail.smtp.preset"),
        ({"mail": {"smtp": {"preset": 1}}}, "mail.smtp.preset"),
        ({"mail": {"provider": "mailgun"}}, "mail.mailgun.domain"),
        ({"mail": {"provider": "mailgun", "mailgun": {"domain": "x.org"}}}, "mail.mailgun.api_key"),
        ({"mail": {"mailgun": {"url": "mailgun"}}}, "mail.mailgun.url"),
        ({"mail": {"provider": "smtp", "window": 15}}, "mail"),
        ({"mail": {"window": True}}, "mail.window"),
        ({"mail": {"budget": {"per_day": True}}}, "mail.budget.per_day"),
        ({"mail": {"smtp": {"per_second": True}}}, "mail.smtp.per_second"),
        ({"mail": {"budget": {"domains": {"no domain": {"per_day": 1}}}}}, 'mail.budget.domains."no domain"'),
        ({"mail": {"budget": {"domains": {"x.org": {"per_day": 0}}}}}, 'mail.budget.domains."x.org".per_day'),
        ({"mail": {"dkim": {"domain": "Example.org"}}}, "mail.dkim.domain"),
        ({"mail": {"dkim": {"domain": "org"}}}, "mail.dkim.domain"),
        ({"mail": {"dkim": {"domain": "bücher.example"}}}, "mail.dkim.domain"),
        ({"mail": {"dkim": {"domain": "example.net"}}}, "mail.dkim.domain"),
        ({"mail": {"dkim": {"domain": "badexample.org"}}}, "mail.dkim.domain"),
        ({"mail": {"dkim": {"domain": "ple.org"}}}, "mail.dkim.domain"),
        (signing({"selector": "a"}), 'mail.dkim.keys "a", file'),
        (signing({"file": "a.pem"}), "mail.dkim.keys 1, selector"),
        (signing({"selector": "A", "file": "a.pem"}), 'mail.dkim.keys "A", selector'),
        (signing({"selector": "a; t=0", "file": "a.pem"}), 'mail.dkim.keys "a; t=0", selector'),
        (signing({"selector": "-a", "file": "a.pem"}), 'mail.dkim.keys "-a", selector'),
        (signing({"selector": "-" * 63, "file": "a.pem"}), f'mail.dkim.keys "{"-" * 63}", selector'),
        (signing({"selector": "a" * 64, "file": "a.pem"}), "mail.dkim.keys 1, selector"),
        (signing({"selector": "a", "file": "a.pem", "retired": "soon"}), 'mail.dkim.keys "a", retired'),
        (signing({"selector": "a", "file": "a.pem", "bits": 2048}), 'mail.dkim.keys "a", bits'),
        (signing({"selector": "a", "file": "a.pem"}, {"selector": "a", "file": "b.pem"}), "mail.dkim.keys"),
        ({"schedule": {"collect_minutes": 1}}, "schedule.collect_minutes"),
        ({"schedule": {"publish_seconds": 0}}, "schedule.publish_seconds"),
        ({"schedule": {"deliver_seconds": 9999}}, "schedule.deliver_seconds"),
        ({"retention": {"editions_days": 62}}, "retention.editions_days"),
        ({"retention": {"editions_days": 401}}, "retention.messages_days"),
    ],
)
def test_everything_wrong_is_named_by_its_key(values: dict[str, Any], path: str) -> None:
    assert re.search(rf"^  {re.escape(path)}: \S", refused(values), re.MULTILINE)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "LocalHost", "localhost."])
def test_a_password_may_go_in_the_clear_to_a_relay_on_this_machine(host: str) -> None:
    smtp = {"tls": "none", "host": host, "username": "ada", "password": "secret"}
    assert parse({"mail": {"provider": "smtp", "smtp": smtp}}).mail.smtp.tls == "none"


@pytest.mark.parametrize("wrong", [5, True, {"a.org": 1}])
def test_what_is_no_list_is_told_how_lists_are_written(wrong: Any) -> None:
    said = '  http.allow_hosts: is not a list; write ["one", "another"], or in the environment one,another'
    assert refused({"http": {"allow_hosts": wrong}}).endswith(said)


def test_everything_wrong_is_said_at_once() -> None:
    said = refused({"web": {"accent": "teal"}, "mail": {"window": 0}} | newsletter(hour=24))
    assert all(f"  {path}: " in said for path in ("web.accent", "mail.window", "newsletter 1, hour"))


@pytest.mark.parametrize("title", ["Le Monde\u00a0: sciences", "\U0001f469\u200d\U0001f52c", "論文\u3000日報"])
def test_a_newsletter_may_have_any_name_that_stands_on_one_line(title: str) -> None:
    assert parse(newsletter(title=title)).newsletter[0].title == title


@pytest.mark.parametrize(
    "sender",
    [
        "digest@example.org",
        '"Papers, daily" <digest@example.org>',
        "Bücher <digest@bücher.example>",
        "Offprint <papers+daily@mail.example.org>",
    ],
)
def test_a_sender_may_have_any_name(sender: str) -> None:
    assert parse(newsletter(sender=sender)).newsletter[0].sender == sender


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("digest@example.org", "example.org"),
        ("digest@Example.ORG", "example.org"),
        ("digest@news.example.org", "example.org"),
        ("digest@example.org", "mail.example.org"),
        ("Bücher <digest@bücher.example>", "xn--bcher-kva.example"),
    ],
)
def test_a_signature_s_domain_may_be_the_sender_s_or_one_above_or_below_it(sender: str, domain: str) -> None:
    assert parse(newsletter(sender=sender) | {"mail": {"dkim": {"domain": domain}}}).mail.dkim.domain == domain


def test_a_signature_s_domain_that_one_newsletter_s_sender_lacks_is_refused_by_that_newsletter_s_name() -> None:
    both = [{"slug": "one"}, {"slug": "two", "sender": "digest@example.net"}]
    said = refused({"newsletter": both, "mail": {"dkim": {"domain": "example.org"}}})
    assert "the sender of newsletter 'two', so DMARC would fail" in said


def test_the_slash_behind_a_base_url_does_not_count() -> None:
    assert parse({"web": {"base_url": "https://x.org/papers/"}}).web.base_url == "https://x.org/papers"


# The environment.


def test_the_environment_overrides_the_file() -> None:
    values = {"web": {"base_url": "https://file.example.org", "site_name": "File"}}
    config = parse(values, {"DIGEST_WEB__BASE_URL": "https://here.example.org", "PATH": "/bin", "DIGEST_CONFIG": "x"})
    assert (config.web.base_url, config.web.site_name) == ("https://here.example.org", "File")
    assert values["web"]["base_url"] == "https://file.example.org"


def test_numbers_and_truths_are_read_from_the_environment() -> None:
    environment = {"DIGEST_SMTP__PORT": "2525", "DIGEST_SOURCES__HUGGINGFACE__ENABLED": "false"}
    config = parse(environment=environment)
    assert config.mail.smtp.port == 2525
    assert config.sources.huggingface.enabled is False


@pytest.mark.parametrize(
    ("written", "hosts"),
    [
        ("a.org", ("a.org",)),
        ("a.org,b.org:8080", ("a.org", "b.org:8080")),
        (" [::1]:8080 , 10.0.0.5 ", ("[::1]:8080", "10.0.0.5")),
        ("", ()),
    ],
)
def test_lists_are_read_from_the_environment_with_commas_between(written: str, hosts: tuple[str, ...]) -> None:
    file = {"http": {"allow_hosts": ["file.example.org"]}}
    assert parse(file, {"DIGEST_HTTP__ALLOW_HOSTS": written}).http.allow_hosts == hosts


def test_every_list_of_names_may_be_written_with_commas() -> None:
    environment = {
        "DIGEST_SOURCES__ARXIV__CATEGORIES": "cs.CL, math.CO",
        "DIGEST_SOURCES__HUGGINGFACE__LISTS": "day,trending",
    }
    config = parse(newsletter(sources="arxiv, huggingface"), environment)
    assert config.sources.huggingface.lists == ("day", "trending")
    assert config.sources.arxiv.categories == ("cs.CL", "math.CO")
    assert config.newsletter[0].sources == ("arxiv", "huggingface")


def test_a_mailer_is_named_without_its_mail_or_with_it() -> None:
    for name in ("DIGEST_SMTP__PASSWORD", "DIGEST_MAIL__SMTP__PASSWORD"):
        assert parse(environment={name: SECRET}).mail.smtp.password.get_secret_value() == SECRET
    assert parse(environment={"DIGEST_OUTBOX__PATH": "elsewhere"}).mail.outbox.path == Path("elsewhere")
    assert parse(environment={"DIGEST_MAILGUN__DOMAIN": "x.org"}).mail.mailgun.domain == "x.org"


def test_a_value_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n")
    config = parse(environment={"DIGEST_SMTP__PASSWORD_FILE": str(tmp_path / "password")})
    assert config.mail.smtp.password.get_secret_value() == SECRET


def test_a_key_that_is_called_file_is_not_read_as_one(tmp_path: Path) -> None:
    assert parse(environment={"DIGEST_KEYS__FILE": "elsewhere/keys"}).keys.file == Path("elsewhere/keys")
    (tmp_path / "where").write_text("elsewhere/keys\n")
    assert parse(environment={"DIGEST_KEYS__FILE_FILE": str(tmp_path / "where")}).keys.file == Path("elsewhere/keys")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named_by_its_variable(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "password").write_bytes(content)
    assert "DIGEST_SMTP__PASSWORD_FILE" in refused(
        environment={"DIGEST_SMTP__PASSWORD_FILE": str(tmp_path / "password")}
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"mail": {"budget": {"warm_up": 3}}}, "warm_up: is a section; write its keys under [mail.budget.warm_up]"),
        ({"sources": 3}, "sources: is a section; write its keys under [sources]"),
        ({"newsletter": ["a"]}, "newsletter 1: is a section; write its keys under [[newsletter]]"),
        ({"newsletter": 3}, "newsletter: is a list of sections; write the keys of each under [[newsletter]]"),
        (
            {"mail": {"budget": {"domains": {"mail": {"example": {"org": {"per_day": 3}}}}}}},
            'mail.budget.domains: has a domain without quotes; write "mail.example.org"',
        ),
    ],
)
def test_how_sections_and_domains_are_written_is_said(values: dict[str, Any], said: str) -> None:
    told = refused(values)
    assert said in told
    assert len(told.splitlines()) == 2


def test_one_of_several_newsletters_is_named_by_its_slug_and_else_by_its_place() -> None:
    said = refused({"newsletter": [{"slug": "daily"}, {"slug": "weekly", "hour": 24}, {"hour": 25}]})
    assert [line.partition(":")[0] for line in said.splitlines()[1:]] == [
        '  newsletter "weekly", hour',
        "  newsletter 3, hour",
    ]


def test_newsletters_of_one_slug_are_told_apart_by_their_places() -> None:
    said = refused({"newsletter": [{"slug": "daily"}, {"slug": "weekly", "hour": 24}, {"slug": "weekly", "hour": 25}]})
    assert [line.partition(":")[0] for line in said.splitlines()[1:]] == [
        "  newsletter 2, hour",
        "  newsletter 3, hour",
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"web": {"base-url": "x"}}, "web.base-url: is not a key; did you mean base_url?"),
        ({"newsletters": []}, "newsletters: is not a key; did you mean newsletter?"),
        (newsletter(slug="a", tilte="A"), 'newsletter "a", tilte: is not a key; did you mean title?'),
        ({"sources": {"feed": {"blog": {"ulr": "x"}}}}, "sources.feed.blog.ulr: is not a key; did you mean url?"),
        ({"mail": {"budget": {"warm_up": {"growht": 2}}}}, "growht: is not a key; did you mean growth?"),
        ({"nonsense": {}}, "nonsense: is not a key; mend or remove it"),
        ({"foldr": "x"}, "foldr: is not a key; mend or remove it"),
    ],
)
def test_a_key_that_is_nearly_right_is_told_the_right_one(values: dict[str, Any], said: str) -> None:
    assert f"{said} (config.example.toml lists them all)" in refused(values)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"DIGEST_WEB__BASE": "x"}, "DIGEST_WEB__BASE: names no key"),
        ({"DIGEST_SMTP__PASSWORT": "x"}, "DIGEST_SMTP__PASSWORT: names no key; did you mean PASSWORD? ("),
        ({"DIGEST_SMTP__PASSWORT_FILE": __file__}, "DIGEST_SMTP__PASSWORT_FILE: names no key"),
        ({"DIGEST_SMPT__PASSWORD": "x"}, "DIGEST_SMPT__PASSWORD: names no key; did you mean SMTP? ("),
        ({"DIGEST_MAIL__SMPT__PASSWORD": "x"}, "DIGEST_MAIL__SMPT__PASSWORD: names no key; did you mean SMTP? ("),
        ({"DIGEST_NEWSLETTERS__TITLE": "x"}, "DIGEST_NEWSLETTERS__TITLE: names no key; mend its name or unset it ("),
        ({"DIGEST_MAIL__DKIM__KEY": "x"}, "DIGEST_MAIL__DKIM__KEY: names no key; mend its name or unset it ("),
        ({"DIGEST_NONSENSE": "x"}, "DIGEST_NONSENSE: names no key"),
        ({"DIGEST_NONSENSE__MORE": "x"}, "DIGEST_NONSENSE__MORE: names no key"),
        ({"DIGEST_FOLDER": "x"}, "DIGEST_FOLDER: names no key"),
        ({"DIGEST_WEB": "x"}, "web"),
        ({"DIGEST_WEB": "x", "DIGEST_WEB__BASE_URL": "https://x.org"}, "DIGEST_WEB__BASE_URL"),
        ({"DIGEST_NEWSLETTER__TITLE": "x"}, "newsletter"),
        ({"DIGEST_SMTP__PORT": "many"}, "mail.smtp.port"),
        ({"DIGEST_HTTP__ALLOW_HOSTS": "a.org,"}, "http.allow_hosts 2: is not a host"),
        ({"DIGEST_HTTP__ALLOW_HOSTS": '["a.org"]'}, "http.allow_hosts 1: is not a host"),
        ({"DIGEST_SOURCES__ARXIV__CATEGORIES": ""}, "sources.arxiv.categories: "),
        ({"DIGEST_SOURCES__ARXIV__CATEGORIES": "cs.CL cs.LG"}, "sources.arxiv.categories 1: is not a category"),
        ({"DIGEST_": "x"}, "DIGEST_: names no key"),
    ],
)
def test_a_wrong_variable_is_named(environment: dict[str, str], said: str) -> None:
    assert said in refused(environment=environment)


# Secrets.


@pytest.mark.parametrize(
    "values",
    [
        {"mail": {"smtp": {"password": [SECRET]}}},
        {"mail": {"smtp": {"passwort": SECRET}}},
        {"mail": {"smtp": {"password": SECRET, "port": 0}}},
        {"mail": {"mailgun": {"api_key": {"key": SECRET}}}},
        {"mail": {"smtp": SECRET}},
        {"summary": {"api_key": f"{SECRET}\n"}},
        {"mail": {"provider": "smtp", "smtp": {"password": SECRET}}},
    ],
)
def test_what_is_refused_is_not_repeated(values: dict[str, Any]) -> None:
    assert SECRET not in refused(values)


def test_a_configuration_does_not_show_its_secrets() -> None:
    config = parse(
        {"mail": {"smtp": {"password": SECRET}, "mailgun": {"api_key": SECRET}}, "summary": {"api_key": SECRET}}
    )
    assert SECRET not in f"{config!r} {config} {config.mail.smtp.password} {config.model_dump_json()}"


# Files.


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no .*absent\.toml\. Run `digest init`"):
        load_config(tmp_path / "absent.toml", environment={})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path, environment={})


@pytest.mark.parametrize(("content", "said"), [(b"[web\n", "is not TOML: .*line 1"), (b"\xff", "cannot be read")])
def test_a_file_that_is_no_configuration_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"config\.toml {said}"):
        load_config(tmp_path / "config.toml", environment={})


def test_relative_paths_start_in_the_file_s_folder(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    assert load_config(tmp_path / "config.toml", environment={}).folder == tmp_path.resolve()


# The example: every key, with its default.

FEED = "sources.feed.biorxiv"
DKIM = "mail.dkim.keys"
WRITTEN_IN_LINE = (
    *(f"domains.gmail.com.{key}" for key in BudgetOf.model_fields),
    *(f"warm_up.{key}" for key in WarmUpSection.model_fields),
)
OPTIONAL = {
    "templates.folder",
    "newsletter.reply_to",
    *(f"mail.smtp.{key}" for key in ("host", "port", "tls", "connections", "envelope")),  # a preset's to fill in
    *(f"mail.{section}.{key}" for section in ("smtp", "mailgun", "budget") for key in ("per_second", "per_day")),
    *(f"mail.budget.{key}" for key in WRITTEN_IN_LINE),
    *(f"{FEED}.{key}" for key in FeedSection.model_fields),
    *(f"{DKIM}.{key}" for key in DkimKey.model_fields),
}


def test_the_example_is_the_defaults_key_by_key() -> None:
    example = load_config(EXAMPLE, environment={})
    assert example == parse_config({}, folder=EXAMPLE.parent)


def test_the_example_lists_every_key_and_no_other() -> None:
    written = tomllib.loads(EXAMPLE.read_text())
    assert set(_written(written)) == set(_keys(Config)) - OPTIONAL


def test_the_example_shows_the_keys_that_have_no_default_as_comments() -> None:
    shown = re.sub(r"^# (?=[\w.\"]+ = |\[)", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    assert set(_written(tomllib.loads(shown))) == set(_keys(Config))


def _written(values: Mapping[str, Any], path: str = "") -> list[str]:
    found = []
    for key, value in values.items():
        inner = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
        found += _written(inner, f"{path}{key}.") if isinstance(inner, dict) else [f"{path}{key}"]
    return found


def _keys(section: type[BaseModel], path: str = "") -> list[str]:
    found = []
    for name, field in section.model_fields.items():
        if f"{path}{name}" == "sources.feed":  # sections that the operator names
            found += _keys(FeedSection, f"{FEED}.")
            continue
        if f"{path}{name}" == DKIM:  # none by default
            found += _keys(DkimKey, f"{DKIM}.")
            continue
        if f"{path}{name}" in {"mail.budget.domains", "mail.budget.warm_up"}:  # none by default
            found += [f"mail.budget.{key}" for key in WRITTEN_IN_LINE if key.startswith(name)]
            continue
        default = field.default[0] if isinstance(field.default, tuple) and field.default else field.default
        inner = isinstance(default, BaseModel)
        found += _keys(type(default), f"{path}{name}.") if inner else [f"{path}{name}"]
    return [key for key in found if key != "folder"]


@pytest.mark.parametrize("proxy", ["proxy.example.org", "10.0.0.0/99", ""])
def test_a_trusted_proxy_is_an_ip_address_or_a_network(proxy: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"web.trusted_proxies 1: is not an IP address or network; write one such as"):
        parse_config({"web": {"trusted_proxies": [proxy]}}, folder=tmp_path)


def test_a_preset_fills_in_what_is_not_written() -> None:
    smtp = parse({"mail": {"smtp": {"preset": "office365", "connections": 1}}}).mail.smtp
    assert (smtp.host, smtp.port, smtp.tls) == ("smtp.office365.com", 587, "starttls")
    assert (smtp.connections, smtp.envelope) == (1, "fixed")


def test_every_preset_is_a_configuration_that_can_send_and_is_documented() -> None:
    documented = (ROOT / "docs" / "providers.md").read_text()
    for name, preset in PRESETS.items():
        own = {"username": "ada@example.org", "password": SECRET} if preset.signs_in else {}
        smtp = parse({"mail": {"provider": "smtp", "smtp": {"preset": name} | own}}).mail.smtp
        assert smtp.host == preset.host
        caps = [f"{cap:,}" if cap else "" for cap in (preset.per_minute, preset.per_day)]
        cells = [
            f"`{name}`",
            preset.host,
            str(preset.port),
            preset.tls,
            str(preset.connections),
            preset.envelope,
            *caps,
        ]
        assert f"| {' | '.join(cells)} |".replace("  ", " ") in documented


@pytest.mark.parametrize(
    ("smtp", "said"),
    [
        ({}, 'mail.smtp.username: is needed for preset = "gmail"; it is the mailbox that sends'),
        (
            {"username": "ada@example.org"},
            "mail.smtp.password: is needed where there is a username; set DIGEST_SMTP__PASSWORD, or use"
            " [mail.smtp.oauth]",
        ),
        (
            {"preset": "", "host": "mail.example.org", "username": "ada@example.org"},
            "mail.smtp.password: is needed where there is a username; set DIGEST_SMTP__PASSWORD, or use"
            " [mail.smtp.oauth]",
        ),
        (
            {"username": "ada@example.org", "oauth": {"client_id": "a", "refresh_token": SECRET}},
            "mail.smtp.oauth: url is needed where other keys are set; it is where access tokens are given",
        ),
    ],
)
def test_a_mailbox_that_cannot_be_signed_in_to_is_told_before_anything_is_sent(smtp: dict[str, Any], said: str) -> None:
    told = refused({"mail": {"provider": "smtp", "smtp": {"preset": "gmail"} | smtp}})
    assert told.splitlines()[1:] == [f"  {said}"]


@pytest.mark.parametrize(
    "smtp",
    [
        {"preset": "office365", "host": "example-org.mail.protection.outlook.com", "port": 25},
        {"preset": "gmail", "host": "127.0.0.1", "tls": "none"},
    ],
)
def test_a_preset_asks_for_no_sign_in_at_another_host_than_its_own(smtp: dict[str, Any]) -> None:
    assert parse({"mail": {"provider": "smtp", "smtp": smtp}}).mail.smtp.username == ""
