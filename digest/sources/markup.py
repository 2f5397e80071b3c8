"""HTML as feeds hold it -> plain text."""

from lxml import etree, html

_BLOCKS = frozenset(
    "address article blockquote br div dd dl dt figure h1 h2 h3 h4 h5 h6 hr li ol p pre section table td tr ul".split()
)
_UNSEEN = ("script", "style", "template", "noscript", "iframe", "object", "svg", "head", "title", "textarea")


def plain_text(markup: str) -> str:
    """The text that a browser would show, its blocks on lines of their own; no tag, comment or script is left."""
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(markup.replace("\0", "").encode("utf-8", "ignore"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return ""
    for element in root.iter(*_UNSEEN):
        element.text = ""
        for child in list(element):
            element.remove(child)
    for element in root.iter(*_BLOCKS):
        element.tail = "\n" + (element.tail or "")
    lines = (line.strip() for line in str(root.text_content()).splitlines())
    return "\n".join(line for line in lines if line)
