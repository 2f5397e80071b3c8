"""What is not a page: the stylesheet, the robots' file."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from starlette.requests import Request

from digest.web.pages import READ, Pages
from digest.web.security import PRIVATE_PATHS

ROBOTS = "".join(["User-agent: *\n", *(f"Disallow: {path}\n" for path in (*PRIVATE_PATHS, "/search"))])
"""A robot finds every paper in the lists; searching for whatever links name would only cost."""


def router(pages: Pages) -> APIRouter:
    """`/style.css`, `/robots.txt`."""
    tag = f'"{pages.stylesheet_version}"'
    kept = {"ETag": tag, "Cache-Control": "public, max-age=86400"}

    def style(request: Request) -> Response:
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=kept)
        return Response(pages.stylesheet, media_type="text/css", headers=kept)

    def robots() -> Response:
        return PlainTextResponse(ROBOTS)

    routes = APIRouter()
    routes.add_api_route("/style.css", style, methods=READ)
    routes.add_api_route("/robots.txt", robots, methods=READ)
    return routes
