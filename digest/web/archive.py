"""The archive: every edition as it was for all its readers."""

import re
from collections.abc import Mapping
from datetime import date, timedelta

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from digest.app import App
from digest.errors import InputError
from digest.rendering.language import ENGLISH
from digest.store.editions import editions_beside, editions_printed
from digest.web.failures import no_such_page
from digest.web.pages import READ, Pages
from digest.web.paging import Way
from digest.web.printed import archive_path, public_edition
from digest.web.written import date_in

LAST = date.max


def router(app: App, pages: Pages) -> APIRouter:
    """`/archive/` and `/archive/NEWSLETTER/DATE`."""
    titles = {slug: newsletter.title for slug, newsletter in app.press.newsletters.items()}

    def index(request: Request) -> Response:
        slugs = list(titles)
        with app.store.reading() as connection:
            month = _month(request.query_params)
            if month is None:
                newest, _ = editions_beside(connection, slugs, since=LAST, until=LAST)
                month = (newest or date.min).replace(day=1)
            last = _last_day(month)
            printed = editions_printed(connection, slugs, since=month, until=last)
            found = [one for each in printed if (one := public_edition(connection, each)) is not None]
            before, after = editions_beside(connection, slugs, since=month, until=last)
        return pages.show(
            "archive.html",
            heading="Archive",
            here="/archive/",
            month=ENGLISH.month_and_year(month),
            editions=[(ENGLISH.list_date(one.printed.due_on), titles[one.printed.newsletter], one) for one in found],
            names_newsletters=len(titles) > 1,
            earlier=_way_to(before),
            later=_way_to(after),
        )

    def show(newsletter: str, day: str) -> Response:
        if newsletter not in titles:
            raise no_such_page()
        due_on = _day(day)
        with app.store.reading() as connection:
            printed = editions_printed(connection, [newsletter], since=due_on, until=due_on)
            edition = public_edition(connection, printed[0]) if printed else None
            if edition is None:
                raise no_such_page()
            papers = edition.papers(connection)
            before, after = editions_beside(connection, [newsletter], since=due_on, until=due_on)
        return pages.show(
            "edition.html",
            heading=f"{titles[newsletter]}: {edition.name}",
            here="/archive/",
            edition=edition,
            papers=papers,
            has_generated=any(one.card.summary_is_generated for one in papers),
            earlier=before and _edition_way(newsletter, before),
            later=after and _edition_way(newsletter, after),
        )

    routes = APIRouter()
    routes.add_api_route("/archive/", index, methods=READ)
    routes.add_api_route("/archive/{newsletter}/{day}", show, methods=READ)
    return routes


def _month(parameters: Mapping[str, str]) -> date | None:
    """The first day of the month that is asked for. Raises InputError."""
    month = parameters.get("month", "")
    if not month:
        return None
    if not re.fullmatch("[0-9]{4}-[0-9]{2}", month):
        raise InputError("That is not a month. Write it as 2026-06.")
    return date_in(f"{month}-01")


def _last_day(month: date) -> date:
    return LAST if (month.year, month.month) == (LAST.year, 12) else _first_of_next(month) - timedelta(days=1)


def _first_of_next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _day(text: str) -> date:
    try:
        return date_in(text)
    except InputError as error:
        raise no_such_page() from error


def _way_to(day: date | None) -> Way | None:
    return None if day is None else Way(name=ENGLISH.month_and_year(day), path=f"/archive/?month={day:%Y-%m}")


def _edition_way(newsletter: str, day: date) -> Way:
    return Way(name=f"{ENGLISH.weekday(day)} {ENGLISH.short_date(day)}", path=archive_path(newsletter, day))
