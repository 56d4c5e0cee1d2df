"""The lines with curl in the guide for users of the emulator, as they stand there: walkthrough.py http://HOST:PORT

Lines that need a service, or runctl or gcloud, are tried elsewhere.
"""

import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from steps import DEADLINE_SECONDS, expect, finish, step, walks

ROOT = pathlib.Path(__file__).resolve().parents[3]
GUIDE = ROOT / "crates/run-emulator/TESTING.md"
HERE = "http://127.0.0.1:8787"
# What the lines have changed, for those who come after them.
RESTORED = (
    "curl -X DELETE $admin/faults",
    "curl -X PUT $admin/environment -d '{}'",
    "curl -X PUT $admin/delays -d '{}'",
)


def lines():
    text = GUIDE.read_text()
    # Before the scenario that uses up the quota.
    found = [f"curl {url}" for url in re.findall(r"`(http://127\.0\.0\.1:8787/apis/[^`]+)`", text)]
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        found += [line for line in block.splitlines() if line.startswith("curl ") and "$(" not in line]
    return found


def run(line, address):
    """Runs a line in a shell; a refusal is a failure."""
    line = line.replace("curl ", f"curl -sS --fail-with-body --noproxy '*' -m {DEADLINE_SECONDS} ", 1)
    environment = {"admin": f"{address}/__emulator", "PATH": "/usr/bin:/bin:/usr/local/bin"}
    shell = ["sh", "-c", line.replace(HERE, address)]
    return subprocess.run(shell, env=environment, capture_output=True, text=True, timeout=2 * DEADLINE_SECONDS)


def walk(address):
    found = lines()
    with step("the guide has lines with curl"):
        expect(len(found) >= 6, found)
    for line in found:
        with step(line.split("#")[0].strip(), needed=False):
            ended = run(line, address)
            expect(ended.returncode == 0, f"{ended.returncode}: {ended.stderr} {ended.stdout}")
    for line in RESTORED:
        with step(f"afterwards: {line}"):
            ended = run(line, address)
            expect(ended.returncode == 0, f"{ended.returncode}: {ended.stderr} {ended.stdout}")


if __name__ == "__main__":
    walks((walk, sys.argv[1]))
    finish()
