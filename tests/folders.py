"""A benchmark folder made up in a line: papers of three themes, users who want one of them."""

import gzip
import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

THEMES = {
    "robots": "robot gripper fold laundry grasp manipulation arm towel".split(),
    "speech": "speech vowel noisy listener accent microphone whisper voice".split(),
    "graphs": "graph node edge spectral partition clique neighbour colouring".split(),
}
COMMON = "method results show new data study model approach".split()
PAPERS_EACH = 60


def paper_rows() -> list[dict[str, Any]]:
    chance = random.Random(20261120)
    return [
        {
            "id": f"{theme}-{number}",
            "title": " ".join(chance.sample(words, 2)),
            "abstract": " ".join(chance.sample(words + COMMON, 9)),
        }
        for theme, words in THEMES.items()
        for number in range(PAPERS_EACH)
    ]


def user_rows(each: int = 5) -> list[dict[str, Any]]:
    """Those of a theme liked its first ten papers, and are right to want the next five, which stand first."""
    others = {theme: [f"{other}-{n}" for other in THEMES if other != theme for n in range(20, 50)] for theme in THEMES}
    return [
        {
            "uid": f"{theme} {number}",
            "kind": "folder" if theme == "robots" else "listener",
            "liked": [f"{theme}-{n}" for n in range(10)],
            "relevant": [f"{theme}-{n}" for n in range(10, 15)],
            "candidates": [f"{theme}-{n}" for n in range(10, 15)] + others[theme],
            **({"query": " ".join(THEMES[theme][:3])} if number else {}),
        }
        for theme in THEMES
        for number in range(each)
    ]


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def benchmark_folder(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    write_lines(path / "papers.jsonl.gz", paper_rows())
    write_lines(path / "users.jsonl.gz", user_rows())
    return path
