"""A signature is verified by programs that are not ours, and refused as soon as anything of the message is changed."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from built import LIST, TOKEN, build
from editions import render, ten_papers
from signatures import Judge, by_the_rfc, mail_dkim, opendkim, signer

from digest.mail.dkim import Signing

RSA = ("r1",)
ED25519 = ("e1",)
JUDGED = [
    pytest.param(by_the_rfc, RSA, id="the RFC, RSA"),
    pytest.param(by_the_rfc, ED25519, id="the RFC, Ed25519"),
    pytest.param(opendkim, RSA, marks=pytest.mark.slow, id="opendkim, RSA"),
    pytest.param(opendkim, ED25519, marks=pytest.mark.slow, id="opendkim, Ed25519"),
    pytest.param(mail_dkim, RSA, marks=pytest.mark.slow, id="Mail::DKIM, RSA"),
]


def signed(content: bytes, selectors: tuple[str, ...]) -> bytes:
    named = Signing(domain="example.org", selectors=selectors)
    return signer().sign(content, named, signed_at=datetime(2026, 6, 19, 5, tzinfo=UTC))


def edition() -> bytes:
    body = render(ten_papers())
    return build(subject=body.subject, text=body.text, html=body.html)


def changed(before: bytes, after: bytes) -> Callable[[bytes], bytes]:
    def change(message: bytes) -> bytes:
        assert before in message
        return message.replace(before, after, 1)

    return change


HARMLESS = {
    "nothing": lambda message: message,
    "a header on top": lambda message: b"Received: from a by b; Fri, 19 Jun 2026 05:00:01 +0000\r\n" + message,
    "a name in capitals": changed(b"\r\nSubject: ", b"\r\nSUBJECT: "),
    "a header folded elsewhere": changed(b"\r\nList-Id: Offprint ", b"\r\nList-Id:\r\n\tOffprint  "),
    "spaces at a line's end": changed(b"quoted-printable\r\n", b"quoted-printable \t\r\n"),
    "empty lines at the end": lambda message: message + b"\r\n\r\n",
}
HARMFUL = {
    "From": changed(b"\r\nFrom: Offprint", b"\r\nFrom: Offprint, the bank"),
    "From's address": changed(b"<digest@example.org>", b"<digest@example.net>"),
    "Subject": changed(b"\r\nSubject: ", b"\r\nSubject: Re: "),
    "To": changed(b"\r\nTo: reader@", b"\r\nTo: other@"),
    "Date": changed(b"05:00:00 +0000\r\nMessage-ID", b"06:00:00 +0000\r\nMessage-ID"),
    "Message-ID": changed(TOKEN.encode(), b"1-other"),
    "List-Unsubscribe": changed(LIST.unsubscribe_url.encode(), b"https://example.net/unsubscribe"),
    "no List-Unsubscribe-Post": changed(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
    "List-Id": changed(b"<papers.example.org>", b"<other.example.org>"),
    "Feedback-ID": changed(b"edition:offprint", b"edition:other"),
    "Content-Type": changed(b"multipart/alternative", b"multipart/mixed"),
    "a second From on top": lambda message: b"From: Bank <bank@example.net>\r\n" + message,
    "a second From below": changed(b"\r\nTo: ", b"\r\nFrom: Bank <bank@example.net>\r\nTo: "),
    "a second Subject": changed(b"\r\nTo: ", b"\r\nSubject: Your account\r\nTo: "),
    "a Reply-To": changed(b"\r\nTo: ", b"\r\nReply-To: bank@example.net\r\nTo: "),
    "a letter of the body": changed(b"Spectral", b"Spektral"),
    "a link of the body": changed(
        b"https://papers.example.org/unsubscribe/12-", b"https://papers.example.net/unsubscri/12-"
    ),
    "a line more": lambda message: message + b"Send us your password.\r\n",
    "a line less": lambda message: message[: message.rindex(b"\r\n--")],
    "the signature": changed(b" b=", b" b=AAAA"),
    "when it was signed": changed(b" t=", b" t=1"),
    "no signature over": changed(b":list-unsubscribe:", b":"),
}


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in HARMLESS.items()])
@pytest.mark.parametrize(("judge", "selectors"), JUDGED)
def test_an_edition_verifies_after_what_happens_on_the_way(
    judge: Judge, selectors: tuple[str, ...], change: Callable[[bytes], bytes]
) -> None:
    assert judge(change(signed(edition(), selectors)), signer().keys)


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in HARMFUL.items()])
@pytest.mark.parametrize(("judge", "selectors"), JUDGED)
def test_an_edition_that_was_changed_is_refused(
    judge: Judge, selectors: tuple[str, ...], change: Callable[[bytes], bytes]
) -> None:
    assert not judge(change(signed(edition(), selectors)), signer().keys)


@pytest.mark.slow
def test_both_signatures_of_a_message_verify() -> None:
    assert opendkim(signed(edition(), ("r1", "e1")), signer().keys)


@pytest.mark.slow
@pytest.mark.parametrize(("judge", "selectors"), JUDGED)
@pytest.mark.parametrize(
    "content",
    [
        b"From: a@example.org\r\nSubject: no body\r\n\r\n",
        b"From: a@example.org\r\n\r\n\r\n \r\n\t\r\n",
        b"From: a@example.org\r\n\r\ntwo  spaces \t\r\n \r\n\r\n",
        b"From:\ta@example.org\r\nSubject : folded\r\n\t and   spaced \r\n\r\n.\r\n",
        b"From: a@example.org\r\nList-Help: <one>\r\nSubject: x\r\nList-Help: <two>\r\n\r\nTwo of a name.\r\n",
    ],
)
def test_a_message_of_any_shape_verifies(judge: Judge, selectors: tuple[str, ...], content: bytes) -> None:
    assert judge(signed(content, selectors), signer().keys)
