"""What the scripts in Python share: the lines that `cargo xtask conformance` reads, and a look at a service."""

import contextlib
import http.client
import sys
import time
import urllib.parse

PROJECT = "conformance"
REGION = "europe-west1"
IMAGE = "us-docker.pkg.dev/cloudrun/container/hello"
# A deployment on the emulator takes milliseconds here; this is for a loaded machine.
DEADLINE_SECONDS = 20
LONGEST_REASON = 800

failures = []


class Mismatch(Exception):
    """The emulator answered something else than Cloud Run does."""


class Abandoned(Exception):
    """A step failed that the later ones of its walk need."""


def say(line):
    """Prints a line in one piece, whoever else prints at the same time."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def expect(condition, found):
    """Raises a mismatch that says what was found."""
    if not condition:
        raise Mismatch(f"found {found}")


@contextlib.contextmanager
def step(title, needed=True):
    """Prints `ok TITLE` after its body, or `failed TITLE | REASON`.

    The failure of a step that the others need ends the walk.
    """
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        say(f"failed {title} | {reason[:LONGEST_REASON]}")
        failures.append(title)
        if needed:
            raise Abandoned(title) from None
    else:
        say(f"ok {title}")


def walks(*all_of_them):
    """Runs the walks one after the other; one that has to be abandoned does not keep the others from running."""
    for walk, *arguments in all_of_them:
        with contextlib.suppress(Abandoned):
            walk(*arguments)


def finish():
    """Ends the script with the exit code that the steps call for."""
    sys.exit(1 if failures else 0)


def poll(read, done):
    """Reads until `done` says yes of what was read, and returns that."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        found = read()
        if done(found):
            return found
        expect(time.monotonic() < deadline, f"no end after {DEADLINE_SECONDS} s, last {found}")
        time.sleep(0.02)


def visit(address, url):
    """Status and text of a service's page.

    The connection goes to the emulator whatever the resolver thinks of names under `localhost`.
    """
    emulator = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(emulator.hostname, emulator.port, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": urllib.parse.urlsplit(url).netloc})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()
