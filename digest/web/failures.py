"""The pages for what goes wrong. None repeats anything that was asked for."""

from fastapi import FastAPI, HTTPException
from fastapi.responses import Response
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.requests import Request

from digest.errors import InputError, StoreError
from digest.web import security
from digest.web.pages import Link, Pages

_WORDS = {
    400: ("That cannot be read", "What was sent is damaged. Go back and send it again."),
    404: ("No such page", "There is nothing at this address, or not any more."),
    405: ("Not in this way", "There is something at this address, but it cannot be used like that."),
    410: ("Kept no longer", "This was here once. Editions are kept for a time only, and the archive for good."),
    413: ("Too much at once", "More was sent than any form here needs. Send less."),
}
_OTHERWISE = ("That does not work", "The request was not understood. Go back and try it another way.")
_TRENDING = Link(text="What is trending", path="/trending", quiet=True)


def add_pages(site: FastAPI, pages: Pages) -> None:
    """Answer every failure with a page of ours."""

    def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, AnyHTTPException)
        heading, lede = _WORDS.get(error.status_code, _OTHERWISE)
        return pages.notice(heading, lede=lede, link=_TRENDING, status=error.status_code, headers=error.headers)

    def does_not_fit(_request: Request, error: Exception) -> Response:
        return pages.notice("That does not fit", lede=str(error), link=_TRENDING, status=422)

    def closed(_request: Request, _error: Exception) -> Response:
        lede = "The store behind this site cannot be used just now. Try again in a few minutes."
        return pages.notice("Closed for a moment", lede=lede, status=503, headers={"Retry-After": "120"})

    def our_fault(_request: Request, _error: Exception) -> Response:
        # This answer passes none of the site's middleware, so it brings its headers itself.
        headers = security.ALWAYS | security.PRIVATE
        lede = "Something went wrong here, and it is in the log. Try again in a few minutes."
        return pages.notice("Our fault", lede=lede, link=_TRENDING, status=500, headers=headers)

    site.add_exception_handler(AnyHTTPException, refused)
    site.add_exception_handler(InputError, does_not_fit)
    site.add_exception_handler(StoreError, closed)
    site.add_exception_handler(Exception, our_fault)


def no_such_page() -> HTTPException:
    """To be raised where an address leads to nothing."""
    return HTTPException(404)


def kept_no_longer() -> HTTPException:
    """To be raised where there was something, as the link of ours says, and its time is over."""
    return HTTPException(410)
