"""What takes input does what its description says, whatever is sent: Schemathesis sends it.

The description is made of the site itself: its addresses, and the fields of the forms on its pages. It is made for
this test alone: nobody programs against forms for people.
"""

import re
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from pages import FRAMED, PRIVATE, PUBLIC, address, operations
from personas import choices, reader_joins
from reading import read_page
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from sites import Place

from digest.web.security import ALWAYS, PRIVATE_PATHS
from digest.web.security import PRIVATE as KEPT_BY_NOBODY

pytestmark = pytest.mark.slow

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
]
EXAMPLES = 10

ASKED = {
    "/trending": ("window", "date", "page", "q", "category"),
    "/search": ("q", "page"),
    "/archive/": ("month",),
    "/feedback/{token}": ("paper", "want"),
}
"""The parameters that pages have."""

FORMS = {
    "/": {200, 422, 429, 503},
    "/confirm/{token}": {200, 404},
    "/feedback/{token}": {200, 404},
    "/preferences/{token}": {200, 404, 422},
    "/unsubscribe/{token}": {200, 404},
}
"""How forms are answered, but for what cannot be read (400) or is too much (413)."""

HTML = "text/html; charset=utf-8"
TYPES = {
    ("get", "/feed/{newsletter}.atom"): "application/atom+xml; charset=utf-8",
    ("get", "/paper/{name}.bib"): "application/x-bibtex; charset=utf-8",
    ("post", "/unsubscribe/{token}"): "text/plain; charset=utf-8",
}
"""What is answered besides a page."""


def described(place: Place) -> dict[str, Any]:
    """The OpenAPI description of what takes input."""
    paths = {
        template: {method: operation(place, template, method) for method in methods.keys() - {"head"}}
        for template, methods in operations(place).items()
        if ("{" in template or template in ASKED or "post" in methods) and not template.startswith("/outbox")
    }
    return {"openapi": "3.1.0", "info": {"title": "Offprint", "version": "1"}, "paths": paths}


def operation(place: Place, template: str, method: str) -> dict[str, Any]:
    pattern = re.sub(r"\\{(.*?)\\}", r"(?P<\1>[^/]+)", re.escape(template))
    known = [address(place, path).partition("?") for path in [*PUBLIC, *PRIVATE, *FRAMED, *EXTRA]]
    found = [
        (match.groupdict(), dict(parse_qsl(query)))
        for path, _, query in known
        if (match := re.fullmatch(pattern, path))
    ]
    names = dict.fromkeys(re.findall(r"\{(.*?)\}", template), "path") | dict.fromkeys(ASKED.get(template, ()), "query")
    parameters = [
        {
            "name": name,
            "in": where,
            "required": where == "path",
            "schema": or_anything({(parts | query).get(name, "") for parts, query in found} - {""}),
        }
        for name, where in names.items()
    ]
    told = {"parameters": parameters, "responses": answers(template, method)}
    if method == "post":
        path = next(path for path, _, _ in known if re.fullmatch(pattern, path))
        body = {"schema": {"type": "object", "properties": fields(place, path)}}
        told["requestBody"] = {
            "content": dict.fromkeys(("application/x-www-form-urlencoded", "multipart/form-data"), body)
        }
    return told


EXTRA = ["/paper/1.bib", "/feed/papers.atom"]


def fields(place: Place, path: str) -> dict[str, Any]:
    """The fields that stand on a page, each with the values that are there to choose, and RFC 8058's."""
    found: dict[str, set[str]] = {"List-Unsubscribe": {"One-Click"}, "do": set()}
    several, chosen = set(), ""
    for tag, held in read_page(place.client.get(path).text).elements:
        name = held.get("name")
        if tag in {"input", "select", "textarea", "button"} and name:
            chosen = name
            several |= {name} if held.get("type") == "checkbox" else set()
        if tag in {"input", "option", "button", "textarea"} and chosen:
            found.setdefault(chosen, set()).add(held.get("value") or "")
    each = {name: or_anything(values - {""}) for name, values in found.items()}
    return {
        name: {"type": "array", "items": value, "maxItems": 3} if name in several else value
        for name, value in each.items()
    }


def or_anything(known: set[str]) -> dict[str, Any]:
    """What there is, or any other text."""
    return {"anyOf": [*([{"enum": sorted(known)}] if known else []), {"type": "string", "maxLength": 300}]}


def answers(template: str, method: str) -> dict[str, Any]:
    """By status: the kinds of content, and the headers that are always there."""
    is_private = method == "post" or template.startswith(PRIVATE_PATHS)
    always = ALWAYS | KEPT_BY_NOBODY if is_private else ALWAYS
    # A message has a policy of its own.
    told = {
        name: {"schema": {"type": "string"} if "Policy" in name else {"const": value}} for name, value in always.items()
    }
    headers = {name: {"required": True, **schema} for name, schema in told.items()}
    statuses = FORMS[template] | {400, 413} if method == "post" else {200, 404, 422}
    kinds = {HTML, TYPES.get((method, template), HTML)}
    return {
        str(status): {"description": "", "headers": headers, "content": {kind: {} for kind in kinds}}
        for status in statuses
    }


def test_nothing_that_is_sent_makes_the_site_fail_or_answer_otherwise_than_described(inhabited: Place) -> None:
    # What is sent may well end the second reader's subscription: that is not the one whose preferences are asked for.
    reader_joins(inhabited.app, "leaving@example.org", choices())
    api = schemathesis.openapi.from_dict(described(inhabited))
    with requests.Session() as session:
        # No proxy is asked.
        session.trust_env = False
        for found in api.get_all_operations():
            send(found.ok(), url=inhabited.url, session=session)


def send(operation: schemathesis.APIOperation, *, url: str, session: requests.Session) -> None:
    @seed(1)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy())
    def sent(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=url, session=session, checks=CHECKS, allow_redirects=False)

    sent()


def test_a_method_that_is_not_described_is_refused_with_those_that_are(inhabited: Place) -> None:
    for path in {address(inhabited, path).partition("?")[0] for path in [*PUBLIC, *PRIVATE, *FRAMED, *EXTRA]} - {
        "/nothing"
    }:
        answers = {
            method: inhabited.client.request(method, path) for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS")
        }
        assert {(method, answer.status_code) for method, answer in answers.items()} == {
            (method, 405) for method in answers
        }, path
        [allowed] = {answer.headers["Allow"] for answer in answers.values()}
        for method in allowed.split(", "):
            assert inhabited.client.request(method, path).status_code != 405
