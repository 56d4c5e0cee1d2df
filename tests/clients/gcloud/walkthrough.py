"""The life of two services, by the installed gcloud: walkthrough.py http://HOST:PORT

gcloud takes the emulator for its HTTP proxy and Cloud Run's API to be served over plain HTTP. So its requests keep
the hosts that they have at Google, of the region and the global one, and no name needs to resolve to the emulator.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from steps import IMAGE, PROJECT, REGION, expect, finish, step, visit

PRIVATE = "gcloud-private"
PUBLIC = "gcloud-public"
CANARY = f"{PUBLIC}-canary"
COMMAND_SECONDS = 60
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def environment(address, configuration):
    """What keeps gcloud away from the user's configuration and from every machine but the emulator."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CLOUDSDK_") and not name.lower().endswith("_proxy")
    }
    return kept | {
        "CLOUDSDK_CONFIG": configuration,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": "http://run.googleapis.com/",
        "http_proxy": address,
        "https_proxy": address,
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
        "CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "1",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API": "false",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_RUN_REGION": REGION,
    }


class Gcloud:
    """gcloud at the emulator."""

    def __init__(self, address, configuration):
        self.environment = environment(address, configuration)

    def __call__(self, *arguments, code=0):
        """Runs `gcloud run ARGUMENTS`, expects the exit code, and returns stdout and stderr without their colours."""
        done = subprocess.run(
            ["gcloud", "run", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        expect(done.returncode == code, f"exit code {done.returncode}: {done.stderr}{done.stdout}")
        return COLOURS.sub("", done.stdout), COLOURS.sub("", done.stderr)

    def json(self, *arguments):
        """What `gcloud run ARGUMENTS --format json` prints."""
        return json.loads(self(*arguments, "--format", "json")[0])


def walk(address, gcloud):
    def serves(service, status, text=""):
        found, page = visit(address, service["status"]["url"])
        expect(found == status and text in page, f"{found}: {page}")

    with step("no service yet: exit 1"):
        _, talk = gcloud("services", "describe", PUBLIC, code=1)
        expect(f"Cannot find service [{PUBLIC}]" in talk, talk)

    with step("deploy --no-allow-unauthenticated: 403", needed=False):
        deploy = ("deploy", PRIVATE, "--image", IMAGE)
        serves(gcloud.json(*deploy, "--no-allow-unauthenticated"), 403)

    with step("add-iam-policy-binding: 200", needed=False):
        public = ("--member", "allUsers", "--role", "roles/run.invoker")
        policy = gcloud.json("services", "add-iam-policy-binding", PRIVATE, *public)
        expect(policy["bindings"] == [{"members": ["allUsers"], "role": "roles/run.invoker"}], policy)
        serves(gcloud.json("services", "describe", PRIVATE), 200)

    with step("deploy --allow-unauthenticated: 200"):
        _, talk = gcloud("deploy", PUBLIC, "--image", IMAGE, "--allow-unauthenticated")
        for said in ("Creating Revision", "Routing traffic", "is serving 100 percent of traffic", "Service URL:"):
            expect(said in talk, talk)
        service = gcloud.json("services", "describe", PUBLIC)
        first = service["status"]["latestReadyRevisionName"]
        serves(service, 200, first)
        status, page = visit(address, re.search(r"Service URL: (\S+)", talk)[1])
        expect(status == 200, f"{status}: {page}")

    with step("services list", needed=False):
        table, _ = gcloud("services", "list")
        rows = [line.split()[:3] for line in table.splitlines()[1:]]
        expect(sorted(rows) == [["✔", PRIVATE, REGION], ["✔", PUBLIC, REGION]], table)

    with step("deploy a second revision without traffic"):
        second = ("--revision-suffix", "canary", "--no-traffic", "--tag", "next", "--set-env-vars", "RELEASE=canary")
        service = gcloud.json("deploy", PUBLIC, "--image", IMAGE, *second)
        expect(service["status"]["latestReadyRevisionName"] == CANARY, service["status"])
        serves(service, 200, first)

    with step("update-traffic"):
        gcloud("services", "update-traffic", PUBLIC, "--to-revisions", f"{CANARY}=10")
        traffic = gcloud.json("services", "describe", PUBLIC)["status"]["traffic"]
        shares = {target["revisionName"]: target["percent"] for target in traffic if target.get("percent")}
        expect(shares == {first: 90, CANARY: 10}, traffic)

    with step("services describe", needed=False):
        text, _ = gcloud("services", "describe", PUBLIC)
        for said in (f"✔ Service {PUBLIC} in region {REGION}", f"90% {first}", f"10% {CANARY}", "next: http://"):
            expect(said in text, text)

    with step("revisions list", needed=False):
        names = gcloud("revisions", "list", "--service", PUBLIC, "--format", "value(metadata.name)")[0].split()
        expect(set(names) == {first, CANARY}, names)

    with step("an unknown revision is refused: exit 1", needed=False):
        gcloud("services", "update-traffic", PUBLIC, "--to-revisions", f"{PUBLIC}-nowhere=10", code=1)

    with step("delete"):
        _, talk = gcloud("services", "delete", PUBLIC)
        expect(f"Deleted service [{PUBLIC}]" in talk, talk)
        serves(service, 404)
        _, talk = gcloud("services", "delete", PUBLIC, code=1)
        expect("could not be found" in talk, talk)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="conformance-gcloud-") as configuration:
        walk(sys.argv[1], Gcloud(sys.argv[1], configuration))
    finish()
