"""What somebody typed, as choices."""

import pytest

from digest.choices import choices_from
from digest.errors import InputError
from digest.model import Cadence, InterestKind


def typed(**changed: object) -> dict[str, object]:
    return {"cadence": "daily", "hour": 7, "timezone": "UTC", "max_papers": 10} | changed


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cadence": "hourly"}, "'hourly' is not a cadence"),
        ({"hour": 25}, "no hour 25"),
        ({"hour": -1}, "no hour -1"),
        ({"timezone": "Mars/Olympus"}, "'Mars/Olympus' is not a time zone"),
        ({"timezone": "../etc/passwd"}, "is not a time zone"),
        ({"max_papers": 0}, "1 to 20 papers"),
        ({"max_papers": 21}, "1 to 20 papers"),
        ({"categories": ["cs.XX"]}, "'cs.XX' is not an arXiv category"),
        ({"topics": ["x" * 201]}, "more than 200 characters"),
        ({"topics": ["a\x00b"]}, "cannot be shown"),
        ({"language": "tlh"}, "no editions in 'tlh'"),
        ({"topics": [f"topic {n}" for n in range(101)]}, "more than 100 interests"),
    ],
)
def test_wrong_choices_are_refused_with_what_would_be_right(changed: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        choices_from(**typed(**changed))  # type: ignore[arg-type]


def test_choices_are_tidied_and_said_once() -> None:
    chosen = choices_from(**typed(topics=[" language \n models", "language models", " "]))  # type: ignore[arg-type]
    assert [(one.kind, one.value) for one in chosen.interests] == [(InterestKind.TOPIC, "language models")]
    assert chosen.cadence is Cadence.DAILY
