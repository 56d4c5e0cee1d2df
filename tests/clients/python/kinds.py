"""The life of each kind of object that can be written, in each family of paths."""

import copy
import dataclasses
from collections.abc import Callable

from client import collection, gone, refused, settled
from steps import IMAGE, PROJECT, expect, step

REGION = "us-central1"
NAMESPACE = f"namespaces/{PROJECT}"
LOCATION = f"projects/{PROJECT}/locations/{REGION}"
# What the mappings of domains lead to; see `fixtures.py`.
SERVICE = "python-fixture"


def template(**spec):
    return {"spec": {"containers": [{"image": IMAGE}], **spec}}


def rename(found):
    """Another image, in a template wherever it is."""
    spec = found["spec"]
    while "template" in spec:
        spec = spec["template"]["spec"]
    spec["containers"][0]["image"] = f"{IMAGE}:2"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of object as one family of paths has it."""

    path: str
    kind: str
    spec: dict
    replace: str | None
    # How its objects are named, with a letter in it.
    name: str
    edit: Callable = rename
    group: str = "run.googleapis.com"
    newest_first: bool = True

    @property
    def parent(self):
        return NAMESPACE if self.path.startswith("namespaces.") else LOCATION

    def full(self, name):
        return f"{self.parent}/{self.path.rpartition('.')[2]}/{name}"

    def body(self, name, labels):
        return {
            "apiVersion": f"{self.group}/v1",
            "kind": self.kind,
            "metadata": {"name": name, "namespace": PROJECT, "labels": labels},
            "spec": copy.deepcopy(self.spec),
        }


JOB = {"template": {"spec": {"template": template(maxRetries=0)}}}
KINDS = (
    [
        Kind(
            f"{family}.services",
            "Service",
            {"template": template()},
            "replaceService",
            f"python-{letter}-{{}}",
            group="serving.knative.dev",
        )
        for family, letter in (("namespaces", "n"), ("projects.locations", "l"))
    ]
    + [
        Kind("namespaces.jobs", "Job", JOB, "replaceJob", "python-job-{}"),
        Kind(
            "namespaces.workerpools",
            "WorkerPool",
            {"template": template()},
            "replaceWorkerPool",
            "python-pool-{}",
        ),
        Kind("namespaces.instances", "Instance", template()["spec"], "replaceInstance", "python-instance-{}"),
    ]
    + [
        Kind(
            f"{family}.domainmappings",
            "DomainMapping",
            {"routeName": SERVICE},
            None,
            f"{{}}.{letter}.example.com",
            group="domains.cloudrun.com",
            newest_first=False,
        )
        for family, letter in (("namespaces", "n"), ("projects.locations", "l"))
    ]
)


def walk(run, kind):
    """Two objects of a kind, from nothing to nothing."""
    objects = collection(run, kind.path)
    names = [kind.name.format(letter) for letter in "ab"]
    name, first = kind.full(names[0]), kind.body(names[0], {"walk": "python", "place": "first"})
    marked = {"parent": kind.parent, "labelSelector": "walk=python"}
    read = objects.get(name=name)

    with step(f"{kind.path}: none yet, 404"):
        refused(read, 404, "NOT_FOUND")
        expect(not objects.list(**marked).execute().get("items"), "some")

    with step(f"{kind.path}: a dry run creates nothing", needed=False):
        rehearsed = objects.create(parent=kind.parent, body=first, dryRun="all").execute()
        expect(rehearsed["metadata"]["name"] == names[0], rehearsed)
        refused(read, 404, "NOT_FOUND")

    with step(f"{kind.path}: create"):
        metadata = objects.create(parent=kind.parent, body=first).execute()["metadata"]
        expect(metadata["generation"] == 1 and metadata["namespace"].isdigit(), metadata)
        for field in ("uid", "resourceVersion", "creationTimestamp", "selfLink"):
            expect(metadata.get(field), metadata)
        expect(metadata["labels"]["cloud.googleapis.com/location"] == REGION, metadata)

    with step(f"{kind.path}: create again, 409", needed=False):
        refused(objects.create(parent=kind.parent, body=first), 409, "ALREADY_EXISTS")

    with step(f"{kind.path}: what is no object, 400", needed=False):
        wrong = kind.body(names[1], {})
        wrong["spec"]["imagine"] = "1"
        refused(objects.create(parent=kind.parent, body=wrong), 400, "INVALID_ARGUMENT")
        refused(objects.create(parent=kind.parent, body=kind.body("Not_A_Name", {})), 400, "INVALID_ARGUMENT")

    with step(f"{kind.path}: ready"):
        found = settled(read)
        expect((found["apiVersion"], found["kind"]) == (f"{kind.group}/v1", kind.kind), found)

    with step(f"{kind.path}: list, by labels and in pages", needed=False):
        objects.create(parent=kind.parent, body=kind.body(names[1], {"walk": "python"})).execute()
        settled(objects.get(name=kind.full(names[1])))
        pages = [objects.list(**marked, limit=1).execute()]
        token = pages[0]["metadata"]["continue"]
        pages.append(objects.list(**marked, limit=1, **{"continue": token}).execute())
        expect("continue" not in pages[1].get("metadata", {}), pages[1])
        listed = [item["metadata"]["name"] for page in pages for item in page["items"]]
        expect(listed == names[::-1] if kind.newest_first else sorted(listed) == names, listed)
        selected = objects.list(
            parent=kind.parent, labelSelector="walk = python, place in (first, last)"
        ).execute()
        expect([item["metadata"]["name"] for item in selected["items"]] == names[:1], selected)

    if kind.replace:
        with step(f"{kind.path}: replace", needed=False):
            replace = getattr(objects, kind.replace)
            found = settled(read)
            kind.edit(found)
            rehearsed = replace(name=name, body=found, dryRun="all").execute()
            expect(rehearsed["spec"] != read.execute()["spec"], rehearsed)
            replaced = replace(name=name, body=found).execute()
            expect(replaced["metadata"]["generation"] == 2, replaced["metadata"])
            expect(replaced["metadata"]["uid"] == found["metadata"]["uid"], replaced["metadata"])

        with step(f"{kind.path}: a stale replace, 409", needed=False):
            refused(replace(name=name, body=found), 409, "ABORTED")
            settled(read)

        with step(f"{kind.path}: a replace of nothing, 404", needed=False):
            refused(replace(name=kind.full("nowhere"), body=kind.body("nowhere", {})), 404, "NOT_FOUND")

    with step(f"{kind.path}: delete, then 404"):
        rehearsed = objects.delete(name=name, dryRun="all").execute()
        expect("deletionTimestamp" not in read.execute()["metadata"], rehearsed)
        for each in names:
            done = objects.delete(name=kind.full(each)).execute()
            expect(done["status"] == "Success", done)
            gone(objects.get(name=kind.full(each)))
        refused(objects.delete(name=name), 404, "NOT_FOUND")
