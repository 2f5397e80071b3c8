"""What `digest publish` and `digest deliver` do, in one process: the child that `./run bench sending` measures.

    python benchmarks/publishing.py FOLDER NOW STEP...

A step is `publish` or `deliver`. Prints as JSON how many messages were sent; for each step, and the start, seconds of
processor time from the process's beginning; the most memory that it held, in MB; and between which instants of the
machine's clock its last step ran.
"""

import json
import resource
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from digest.config import load_config
from digest.deliver import deliver
from digest.installation import open_app
from digest.publish import publish


def main() -> None:
    folder, now, *steps = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), *sys.argv[3:]
    app = open_app(load_config(folder / "config.toml", environment={}))
    mailer, counts = app.mailer(), Counter[str]()
    took, began = {"start": time.process_time()}, time.monotonic()
    for step in steps:
        began = time.monotonic()
        if step == "publish":
            publish(app.store, app.press, newsletter="papers", weights=app.weights, now=now)
        else:
            delivered = deliver(app.store, mailer, app.press, terms=app.terms, clock=lambda: now)
            if delivered.error:
                raise SystemExit(delivered.error)
            counts = delivered.counts
        took[step] = time.process_time()
    app.store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    told = {"counts": counts, "took": took, "peak": peak, "began": began, "ended": time.monotonic()}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
