"""The hosts that Cloud Run's API has at Google, all of them the emulator."""

import urllib.parse

import httplib2
from client import connect, gone, refused, settled
from kinds import KINDS
from steps import PROJECT, expect, step

SERVICE = KINDS[0]
NAME = "python-hosts"
GLOBAL = "http://run.googleapis.com"
REGIONS = ("asia-east1", "europe-north1")


class Emulator(httplib2.Http):
    """Connects to the emulator, whatever the host of a request is."""

    def __init__(self, address):
        super().__init__()
        self.netloc = urllib.parse.urlsplit(address).netloc

    def request(self, uri, method="GET", body=None, headers=None, **options):
        named = urllib.parse.urlsplit(uri)
        headers = (headers or {}) | {"host": named.netloc}
        return super().request(named._replace(netloc=self.netloc).geturl(), method, body, headers, **options)


def walk(address):
    def at(host):
        return connect(host, http=Emulator(address))

    def services(host):
        return at(host).namespaces().services()

    body = SERVICE.body(NAME, {"walk": "hosts"})
    regional = {region: services(f"http://{region}-run.googleapis.com") for region in REGIONS}

    with step("at regional hosts: the same name in two regions"):
        for region, there in regional.items():
            there.create(parent=SERVICE.parent, body=body).execute()
            found = settled(there.get(name=SERVICE.full(NAME)))
            expect(found["metadata"]["labels"]["cloud.googleapis.com/location"] == region, found["metadata"])
            items = there.list(parent=SERVICE.parent, labelSelector="walk=hosts").execute()["items"]
            expect(len(items) == 1, items)

    def in_regions(listed):
        expect(not listed.get("unreachable"), listed)
        return sorted(item["metadata"]["labels"]["cloud.googleapis.com/location"] for item in listed["items"])

    with step("at the global host: lists of all regions", needed=False):
        listed = services(GLOBAL).list(parent=SERVICE.parent, labelSelector="walk=hosts").execute()
        expect(in_regions(listed) == sorted(REGIONS), listed)
        everywhere = f"projects/{PROJECT}/locations/-"
        located = at(GLOBAL).projects().locations().services()
        listed = located.list(parent=everywhere, labelSelector="walk=hosts").execute()
        expect(in_regions(listed) == sorted(REGIONS), listed)

    with step("at the global host: no region, 400", needed=False):
        refused(
            services(GLOBAL).create(parent=SERVICE.parent, body=body), 400, "INVALID_ARGUMENT", field="region"
        )

    with step("at the global host: the policy of a service in a region", needed=False):
        located = at(GLOBAL).projects().locations().services()
        resource = f"projects/{PROJECT}/locations/{REGIONS[0]}/services/{NAME}"
        expect(located.getIamPolicy(resource=resource).execute()["etag"], "no etag")
        elsewhere = f"projects/{PROJECT}/locations/us-west1/services/{NAME}"
        refused(located.getIamPolicy(resource=elsewhere), 404, "NOT_FOUND")

    with step("what the API does not have: a 404 that is not JSON", needed=False):
        plain = httplib2.Http()
        path = f"/apis/serving.knative.dev/v1/{SERVICE.full(NAME)}"
        for method, tried in (
            ("PATCH", path),
            ("GET", f"{path}/status"),
            ("GET", "/v2/projects/p/locations"),
        ):
            answer, page = plain.request(
                f"{address}{tried}", method=method, body="{}" if method == "PATCH" else None
            )
            expect(answer.status == 404 and page.startswith(b"<!DOCTYPE html>"), f"{tried}: {answer}, {page}")

    with step("at regional hosts: delete"):
        for there in regional.values():
            there.delete(name=SERVICE.full(NAME)).execute()
            gone(there.get(name=SERVICE.full(NAME)))
