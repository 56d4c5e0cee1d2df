"""gcloud, loaded once: driver.py SDK_LIBRARY, under gcloud's own Python

Reads a command in each line of stdin, as a JSON array of arguments, and answers with a line
`{"code": ..., "stdout": ..., "stderr": ...}`. Starting gcloud costs a second of CPU, nearly all of it for loading
modules. So they are loaded here, and each command runs in a fork: what it changes, in gcloud's properties, caches and
logs, is gone with its process.
"""

import importlib
import json
import os
import signal
import sys
import tempfile
import traceback

COMMAND_SECONDS = 60
# What commands of `gcloud run` load when they run. Without one of them gcloud is slower and otherwise the same.
USED_BY_COMMANDS = (
    "googlecloudsdk.api_lib.run.global_methods",
    "googlecloudsdk.command_lib.run.flags",
    "googlecloudsdk.command_lib.run.serverless_operations",
    "googlecloudsdk.core.credentials.store",
    "googlecloudsdk.core.credentials.transports",
    "googlecloudsdk.core.resource.resource_printer",
    "googlecloudsdk.generated_clients.apis.run.v1.run_v1_client",
    "googlecloudsdk.generated_clients.apis.run.v1.run_v1_messages",
)


def load(library):
    """Makes gcloud importable, as its `gcloud.py` does, and returns its main module."""
    sys.path[0:1] = [os.path.join(library, "third_party"), library]
    main = importlib.import_module("googlecloudsdk.gcloud_main")
    for name in USED_BY_COMMANDS:
        try:
            importlib.import_module(name)
        except ImportError:
            pass
    return main


def run(main, arguments, stdout, stderr):
    """Runs a command to the end of this process, with the exit code that gcloud ends with."""
    code = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(COMMAND_SECONDS)
        # The commands to come are not for this one to read.
        sys.stdin = open(os.devnull)
        os.dup2(sys.stdin.fileno(), 0)
        os.dup2(stdout.fileno(), 1)
        os.dup2(stderr.fileno(), 2)
        sys.argv = ["gcloud", *arguments]
        main.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def text(file):
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def execute(main, arguments):
    """What a command in a process of its own says, and how it ends."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = os.fork()
        if child == 0:
            run(main, arguments, stdout, stderr)
        _, status = os.waitpid(child, 0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "stdout": text(stdout),
            "stderr": text(stderr),
        }


if __name__ == "__main__":
    main = load(sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(execute(main, json.loads(line))), flush=True)
