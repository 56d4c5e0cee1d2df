"""`gcloud run` at the emulator: commands, what they print, and how they end.

gcloud takes the emulator for its HTTP proxy and Cloud Run's API to be served over plain HTTP. So its requests keep
the hosts that they have at Google, of the region and the global one, and no name needs to resolve to the emulator.
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile

from steps import REGION, Mismatch, expect

START_SECONDS = 60
# What the shell script `gcloud` tells its Python.
SETTINGS = {
    "PYTHONIOENCODING": "UTF-8",
    "CLOUDSDK_ENCODING": "UTF-8",
    "CLOUDSDK_PYTHON_SITEPACKAGES": "1",
}
DRIVER = str(pathlib.Path(__file__).with_name("driver.py"))
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def environment(address, configuration, project):
    """What keeps gcloud away from the user's configuration and from every machine but the emulator."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CLOUDSDK_") and not name.lower().endswith("_proxy")
    }
    return kept | {
        "CLOUDSDK_CONFIG": configuration,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": "http://run.googleapis.com/",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER": "http://cloudresourcemanager.googleapis.com/",
        "http_proxy": address,
        "https_proxy": address,
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
        "CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "1",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API": "false",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_RUN_REGION": REGION,
    }


class Said:
    """What a command printed, without colours."""

    def __init__(self, stdout, stderr):
        self.stdout, self.stderr = COLOURS.sub("", stdout), COLOURS.sub("", stderr)

    def json(self):
        return json.loads(self.stdout)

    def rows(self):
        """The words of each line of a table but its heading."""
        return [line.split() for line in self.stdout.splitlines()[1:]]


class Installation:
    """What the installed gcloud tells of itself."""

    def __init__(self):
        keys = "json(installation.sdk_root,basic.python_location,basic.version)"
        with tempfile.TemporaryDirectory(prefix="conformance-gcloud-") as configuration:
            command = ["gcloud", "info", "--format", keys]
            own = {"CLOUDSDK_CONFIG": configuration, "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1"}
            about = json.loads(
                subprocess.run(command, env=os.environ | own, stdout=subprocess.PIPE, check=True).stdout
            )
        self.version = about["basic"]["version"]
        self.python = about["basic"]["python_location"]
        self.library = os.path.join(about["installation"]["sdk_root"], "lib")


class Gcloud:
    """gcloud in a project, with a private configuration; `with` loads it and lets go of it."""

    def __init__(self, installation, address, project):
        self.installation = installation
        self.address = address
        self.project = project
        self.commands = 0

    def __enter__(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="conformance-gcloud-")
        self.directory = pathlib.Path(self.scratch.name)
        self.environment = environment(self.address, str(self.directory / "configuration"), self.project)
        self.log = tempfile.TemporaryFile()
        self.driver = subprocess.Popen(
            [self.installation.python, DRIVER, self.installation.library],
            env=self.environment | SETTINGS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        return self

    def __exit__(self, *_):
        self.driver.stdin.close()
        self.driver.wait(START_SECONDS)
        self.driver.stdout.close()
        self.log.close()
        self.scratch.cleanup()

    def __call__(self, command, code=0, said=()):
        """Runs `gcloud COMMAND`, in a fork of the loaded gcloud.

        Expects the exit code, and each text of `said` in what it prints to stderr.
        """
        self.driver.stdin.write(json.dumps(shlex.split(command)) + "\n")
        self.driver.stdin.flush()
        answer = self.driver.stdout.readline()
        if not answer:
            self.log.seek(0)
            raise Mismatch(f"gcloud cannot be loaded: {self.log.read().decode()}")
        answer = json.loads(answer)
        return self.checked(command, answer["code"], answer["stdout"], answer["stderr"], code, said)

    def process(self, command, code=0, said=()):
        """The same as a process of its own, as people run it."""
        done = subprocess.run(
            ["gcloud", *shlex.split(command)],
            check=False,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        return self.checked(command, done.returncode, done.stdout, done.stderr, code, said)

    def checked(self, command, found, stdout, stderr, code, said):
        self.commands += 1
        expect(found == code, f"exit code {found} of gcloud {command}: {stderr}{stdout}")
        answer = Said(stdout, stderr)
        for text in (said,) if isinstance(said, str) else said:
            expect(text in answer.stderr, f"no '{text}' in what gcloud {command} said: {stderr}")
        return answer

    def file(self, name, content):
        """Writes a file for a command, as JSON unless it is text, and returns its quoted path."""
        path = self.directory / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return shlex.quote(str(path))
