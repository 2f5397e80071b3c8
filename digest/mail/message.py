"""Headers, parts and encoding: a message as bytes, the same bytes for the same input.

RFC 5322 and 2045 to 2047 for the form, RFC 2369, 2919 and 8058 for the list headers.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.generator import BytesGenerator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from hashlib import sha256
from io import BytesIO
from urllib.parse import quote

from digest.errors import RenderingError

LOCAL_PART_MOST = 64
_ENCODED = SMTP.clone(cte_type="7bit", max_line_length=78)
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who a message is from. `mailbox` is `Name <address>`; replies go to `reply_to`."""

    mailbox: str
    reply_to: str | None = None

    @property
    def address(self) -> str:
        """The sender's bare address, as it goes over the wire (its domain in IDNA)."""
        return f"{parseaddr(self.mailbox)[1].rpartition('@')[0]}@{self.domain}"

    @property
    def domain(self) -> str:
        """The sender's domain, as it goes over the wire (IDNA)."""
        return parseaddr(self.mailbox)[1].rpartition("@")[2].encode("idna").decode()


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
    delivery gives the same bytes. Raises RenderingError where a header would hold a line break.
    """
    message = EmailMessage(policy=_ENCODED)
    name, address = parseaddr(sender.mailbox)
    message["From"] = _mailbox(name, address)
    message["To"] = _mailbox("", recipient)
    message["Subject"] = _one_line(subject, "Subject")
    message["Date"] = dated_at
    message["Message-ID"] = f"<{token}@{sender.domain}>"
    if sender.reply_to:
        message["Reply-To"] = _mailbox(*parseaddr(sender.reply_to))
    message["Auto-Submitted"] = "auto-generated"
    if list_headers is not None:
        _add_list_headers(message, list_headers, sender)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{sha256(token.encode()).hexdigest()[:32]}")
    return _flattened(message)


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(_one_line(name, "name"), local, domain.encode("idna").decode())


def _one_line(value: str, where: str) -> str:
    if _FORBIDDEN.search(value):
        raise RenderingError(f"A message's {where} holds a line break or a control character. Mend its template.")
    return value


def _add_list_headers(message: EmailMessage, headers: ListHeaders, sender: Sender) -> None:
    mailbox = parseaddr(sender.reply_to or sender.mailbox)[1]
    mailto = f"mailto:{quote(mailbox, safe='@+')}?subject={quote(headers.unsubscribe_subject)}"
    message["List-Unsubscribe"] = f"<{headers.unsubscribe_url}>, <{mailto}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["List-Id"] = f"{headers.title} <{headers.list_id}>"
    message["List-Help"] = f"<{headers.help_url}>"
    message["List-Archive"] = f"<{headers.archive_url}>"
    message["List-Post"] = "NO"
    message["Feedback-ID"] = ":".join(headers.feedback_id)
    message["Precedence"] = "bulk"


def _flattened(message: EmailMessage) -> bytes:
    buffer = BytesIO()
    BytesGenerator(buffer, mangle_from_=False, policy=_ENCODED).flatten(message)
    return buffer.getvalue()
