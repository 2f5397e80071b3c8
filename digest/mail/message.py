"""Headers, parts and encoding: a message as bytes, the same bytes for the same input.

RFC 5322 and 2045 to 2047 for the form, RFC 2369, 2919 and 8058 for the list headers. Headers that
hold texts, addresses or links are folded here: the standard library's folding breaks links from their
header's first line, reads a literal `=?` as an encoded word, and has lost quotes around names.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, parseaddr
from functools import lru_cache
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who a message is from. `mailbox` is `Name <address>`; replies go to `reply_to`."""

    mailbox: str
    reply_to: str | None = None

    @property
    def address(self) -> str:
        """The sender's bare address, as it goes over the wire."""
        return _address_in(self.mailbox)

    @property
    def domain(self) -> str:
        """The sender's domain, as it goes over the wire."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingList:
    """The list that an edition's messages belong to."""

    list_id: str
    title: str
    archive_url: str
    help_url: str
    feedback_id: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListHeaders:
    """What makes an edition a list's message: which list it is, and where to leave, or what to write for that."""

    mailing_list: MailingList
    unsubscribe_url: str
    unsubscribe_token: str


# Each is asked for twice in a row: for the envelope and for the header.
@lru_cache(maxsize=64)
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
    text: Sequence[bytes],
    html: Sequence[bytes],
    token: str,
    dated_at: datetime,
    list_headers: ListHeaders | None,
) -> bytes:
    """A multipart/alternative message with CRLF line ends and nothing 8-bit, ready for SMTP DATA.

    `text` and `html` are pieces of quoted-printable. `token` is the delivery's signed one: the Message-ID and the
    boundary carry it, so the same delivery gives the same bytes. Raises RenderingError where a header would
    hold a line break, or an address cannot be written.
    """
    # No line of quoted-printable can be it: there an = is followed by a figure, a letter or the line's end.
    boundary = f"=_{token}"
    head = (
        f"From: {_mailbox('From', sender.mailbox)}\r\nTo: {wire_address(recipient)}\r\n"
        f"Subject: {_text('Subject', subject)}\r\nDate: {_date(dated_at)}\r\nMessage-ID: <{token}@{sender.domain}>\r\n"
        f"{_reply_to(sender.reply_to)}Auto-Submitted: auto-generated\r\n"
        f"{_list_fields(list_headers, sender)}MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n--{boundary}\r\n{_PART["plain"]}'
    )
    between, end = f"\r\n--{boundary}\r\n{_PART['html']}", f"\r\n--{boundary}--\r\n"
    return b"".join([head.encode(), *text, _end_of(text), between.encode(), *html, _end_of(html), end.encode()])


_PART = {
    kind: f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    for kind in ("plain", "html")
}


def _end_of(part: Sequence[bytes]) -> bytes:
    """What follows a part, so that its last line has an end; the line end before a boundary belongs to the boundary."""
    for piece in reversed(part):
        if piece:
            return b"\r\n" if piece.endswith(b"=\r\n") else b""
    return b""


@lru_cache(maxsize=64)
def _date(dated_at: datetime) -> str:
    return format_datetime(dated_at)


def _reply_to(mailbox: str | None) -> str:
    return f"Reply-To: {_mailbox('Reply-To', mailbox)}\r\n" if mailbox else ""


def _list_fields(headers: ListHeaders | None, sender: Sender) -> str:
    if headers is None:
        return ""
    address, token = _quoted_address(sender.reply_to or sender.mailbox), headers.unsubscribe_token
    link = _link("List-Unsubscribe", headers.unsubscribe_url)
    mailto = _link("List-Unsubscribe", f"mailto:{address}?subject=unsubscribe%20{token}")
    return f"List-Unsubscribe: {link},{_FOLD}{mailto}\r\n{_identity(headers.mailing_list)}"


@lru_cache(maxsize=64)
def _quoted_address(mailbox: str) -> str:
    return quote(_address_in(mailbox), safe="@+")


@lru_cache(maxsize=64)
def _identity(known: MailingList) -> str:
    return (
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        f"List-Id: {_named('List-Id', known.title, _plain('List-Id', known.list_id))}\r\n"
        f"List-Help: {_link('List-Help', known.help_url)}\r\n"
        f"List-Archive: {_link('List-Archive', known.archive_url)}\r\n"
        "List-Post: NO\r\n"
        f"Feedback-ID: {_plain('Feedback-ID', ':'.join(known.feedback_id))}\r\n"
        "Precedence: bulk\r\n"
    )


def _parsed(mailbox: str) -> tuple[str, str]:
    """Name and address; what stands behind a line break inside of quotes is not taken for an address."""
    return parseaddr(_one_line(mailbox, "sender"))


@lru_cache(maxsize=64)
def _address_in(mailbox: str) -> str:
    return wire_address(_parsed(mailbox)[1])


@lru_cache(maxsize=64)
def _mailbox(header: str, mailbox: str) -> str:
    return _named(header, _parsed(mailbox)[0], _address_in(mailbox))


def _named(header: str, name: str, identity: str) -> str:
    """`name <identity>`, the name quoted where it has to be."""
    if not name:
        return f"<{identity}>"
    plain = _ATOMS.fullmatch(name) or not name.isascii() or "=?" in name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    phrase = _text(header, name if plain else f'"{escaped}"')
    fits = len(header) + len(phrase) + len(identity) + len(":  <>") <= LINE and _FOLD not in phrase
    return f"{phrase}{' ' if fits else _FOLD}<{identity}>"


@lru_cache(maxsize=1024)
def _text(header: str, value: str) -> str:
    """A text, folded between its words, or as encoded words (RFC 2047) where it cannot stand as it is."""
    _one_line(value, header)
    plain = value.isascii() and "=?" not in value and all(len(word) <= _LONGEST_WORD for word in value.split(" "))
    if not plain:
        return Header(value, "utf-8", maxlinelen=75, header_name=header).encode(linesep="\r\n")
    lines = textwrap.wrap(
        value, LINE - 1, initial_indent=" " * len(f"{header}:"), break_long_words=False, break_on_hyphens=False
    )
    return _FOLD.join(lines).strip()


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
