"""`gcloud run` at the emulator: commands, what they print, and how they end.

gcloud takes the emulator for its HTTP proxy and Cloud Run's API to be served over plain HTTP. So its requests keep
the hosts that they have at Google, of the region and the global one, and no name needs to resolve to the emulator.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile

from steps import REGION, Mismatch, expect

PROJECT = "conformance-gcloud"
START_SECONDS = 60
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


class Said:
    """What a command printed, without colours."""

    def __init__(self, stdout, stderr):
        self.stdout, self.stderr = COLOURS.sub("", stdout), COLOURS.sub("", stderr)

    def json(self):
        return json.loads(self.stdout)

    def rows(self):
        """The words of each line of a table but its heading."""
        return [line.split() for line in self.stdout.splitlines()[1:]]


class Gcloud:
    """The installed gcloud, with a private configuration.

    `with` keeps the loaded gcloud running, which `__call__` needs and `process` does not.
    """

    def __init__(self, address, directory):
        self.address = address
        self.directory = pathlib.Path(directory)
        self.environment = environment(address, str(self.directory / "configuration"))
        self.commands = 0
        self.driver = None

    def __enter__(self):
        keys = "json(installation.sdk_root,basic.python_location,basic.version)"
        about = json.loads(self.process("info", "--format", keys).stdout)
        self.version = about["basic"]["version"]
        # What the shell script `gcloud` tells its Python.
        settings = {"PYTHONIOENCODING": "UTF-8", "CLOUDSDK_ENCODING": "UTF-8", "CLOUDSDK_PYTHON_SITEPACKAGES": "1"}
        library = os.path.join(about["installation"]["sdk_root"], "lib")
        script = pathlib.Path(__file__).with_name("driver.py")
        self.log = tempfile.TemporaryFile()
        self.driver = subprocess.Popen(
            [about["basic"]["python_location"], str(script), library],
            env=self.environment | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        return self

    def __exit__(self, *_):
        self.driver.stdin.close()
        self.driver.wait(START_SECONDS)
        self.log.close()

    def __call__(self, *arguments, code=0, said=(), **environment):
        """Runs `gcloud ARGUMENTS`, in a fork of the loaded gcloud.

        Expects the exit code, and each text of `said` in what it prints to stderr.
        """
        command = {"arguments": arguments, "environment": environment}
        self.driver.stdin.write(json.dumps(command) + "\n")
        self.driver.stdin.flush()
        answer = self.driver.stdout.readline()
        if not answer:
            self.log.seek(0)
            raise Mismatch(f"gcloud can not be loaded: {self.log.read().decode()}")
        answer = json.loads(answer)
        self.commands += 1
        return self.checked(arguments, answer["code"], answer["stdout"], answer["stderr"], code, said)

    def file(self, name, content):
        """Writes a file for a command, as JSON unless it is text, and returns its path."""
        path = self.directory / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def process(self, *arguments, code=0, said=()):
        """The same as a process of its own, as people run it."""
        done = subprocess.run(
            ["gcloud", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        self.commands += 1
        return self.checked(arguments, done.returncode, done.stdout, done.stderr, code, said)

    def checked(self, arguments, found, stdout, stderr, code, said):
        expect(found == code, f"exit code {found} of gcloud {' '.join(arguments)}: {stderr}{stdout}")
        answer = Said(stdout, stderr)
        for text in (said,) if isinstance(said, str) else said:
            expect(text in answer.stderr, f"no '{text}' in {stderr}")
        return answer
