"""The life of a service by Google's client for Python, and what its visitors see of it."""

import copy

import client
from client import gone, refused
from steps import IMAGE, PROJECT, expect, step, visit

NAME = "python-client"
PARENT = f"namespaces/{PROJECT}"
SERVICE = f"{PARENT}/services/{NAME}"
CANARY = f"{NAME}-canary"


def walk(run, address):
    services = run.namespaces().services()
    # The policy methods exist on these paths only, which Cloud Run serves at its global host.
    located = run.projects().locations().services()

    def get():
        return services.get(name=SERVICE).execute()

    def settled(kind):
        return client.settled(services.get(name=SERVICE), kind)

    with step("no service yet: 404"):
        refused(services.get(name=SERVICE), 404, "NOT_FOUND")

    wanted = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": NAME, "namespace": PROJECT},
        "spec": {"template": {"spec": {"containers": [{"image": IMAGE}]}}},
    }

    with step("a dry run creates nothing", needed=False):
        rehearsed = services.create(parent=PARENT, body=wanted, dryRun="all").execute()
        expect(rehearsed["metadata"]["name"] == NAME, rehearsed)
        refused(services.get(name=SERVICE), 404, "NOT_FOUND")

    with step("a reserved variable: 400", needed=False):
        wrong = copy.deepcopy(wanted)
        wrong["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "PORT", "value": "1"}]
        field = "spec.template.spec.containers[0].env"
        refused(services.create(parent=PARENT, body=wrong), 400, "INVALID_ARGUMENT", field)

    with step("create"):
        created = services.create(parent=PARENT, body=wanted).execute()
        expect(created["metadata"]["generation"] == 1, created["metadata"])

    with step("create again: 409"):
        refused(services.create(parent=PARENT, body=wanted), 409, "ALREADY_EXISTS")

    with step("ready, then routed"):
        settled("Ready")
        service = settled("RoutesReady")
        first = service["status"]["latestReadyRevisionName"]
        url = service["status"]["url"]

    with step("listed by its label", needed=False):
        labels = {"labels": {"tier": "front"}}
        service["metadata"].update(labels)
        services.replaceService(name=SERVICE, body=service).execute()
        settled("Ready")
        listed = services.list(parent=PARENT, labelSelector="tier=front").execute()
        expect([item["metadata"]["name"] for item in listed["items"]] == [NAME], listed)
        listed = services.list(parent=PARENT, labelSelector="tier=back").execute()
        expect(not listed.get("items"), listed)

    with step("a partial read", needed=False):
        partial = services.get(name=SERVICE, fields="metadata(name,labels/tier),status/url").execute()
        expected = {"metadata": {"name": NAME, "labels": {"tier": "front"}}, "status": {"url": url}}
        expect(partial == expected, partial)

    with step("private: 403"):
        status, text = visit(address, url)
        expect(status == 403, f"{status}: {text}")

    with step("public by setIamPolicy: 200"):
        resource = f"projects/{PROJECT}/locations/us-central1/services/{NAME}"
        policy = located.getIamPolicy(resource=resource).execute()
        policy["bindings"] = [{"role": "roles/run.invoker", "members": ["allUsers"]}]
        written = located.setIamPolicy(resource=resource, body={"policy": policy}).execute()
        expect(written["bindings"] == policy["bindings"], written)
        refused(located.setIamPolicy(resource=resource, body={"policy": policy}), 409, "ABORTED")
        status, text = visit(address, url)
        expect(status == 200 and first in text, f"{status}: {text}")

    with step("get, edit, replace with the split"):
        service = get()
        stale = copy.deepcopy(service)
        template = service["spec"]["template"]
        template.setdefault("metadata", {})["name"] = CANARY
        template["spec"]["containers"][0]["env"] = [{"name": "RELEASE", "value": "canary"}]
        service["spec"]["traffic"] = [
            {"revisionName": first, "percent": 90},
            {"revisionName": CANARY, "percent": 10, "tag": "canary"},
        ]
        replaced = services.replaceService(name=SERVICE, body=service).execute()
        expect(
            replaced["metadata"]["generation"] == stale["metadata"]["generation"] + 1, replaced["metadata"]
        )

    with step("a stale replace: 409"):
        stale["spec"]["traffic"] = [{"latestRevision": True, "percent": 100}]
        refused(services.replaceService(name=SERVICE, body=stale), 409, "ABORTED")

    with step("the split in the status"):
        settled("Ready")
        traffic = settled("RoutesReady")["status"]["traffic"]
        shares = {target["revisionName"]: target["percent"] for target in traffic}
        expect(shares == {first: 90, CANARY: 10}, traffic)

    with step("the tag's own address"):
        (tagged,) = [target["url"] for target in traffic if target.get("tag") == "canary"]
        status, text = visit(address, tagged)
        expect(status == 200 and CANARY in text, f"{status}: {text}")

    with step("route and configuration", needed=False):
        route = run.namespaces().routes().get(name=f"{PARENT}/routes/{NAME}").execute()
        expect(route["status"]["url"] == url, route)
        configuration = (
            run.namespaces().configurations().get(name=f"{PARENT}/configurations/{NAME}").execute()
        )
        expect(configuration["status"]["latestReadyRevisionName"] == CANARY, configuration)

    with step("the revisions in pages of one", needed=False):
        selection = {"parent": PARENT, "labelSelector": f"serving.knative.dev/service={NAME}", "limit": 1}
        revisions = run.namespaces().revisions()
        page = revisions.list(**selection).execute()
        names = [revision["metadata"]["name"] for revision in page["items"]]
        page = revisions.list(**selection, **{"continue": page["metadata"]["continue"]}).execute()
        names += [revision["metadata"]["name"] for revision in page["items"]]
        expect(set(names) == {first, CANARY} and len(names) == 2, names)
        expect("continue" not in page.get("metadata", {}), page)

    with step("delete, then 404"):
        services.delete(name=SERVICE).execute()
        gone(services.get(name=SERVICE))
        status, text = visit(address, url)
        expect(status == 404, f"{status}: {text}")
