"""Headers, parts and encoding: a message as bytes, the same bytes for the same input.

RFC 5322 and 2045 to 2047 for the form, RFC 2369, 2919 and 8058 for the list headers. Headers that
hold texts, addresses or links are folded here: the standard library's folding breaks links from their
header's first line, reads a literal `=?` as an encoded word, and has lost quotes around names.
"""

import re
import textwrap
from dataclasses import dataclass
from datetime import datetime
from email.generator import BytesGenerator
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parseaddr
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import quote

import idna

from digest.errors import RenderingError

LOCAL_PART_MOST = 64
LINE = 78
_LONGEST_WORD = 60
_FOLD = "\r\n "
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ATOMS = re.compile(r"[\w !#$%&'*+/=?^`{|}~-]*", re.ASCII)
_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)*", re.ASCII)
_UNBROKEN = re.compile(r"[!-;=?-~]+")


class _Folded(str):
    """A header's value on the wire, its line breaks in it."""

    __slots__ = ()


class _Policy(EmailPolicy):
    """The standard library's, but that it leaves a _Folded value as it is."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        return (name, value) if isinstance(value, _Folded) else super().header_store_parse(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return f"{name}: {value}\r\n".encode() if isinstance(value, _Folded) else super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n", cte_type="7bit", max_line_length=LINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who a message is from. `mailbox` is `Name <address>`; replies go to `reply_to`."""

    mailbox: str
    reply_to: str | None = None

    @property
    def address(self) -> str:
        """The sender's bare address, as it goes over the wire."""
        return wire_address(_parsed(self.mailbox)[1])

    @property
    def domain(self) -> str:
        """The sender's domain, as it goes over the wire."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListHeaders:
    """What makes an edition a list's message: where to leave, and which list it is."""

    list_id: str
    title: str
    unsubscribe_url: str
    unsubscribe_subject: str
    archive_url: str
    help_url: str
    feedback_id: tuple[str, str, str, str]


def wire_address(address: str) -> str:
    """The address as it goes over the wire: its domain in A-labels (IDNA 2008, RFC 5891).

    Raises RenderingError for a local part that needs SMTPUTF8 (RFC 6531), and for what is no address.
    """
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise RenderingError("An address has letters before its @ that need SMTPUTF8. Use one in plain ASCII.")
    try:
        plain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise RenderingError("An address has a domain that cannot be written in IDNA. Mend the address.") from error
    if not _LOCAL_PART.fullmatch(local) or not _DOMAIN.fullmatch(plain):
        raise RenderingError("What should be an address is none. Mend it where it was entered.")
    return f"{local}@{plain}"


def envelope_sender(sender: Sender, token: str) -> str:
    """The reverse-path of one delivery (VERP): its token tells whose bounce comes back.

    The token is compared in lower case, so it survives servers that change the case of a local part.
    """
    local = f"bounce+{token}"
    assert len(local) <= LOCAL_PART_MOST
    return f"{local}@{sender.domain}"


def build_message(
    *,
    sender: Sender,
    recipient: str,
    subject: str,
    text: str,
    html: str,
    token: str,
    dated_at: datetime,
    list_headers: ListHeaders | None,
) -> bytes:
    """A multipart/alternative message with CRLF line ends and nothing 8-bit, ready for SMTP DATA.

    `token` is the delivery's signed one: the Message-ID and the boundary carry it, so the same
    delivery gives the same bytes. Raises RenderingError where a header would hold a line break, or
    an address cannot be written.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = _mailbox("From", sender.mailbox)
    message["To"] = _Folded(wire_address(recipient))
    message["Subject"] = _text("Subject", subject)
    message["Date"] = dated_at
    message["Message-ID"] = _Folded(f"<{token}@{sender.domain}>")
    if sender.reply_to:
        message["Reply-To"] = _mailbox("Reply-To", sender.reply_to)
    message["Auto-Submitted"] = "auto-generated"
    if list_headers is not None:
        _add_list_headers(message, list_headers, sender)
    _add_parts(message, text, html)
    message.set_boundary(f"=_{sha256(token.encode()).hexdigest()[:32]}")
    return _flattened(message)


def _add_parts(message: EmailMessage, text: str, html: str) -> None:
    try:
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
    except UnicodeEncodeError as error:
        raise RenderingError("A message's text holds half a character. Mend its template.") from error
    for part in message.iter_parts():
        del part["MIME-Version"]


def _add_list_headers(message: EmailMessage, headers: ListHeaders, sender: Sender) -> None:
    mailbox = wire_address(_parsed(sender.reply_to or sender.mailbox)[1])
    mailto = f"mailto:{quote(mailbox, safe='@+')}?subject={quote(headers.unsubscribe_subject)}"
    message["List-Unsubscribe"] = _Folded(f"{_link('List-Unsubscribe', headers.unsubscribe_url)},{_FOLD}<{mailto}>")
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["List-Id"] = _named("List-Id", headers.title, _plain("List-Id", headers.list_id))
    message["List-Help"] = _Folded(_link("List-Help", headers.help_url))
    message["List-Archive"] = _Folded(_link("List-Archive", headers.archive_url))
    message["List-Post"] = "NO"
    message["Feedback-ID"] = _Folded(_plain("Feedback-ID", ":".join(headers.feedback_id)))
    message["Precedence"] = "bulk"


def _parsed(mailbox: str) -> tuple[str, str]:
    """Name and address; what stands behind a line break inside of quotes is not taken for an address."""
    return parseaddr(_one_line(mailbox, "sender"))


def _mailbox(header: str, mailbox: str) -> _Folded:
    name, address = _parsed(mailbox)
    return _named(header, name, wire_address(address))


def _named(header: str, name: str, identity: str) -> _Folded:
    """`name <identity>`, the name quoted where it has to be."""
    if not name:
        return _Folded(f"<{identity}>")
    plain = _ATOMS.fullmatch(name) or not name.isascii() or "=?" in name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    phrase = _text(header, name if plain else f'"{escaped}"')
    fits = len(header) + len(phrase) + len(identity) + len(":  <>") <= LINE and _FOLD not in phrase
    return _Folded(f"{phrase}{' ' if fits else _FOLD}<{identity}>")


def _text(header: str, value: str) -> _Folded:
    """A text, folded between its words, or as encoded words (RFC 2047) where it cannot stand as it is."""
    _one_line(value, header)
    plain = value.isascii() and "=?" not in value and all(len(word) <= _LONGEST_WORD for word in value.split(" "))
    if not plain:
        return _Folded(Header(value, "utf-8", maxlinelen=75, header_name=header).encode(linesep="\r\n"))
    lines = textwrap.wrap(
        value, LINE - 1, initial_indent=" " * len(f"{header}:"), break_long_words=False, break_on_hyphens=False
    )
    return _Folded(_FOLD.join(lines).strip())


def _one_line(value: str, where: str) -> str:
    if _FORBIDDEN.search(value):
        raise RenderingError(f"A message's {where} holds a line break or a control character. Mend where it is from.")
    return value


def _link(header: str, url: str) -> str:
    return f"<{_plain(header, url)}>"


def _plain(header: str, value: str) -> str:
    if not _UNBROKEN.fullmatch(value):
        raise RenderingError(
            f"A message's {header} holds more than plain ASCII without spaces. Mend web.base_url (its host as"
            " xn--...) or the newsletter's slug."
        )
    return value


def _flattened(message: EmailMessage) -> bytes:
    buffer = BytesIO()
    BytesGenerator(buffer, mangle_from_=False, policy=_POLICY).flatten(message)
    return buffer.getvalue()
