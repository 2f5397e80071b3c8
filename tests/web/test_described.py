"""What takes input does what its description says, whatever is sent: Schemathesis sends it.

The description is made of the site itself: its addresses, and the fields of the forms on its pages. It is made for
this test alone: nobody programs against forms for people.
"""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from pages import FRAMED, PRIVATE, PUBLIC, address, operations
from reading import read_page
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
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
EXAMPLES = 15
EXTRA = [
    *("/paper/1.bib", "/feed/papers.atom"),
    *("/feed/private/{feed}.atom", "/preferences/{preferences}/export.json"),
]
PLACED = re.compile(r"\{(.*?)(:path)?\}")

ASKED = {
    "/trending": ("window", "date", "page", "q", "category"),
    "/search": ("q", "page"),
    "/archive/": ("month",),
    "/feedback/{token}": ("paper", "want"),
    "/preferences/{token}/why": ("paper",),
}
"""The parameters that pages have."""

FORMS = {
    "/": {200, 422, 429, 503},
    "/confirm/{token}": {200, 404},
    "/feedback/{token}": {200, 404},
    "/move/{token}": {200, 404, 409},
    "/preferences/{token}": {200, 404, 422, 429},
    "/preferences/{token}/erase": {200, 404, 409},
    "/unsubscribe/{token}": {200, 404},
}
"""How forms are answered, but for what cannot be read (400) or is too much (413)."""

TYPED: dict[str, dict[str, Any]] = {
    "address": {"type": "string", "format": "email"},
    "until": {"type": "string", "format": "date"},
    "papers": {"enum": ["3", "10"]},
    "more": {"enum": ["", "agents, robots"]},
    "examples": {"enum": ["", "2606.00002"]},
    **{name: {"enum": ["", "Ann Larch"]} for name in ("authors", "mutes")},
    **{name: {"enum": ["", "1", "0.5"]} for name in ("relevance", "trend", "novelty")},
}
"""What people type."""

HTML = "text/html; charset=utf-8"
ATOM = "application/atom+xml; charset=utf-8"
TYPES = {
    ("get", "/feed/{newsletter}.atom"): ATOM,
    ("get", "/feed/private/{token}.atom"): ATOM,
    ("get", "/preferences/{token}/export.json"): "application/json",
    **{("get", f"/paper/{{name}}{end}"): "application/x-bibtex; charset=utf-8" for end in ("", ".bib")},
    ("post", "/unsubscribe/{token}"): "text/plain; charset=utf-8",
}
"""What is answered besides a page."""


def described(place: Place, *, honest: bool) -> dict[str, Any]:
    """The OpenAPI description of what takes input: of what a page offers to send, or of any text in its place.

    By their names, leaving comes after what readers can do.
    """
    paths = {
        template: {method: operation(place, template, method, honest=honest) for method in methods.keys() - {"head"}}
        for template, methods in sorted(operations(place).items(), key=_last_if_it_erases)
        if ("{" in template or template in ASKED or "post" in methods) and not template.startswith("/outbox")
    }
    return {"openapi": "3.1.0", "info": {"title": "Offprint", "version": "1"}, "paths": paths}


def _last_if_it_erases(operation: tuple[str, Any]) -> tuple[bool, str]:
    return operation[0].endswith("/erase"), operation[0]


def operation(place: Place, template: str, method: str, *, honest: bool) -> dict[str, Any]:
    pattern = re.sub(r"\\{(.*?)\\}", r"(?P<\1>[^/]+)", re.escape(template))
    known = [address(place, path) for path in [*PUBLIC, *PRIVATE, *FRAMED, *EXTRA]]
    split = [(re.fullmatch(pattern, path), path, query) for path, _, query in (one.partition("?") for one in known)]
    found = [(match.groupdict(), path, dict(parse_qsl(query))) for match, path, query in split if match]
    named = {name: "path" for name, _ in PLACED.findall(template)} | dict.fromkeys(ASKED.get(template, ()), "query")
    parameters = [
        {
            "name": name,
            "in": where,
            "required": where == "path" or "{" in template,
            # A form behind a token takes input only where the token is right.
            "schema": text(
                {both[name] for parts, _, asked in found if name in (both := parts | asked)},
                any_text=not honest and not (method == "post" and where == "path"),
            ),
        }
        for name, where in named.items()
    ]
    told: dict[str, Any] = {"parameters": parameters, "responses": answers(template, method)}
    if method == "post":
        held = fields(place, found[0][1], any_text=not honest)
        body = {
            "schema": {
                "type": "object",
                "properties": held,
                "required": sorted(held.keys() - {"do"}) if honest else [],
                "additionalProperties": not honest,
            }
        }
        told["requestBody"] = {
            "content": dict.fromkeys(("application/x-www-form-urlencoded", "multipart/form-data"), body)
        }
    return told


def fields(place: Place, path: str, *, any_text: bool) -> dict[str, Any]:
    """The fields that stand on a page, each with the values that it offers."""
    offered: dict[str, set[str]] = {}
    several, chosen = set(), ""
    for tag, held in read_page(place.client.get(path).text).elements:
        chosen = held.get("name") or chosen if tag in {"input", "select", "textarea", "button"} else chosen
        if tag in {"input", "option", "button"} and chosen:
            is_free = held.get("type") in {"text", "email", "date", "number"} and "tabindex" not in held
            offered.setdefault(chosen, set()).update(() if is_free else {held.get("value") or ""})
            several |= {chosen} if held.get("type") == "checkbox" else set()
    if path.startswith("/unsubscribe/"):
        offered["List-Unsubscribe"] = {"", "One-Click"}
    told = {name: text(values, any_text=any_text) for name, values in offered.items()}
    told |= {name: {"type": "array", "items": told[name], "maxItems": 3} for name in several}
    return told if any_text else told | {name: TYPED[name] for name in told.keys() & TYPED}


def text(known: set[str], *, any_text: bool) -> dict[str, Any]:
    """One of what is known, or any text."""
    return {"type": "string", "maxLength": 300} if any_text or not known else {"enum": sorted(known)}


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


@pytest.mark.parametrize("honest", [True, False], ids=["what is offered", "any text"])
def test_nothing_that_is_sent_makes_the_site_fail_or_answer_otherwise_than_described(
    inhabited: Place, honest: bool
) -> None:
    api = schemathesis.openapi.from_dict(described(inhabited, honest=honest))
    inhabited.clock.now += timedelta(minutes=1)
    with requests.Session() as session:
        # No proxy is asked.
        session.trust_env = False
        for found in api.get_all_operations():
            assert isinstance(found, Ok)
            send(found.ok(), url=inhabited.url, session=session)


def send(operation: Any, *, url: str, session: requests.Session) -> None:
    @seed(1)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy())
    def sent(case: Any) -> None:
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
