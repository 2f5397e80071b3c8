"""Templates -> pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from digest.press import Press
from digest.rendering import words
from digest.rendering.cards import figures
from digest.rendering.language import ENGLISH
from digest.rendering.site import colours
from digest.store.query import Range

READ = ["GET", "HEAD"]
"""The methods of a page that only shows something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that looks like a button: the only filled one of its page, or a quiet one."""

    text: str
    path: str
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button that posts to its page's own address, `do` being its value where it has one; filled, or quiet."""

    text: str
    value: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    title: str
    path: str


def feed_path(newsletter: str) -> str:
    """A newsletter's Atom feed."""
    return f"/feed/{newsletter}.atom"


class _Translated(BytecodeCache):
    """What templates come to in Python, for all sites that one process makes: that takes longer than to fill them."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, unless the file's text is another one by now."""
        if code := self._codes.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what is in the bucket."""
        self._codes[bucket.key] = bucket.bytecode_to_string()


_TRANSLATED = _Translated()


class Pages:
    """Fills the site's pages; the operator's template stands before the project's own, file by file."""

    def __init__(self, press: Press, *, has_outbox: bool) -> None:
        self.has_outbox = has_outbox
        self.reaches_nobody = press.provider == "outbox"
        self._environment = Environment(
            loader=FileSystemLoader([folder / "web" for folder in press.library.folders]),
            bytecode_cache=_TRANSLATED,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["figures"] = partial(figures, ENGLISH)
        self._environment.filters["number"] = ENGLISH.number
        self._environment.filters["counted"] = words.counted
        self._environment.filters["marked"] = _marked
        root = urlsplit(press.base_url).path
        self.stylesheet = self._environment.get_template("style.css").render(colours=colours(press.accent))
        self.stylesheet_version = sha256(self.stylesheet.encode()).hexdigest()[:16]
        self._environment.globals.update(
            site_name=press.site_name,
            credits=press.credits,
            base_url=press.base_url,
            root=root,
            style_url=f"{root}/style.css?v={self.stylesheet_version}",
            has_outbox=has_outbox,
            feeds=[_Feed(title=one.title, path=feed_path(slug)) for slug, one in press.newsletters.items()],
        )

    def version(self, *templates: str) -> str:
        """A hash of the texts of templates, the operator's own where there are any."""
        loader = self._environment.loader
        assert loader is not None
        texts = [loader.get_source(self._environment, name)[0] for name in templates]
        return sha256("\0".join(texts).encode()).hexdigest()[:16]

    def show(
        self,
        template: str,
        *,
        heading: str,
        here: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> HTMLResponse:
        """A page; `here` is the path under which the navigation knows it."""
        text = self._environment.get_template(template).render(heading=heading, here=here, **values)
        return HTMLResponse(text, status_code=status, headers=headers)

    def notice(
        self,
        heading: str,
        *,
        lede: str = "",
        done: str = "",
        word: str = "Done.",
        button: Button | None = None,
        instead: tuple[str, Sequence[Button]] | None = None,
        link: Link | None = None,
        more: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """A page that says one thing, or asks one; `instead` are other answers, under a heading of their own."""
        return self.show(
            "notice.html",
            heading=heading,
            lede=lede,
            done=done,
            word=word,
            button=button,
            instead=instead,
            link=link,
            more=more,
            status=status,
            headers=headers,
        )


def _marked(text: str, marks: Sequence[Range]) -> Markup:
    """A text as HTML, with marks over the parts of it that were searched for."""
    pieces, position = [Markup()], 0
    for start, end in marks:
        pieces += [escape(text[position:start]), Markup("<mark>"), escape(text[start:end]), Markup("</mark>")]
        position = end
    return Markup().join([*pieces, escape(text[position:])])
