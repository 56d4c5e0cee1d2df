"""Google's client at the emulator, which keeps account of the methods that answered.

The client's endpoint is the emulator, for every host; so the requests name no region, and it takes its default.
"""

import json
import pathlib

from google.auth.credentials import AnonymousCredentials
from googleapiclient.discovery import build
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest
from schema import strangeness
from steps import Mismatch, expect, poll

METHODS = pathlib.Path(__file__).resolve().parents[3] / "specs/methods.txt"

document = json.loads(get_static_doc("run", "v1"))
answered = set()


def methods_of(resource):
    """All methods of a part of the discovery document, by their ids."""
    found = {method["id"]: method for method in resource.get("methods", {}).values()}
    for part in resource.get("resources", {}).values():
        found |= methods_of(part)
    return found


methods = methods_of(document)


class Request(HttpRequest):
    """A request whose answer has to be what the discovery document says."""

    def execute(self, **arguments):
        answer = super().execute(**arguments)
        strange = strangeness(answer, methods[self.methodId]["response"], document["schemas"])
        expect(not strange, f"{self.methodId}: {strange}")
        answered.add(self.methodId)
        return answer


def connect(address, **options):
    """The client at a host; the discovery document is that of its package."""
    options = options or {"credentials": AnonymousCredentials()}
    return build(
        "run",
        "v1",
        static_discovery=True,
        client_options={"api_endpoint": address},
        requestBuilder=Request,
        **options,
    )


def unanswered():
    """The methods of our specification that have not answered any request yet."""
    return sorted(set(METHODS.read_text().split()) - answered)


def collection(run, path):
    """The collection at a path such as `projects.locations.jobs`."""
    for part in path.split("."):
        run = getattr(run, part)()
    return run


def refused(request, status, reason, field=None):
    """Expects that a request is refused, with this status and the reason in the answer's envelope.

    If the reason is a field's value, the details of the answer say so.
    """
    try:
        answer = request.execute()
    except HttpError as error:
        envelope = json.loads(error.content)["error"]
        found = (error.resp.status, envelope["code"], envelope["status"])
        expect(found == (status, status, reason), f"{found}, {envelope['message']}")
        if field:
            fields = [violation["field"] for violation in envelope["details"][0]["fieldViolations"]]
            expect(field in fields, envelope)
        return
    raise Mismatch(f"the request was granted: {answer}")


def condition(found, kind):
    """The status of a condition if the conditions are those of the newest generation."""
    status = found.get("status", {})
    if status.get("observedGeneration") != found["metadata"]["generation"]:
        return None
    return next((c["status"] for c in status.get("conditions", []) if c["type"] == kind), None)


def settled(read, kind="Ready", status="True"):
    """Reads an object until one of its conditions has a status, and returns it."""
    return poll(lambda: read.execute(), lambda found: condition(found, kind) == status)


def gone(read):
    """Reads an object until there is none."""

    def code():
        try:
            read.execute()
        except HttpError as error:
            return error.resp.status
        return 200

    poll(code, lambda status: status == 404)
