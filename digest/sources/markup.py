"""HTML as feeds hold it -> plain text."""

import re

from lxml import etree, html

_BLOCKS = frozenset(
    "address article blockquote br div dd dl dt figure h1 h2 h3 h4 h5 h6 hr li ol p pre section table td tr ul".split()
)
# What XML does not allow, lxml refuses to set as a text.
_UNLAWFUL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_UNSEEN = ("script", "style", "template", "noscript", "iframe", "object", "svg", "head", "title", "textarea")


def plain_text(markup: str) -> str:
    """The text that a browser would show, its blocks on lines of their own; no tag, comment or script is left."""
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(_UNLAWFUL.sub("", markup).encode("utf-8", "ignore"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return ""
    for element in root.iter(*_UNSEEN):
        element.text = ""
        for child in list(element):
            element.remove(child)
    for element in root.iter(*_BLOCKS):
        element.tail = "\n" + _UNLAWFUL.sub("", element.tail or "")
    lines = (line.strip() for line in str(root.text_content()).splitlines())
    return "\n".join(line for line in lines if line)
