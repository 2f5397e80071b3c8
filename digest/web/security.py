"""What every answer carries, and how much a request may."""

from fastapi import FastAPI
from starlette.datastructures import FormData, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.web.pages import READ

BODY_BYTES = 128 * 1024
"""A pasted library fits, and no field of it is longer than the reading of commas takes."""

MOST_FIELDS = 500

_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'"
STRICT = f"{_POLICY}; frame-ancestors 'none'"
FRAMING = f"{_POLICY}; frame-src 'self'; frame-ancestors 'none'"
"""For a page that shows a message in a frame."""

SANDBOX = "allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
"""What a message may do: have its links followed."""


def message_policy(*, framed: bool) -> str:
    """For a message, whose styles stand in it: nothing is loaded, run or sent from there."""
    ancestors = "'self'" if framed else "'none'"
    return (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none';"
        f" frame-ancestors {ancestors}; sandbox {SANDBOX}"
    )


ALWAYS = {
    "Content-Security-Policy": STRICT,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PRIVATE = {"Cache-Control": "no-store, private", "X-Robots-Tag": "noindex"}
"""For what belongs to one reader: pages behind a token, and answers to what somebody sent."""

PRIVATE_PATHS = (
    *("/confirm/", "/move/", "/unsubscribe/", "/preferences/", "/feedback/", "/view/", "/feed/private/"),
    "/outbox/",
)
"""Pages behind a token, and the demo's outbox."""


def guard(site: FastAPI) -> None:
    """Put the headers on every answer and the limit on every request."""
    site.add_middleware(RequestBodyLimitMiddleware, max_body_size=BODY_BYTES)
    site.add_middleware(_OneEnd)
    site.add_middleware(_Headers)


async def posted(request: Request) -> FormData:
    """The fields that were sent, urlencoded or multipart.

    Raises HTTPException 400 for damage, for a file, and where whoever sent them left half-way.
    """
    try:
        return await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=BODY_BYTES)
    except ClientDisconnect as error:
        raise HTTPException(400) from error


async def posted_or_nothing(request: Request) -> FormData:
    """The fields that were sent; none where they cannot be read."""
    try:
        return await posted(request)
    except HTTPException as error:
        if error.status_code != 400:
            raise
        return FormData()


class _OneEnd:
    """Refuses a request that tells two ends of its body, and hangs up: a proxy may go by the other (RFC 9112, 6.3)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope.get("headers", ())}:
            app = PlainTextResponse("Two lengths.", status_code=400, headers={"Connection": "close"})
        await app(scope, receive, send)


class _Headers:
    """Adds the headers that an answer does not have yet."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_private = scope["method"] not in READ or scope["path"].startswith(PRIVATE_PATHS)
        missing = ALWAYS | (PRIVATE if is_private else {"Cache-Control": "no-cache"})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in missing.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)
