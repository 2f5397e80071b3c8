"""Personal messages by Django: templates filled for each reader, and sent over one connection.

    python benchmarks/rivals/pipeline_django.py PORT FOLDER

The folder holds edition.html and edition.txt (templates), and readers.json. Start-up is not counted.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2] / ".tools" / "bench" / "django"))

import django
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template import engines


def main() -> None:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    settings.configure(
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [folder]}],
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
    )
    django.setup()
    readers = json.loads((folder / "readers.json").read_text())
    started, before = time.perf_counter(), time.process_time()
    sent = get_connection().send_messages(messages(readers))
    assert sent == len(readers)
    print(json.dumps({"seconds": time.perf_counter() - started, "cpu": time.process_time() - before}))


def messages(readers: list[Mapping[str, Any]]) -> Iterator[EmailMultiAlternatives]:
    html, text = (engines["django"].get_template(f"edition.{kind}") for kind in ("html", "txt"))
    for reader in readers:
        context = dict(reader)
        message = EmailMultiAlternatives(
            reader["subject"],
            text.render(context),
            "Papers <papers@example.org>",
            [reader["address"]],
            headers={
                "List-Unsubscribe": f"<{reader['unsubscribe']}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )
        message.attach_alternative(html.render(context), "text/html")
        yield message


if __name__ == "__main__":
    main()
