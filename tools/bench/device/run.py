"""Runs one subject: `micropython -m bench.run`. Prints `RESULT` and what was measured, as JSON.

`config.json` in the current folder has `task`, a function of `tasks`, or `repeat`; `subject`, `url`, `identity`,
`delta`, `count`; `threshold` of the collector if there is one; for https the path of the CA's certificate as `ca`.
"""

import gc
import json


def main():
    with open("config.json") as file:
        config = json.load(file)
    if "threshold" in config:
        gc.threshold(config["threshold"])
    if "ca" in config:
        with open(config["ca"], "rb") as file:
            config["ca"] = file.read()
    if config["task"] == "repeat":
        from bench.subject import repeat as task
    elif config["task"] == "update":
        from bench.update import update as task
    else:
        from bench import tasks

        task = getattr(tasks, config["task"])
    print("RESULT", json.dumps(task(config)))


main()
