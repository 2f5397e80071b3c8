"""What a single value of the configuration must be; a ValueError says what would be right."""

import re
from email.utils import getaddresses
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from digest.due import known_zones
from digest.errors import InputError
from digest.locator import domain, feed_url, host, site_url
from digest.taxonomy import CATEGORIES

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[\w.-]+")


def known_zone(name: str) -> str:
    """The name, if there is a time zone of it."""
    if name not in known_zones():
        raise ValueError("is not a time zone; write an IANA name such as Europe/Paris")
    return name


def mailbox(text: str) -> str:
    """The text, if it is one mailbox."""
    # One mailbox and nothing behind it: a name with a comma, unquoted, is read as two.
    [(_, address), *others] = getaddresses([text])
    if others or not text.isprintable() or not _ADDRESS.fullmatch(address):
        raise ValueError("is not a sender; write Name <address@example.org>, a name with commas in quotes")
    return text


def one_line(text: str) -> str:
    """The text, if a header can hold it: one with a line break would make every message fail."""
    if _CONTROL.search(text):
        raise ValueError("holds a line break or a control character; write it on one line")
    return text


def known_category(name: str) -> str:
    """The name, if arXiv has a category of it."""
    if name not in CATEGORIES:
        raise ValueError("is not a category of arXiv; write one such as cs.CL (https://arxiv.org/category_taxonomy)")
    return name


def listed(value: Any) -> Any:
    """The value as a list; the environment knows texts alone, and no item of any list here has a comma in it."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")] if value.strip() else []
    if isinstance(value, list | tuple):
        return value
    raise ValueError('is not a list; write ["one", "another"], or in the environment one,another')


def listens(text: str) -> str:
    """The text, if it is a host and a port."""
    try:
        site_url(f"http://{text}")
        is_whole = re.fullmatch(r"(?:[^:\s/]+|\[[0-9a-f:]+\]):\d{1,5}", text)
    except ValueError:
        is_whole = None
    if not is_whole:
        raise ValueError("is not an address to listen on; write HOST:PORT, such as 127.0.0.1:8000")
    return text


def quoted(domains: Any) -> Any:
    """What is said of domains, if each stands in quotes: without, a dot leads from a section to one inside of it."""
    for name, told in domains.items() if isinstance(domains, dict) else ():
        names = [name]
        while isinstance(told, dict) and len(told) == 1 and isinstance(inner := next(iter(told.values())), dict):
            names.append(next(iter(told)))
            told = inner
        if len(names) > 1:
            raise ValueError(f'has a domain without quotes; write "{".".join(names)}"')
    return domains


def slug(text: str) -> str:
    """The text, if it can stand in an address."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", text):
        raise ValueError("is not a name for addresses; write up to 40 of a-z, 0-9 and -")
    return text


def colour(text: str) -> str:
    """The text, if it is `#rrggbb`."""
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", text):
        raise ValueError("is not a colour; write #rrggbb, such as #0D586E")
    return text


def selector(text: str) -> str:
    """The text, if DKIM can have a selector of it."""
    if not re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(?<!-)", text):
        raise ValueError("is not a selector; write up to 63 of a-z, 0-9 and -, such as offprint1")
    return text


def optional_domain(text: str) -> str:
    """The domain, or nothing."""
    return domain(text) if text else text


def optional_address(text: str) -> str:
    """The address, or nothing."""
    from digest.address import parse_address  # not needed where none is named, and it takes its time

    try:
        return parse_address(text).text if text else text
    except InputError as error:
        raise ValueError("is not a plain address; write one such as operator@example.org") from error


def optional_site(text: str) -> str:
    """The site's address, or nothing."""
    return site_url(text) if text else text


def token(secret: SecretStr) -> SecretStr:
    """The secret, if a header can hold it."""
    if not re.fullmatch(r"[!-~]*", secret.get_secret_value()):
        raise ValueError("holds what no header can; write the key as it was given, all in ASCII")
    return secret


Zone = Annotated[str, AfterValidator(known_zone)]
Mailbox = Annotated[str, AfterValidator(mailbox)]
Name = Annotated[str, AfterValidator(one_line)]
BaseUrl = Annotated[str, AfterValidator(site_url)]
SourceUrl = Annotated[str, AfterValidator(feed_url)]
Host = Annotated[str, AfterValidator(host)]
Listen = Annotated[str, AfterValidator(listens)]
Colour = Annotated[str, AfterValidator(colour)]
Slug = Annotated[str, AfterValidator(slug)]
Selector = Annotated[str, AfterValidator(selector)]
Domain = Annotated[str, AfterValidator(domain)]
OptionalDomain = Annotated[str, AfterValidator(optional_domain)]
OptionalAddress = Annotated[str, AfterValidator(optional_address)]
OptionalSite = Annotated[str, AfterValidator(optional_site)]
Token = Annotated[SecretStr, AfterValidator(token)]
Category = Annotated[str, AfterValidator(known_category)]
Listed = BeforeValidator(listed)
Quoted = BeforeValidator(quoted)
LookBack = Annotated[int, Field(ge=1, le=62)]
