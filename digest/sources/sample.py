"""The sample that the project carries, for where nothing else is to be had: every paper is fictional."""

from pathlib import Path

from digest.sources.files import Files

PATH = Path(__file__).with_name("sample.jsonl")


def sample() -> Files:
    """The sample, as a source."""
    return Files([PATH], name="sample")
