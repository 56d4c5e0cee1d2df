"""What only the server makes: revisions, configurations, routes, executions, tasks, operations; and what it knows."""

from client import collection, condition, gone, refused, settled
from fixtures import FIXTURES
from kinds import LOCATION, NAMESPACE, REGION, SERVICE
from steps import IMAGE, PROJECT, expect, poll, step

FAMILIES = {"namespaces": NAMESPACE, "projects.locations": LOCATION}


def names(listed):
    return [item["metadata"]["name"] for item in listed.get("items", [])]


def of_a_service(run):
    """Revisions, configurations and routes, in both families of paths."""
    services = run.namespaces().services()
    service = services.get(name=f"{NAMESPACE}/services/{SERVICE}")
    selection = {"labelSelector": f"serving.knative.dev/service={SERVICE}"}
    for family, parent in FAMILIES.items():
        for kind in ("configurations", "routes"):
            objects = collection(run, f"{family}.{kind}")
            with step(f"{family}.{kind}: get and list", needed=False):
                found = objects.get(name=f"{parent}/{kind}/{SERVICE}").execute()
                expect(condition(found, "Ready") == "True", found)
                expect(SERVICE in names(objects.list(parent=parent).execute()), "not listed")
                refused(objects.get(name=f"{parent}/{kind}/nowhere"), 404, "NOT_FOUND")

        revisions = collection(run, f"{family}.revisions")
        with step(f"{family}.revisions: get and list", needed=False):
            found = settled(service)
            serving = found["status"]["latestReadyRevisionName"]
            revision = revisions.get(name=f"{parent}/revisions/{serving}").execute()
            expect(
                revision["metadata"]["ownerReferences"][0]["kind"] == "Configuration", revision["metadata"]
            )
            expect(revision["status"]["imageDigest"].startswith(f"{IMAGE}@sha256:"), revision["status"])
            expect(names(revisions.list(parent=parent, **selection).execute()) == [serving], "others")

        with step(f"{family}.revisions: delete one that serves, 400", needed=False):
            refused(revisions.delete(name=f"{parent}/revisions/{serving}"), 400, "FAILED_PRECONDITION")

        with step(f"{family}.revisions: delete one that does not", needed=False):
            found["spec"]["template"]["spec"]["containers"][0].setdefault("env", []).append(
                {"name": "FAMILY", "value": family}
            )
            services.replaceService(name=f"{NAMESPACE}/services/{SERVICE}", body=found).execute()
            replaced = settled(service)
            expect(replaced["status"]["latestReadyRevisionName"] != serving, replaced["status"])
            old = revisions.get(name=f"{parent}/revisions/{serving}")
            done = revisions.delete(name=f"{parent}/revisions/{serving}").execute()
            expect(done["status"] == "Success", done)
            gone(old)


def of_a_job(run):
    """Executions and tasks: to the end, cancelled, and deleted."""
    jobs, executions, tasks = (
        collection(run, f"namespaces.{kind}") for kind in ("jobs", "executions", "tasks")
    )
    job = f"{NAMESPACE}/jobs/{FIXTURES['namespaces.jobs']}"

    with step("namespaces.jobs: run"):
        overrides = {"taskCount": 2, "timeoutSeconds": 60, "containerOverrides": [{"args": ["a"]}]}
        execution = jobs.run(name=job, body={"overrides": overrides}).execute()
        name = execution["metadata"]["name"]
        expect(execution["spec"]["taskCount"] == 2, execution["spec"])
        read = executions.get(name=f"{NAMESPACE}/executions/{name}")

    with step("namespaces.executions: completed"):
        status = settled(read, "Completed")["status"]
        expect(status["succeededCount"] == 2 and "failedCount" not in status, status)
        reference = jobs.get(name=job).execute()["status"]["latestCreatedExecution"]
        expect(reference["name"] == name and reference["completionTimestamp"], reference)

    with step("namespaces.executions: list", needed=False):
        label = f"run.googleapis.com/job={FIXTURES['namespaces.jobs']}"
        expect(names(executions.list(parent=NAMESPACE, labelSelector=label).execute()) == [name], "others")

    with step("namespaces.tasks: list and get", needed=False):
        label = f"run.googleapis.com/execution={name},run.googleapis.com/runningState in (Succeeded)"
        listed = names(tasks.list(parent=NAMESPACE, labelSelector=label).execute())
        expect(sorted(listed) == [f"{name}-task0", f"{name}-task1"], listed)
        task = tasks.get(name=f"{NAMESPACE}/tasks/{name}-task1").execute()
        expect(task["status"]["index"] == 1, task["status"])
        expect(
            "index" not in tasks.get(name=f"{NAMESPACE}/tasks/{name}-task0").execute()["status"], "index 0"
        )
        refused(tasks.get(name=f"{NAMESPACE}/tasks/{name}-task9"), 404, "NOT_FOUND")

    with step("namespaces.executions: cancel one that has ended, 400", needed=False):
        refused(executions.cancel(name=f"{NAMESPACE}/executions/{name}", body={}), 400, "FAILED_PRECONDITION")

    with step("namespaces.executions: cancel", needed=False):
        # One after the other, they take long enough to be cancelled.
        found = jobs.get(name=job).execute()
        found["spec"]["template"]["spec"] |= {"taskCount": 1000, "parallelism": 1}
        jobs.replaceJob(name=job, body=found).execute()
        settled(jobs.get(name=job))
        running = f"{NAMESPACE}/executions/{jobs.run(name=job, body={}).execute()['metadata']['name']}"
        executions.cancel(name=running, body={}).execute()
        cancelled = settled(executions.get(name=running), "Completed", "False")["status"]
        completed = next(c for c in cancelled["conditions"] if c["type"] == "Completed")
        expect(completed["reason"] == "Cancelled", completed)

    with step("namespaces.executions: delete", needed=False):
        executions.delete(name=f"{NAMESPACE}/executions/{name}").execute()
        gone(read)
        refused(executions.delete(name=f"{NAMESPACE}/executions/{name}"), 404, "NOT_FOUND")


def of_an_instance(run):
    """Stop and start."""
    instances = run.namespaces().instances()
    name = f"{NAMESPACE}/instances/{FIXTURES['namespaces.instances']}"
    with step("namespaces.instances: stop", needed=False):
        instances.stop(name=name, body={}).execute()
        settled(instances.get(name=name), "Running", "False")
    with step("namespaces.instances: start", needed=False):
        instances.start(name=name, body={}).execute()
        settled(instances.get(name=name), "Running", "True")


def operations(run):
    """The operations of a service: they outlive their end, until they are deleted."""
    located = run.projects().locations().operations()
    services = run.namespaces().services()

    with step("projects.locations.operations: wait"):
        service = services.get(name=f"{NAMESPACE}/services/{SERVICE}").execute()
        service["spec"]["template"]["spec"]["timeoutSeconds"] = 99
        written = services.replaceService(name=f"{NAMESPACE}/services/{SERVICE}", body=service).execute()
        name = (
            f"{LOCATION}/operations/{written['metadata']['annotations']['run.googleapis.com/operation-id']}"
        )

        def wait():
            return located.wait(name=name, body={"timeout": "10s"}).execute()

        done = poll(wait, lambda operation: operation.get("done"))
        expect(done["response"]["metadata"]["name"] == SERVICE, done)
        expect(condition(done["response"], "Ready") == "True", done)

    with step("projects.locations.operations: get and list", needed=False):
        found = located.get(name=name).execute()
        expect(found["done"] and found["name"].endswith(name.rpartition("/")[2]), found)
        listed = located.list(name=LOCATION).execute()["operations"]
        expect(found["name"] in [operation["name"] for operation in listed], listed)

    with step("projects.locations.operations: delete", needed=False):
        expect(located.delete(name=name).execute() == {}, "something")
        refused(located.get(name=name), 404, "NOT_FOUND")


def places(run):
    """Regions and domains."""
    with step("projects.locations: list, in pages", needed=False):
        locations, found, token = run.projects().locations(), [], None
        while token != "":
            page = locations.list(name=f"projects/{PROJECT}", pageSize=20, pageToken=token).execute()
            found += [location["locationId"] for location in page["locations"]]
            token = page.get("nextPageToken", "")
        expect(len(found) > 40 and len(set(found)) == len(found) and REGION in found, found)

    parents = {"namespaces": NAMESPACE, "projects": f"projects/{PROJECT}", "projects.locations": LOCATION}
    for path, parent in parents.items():
        with step(f"{path}.authorizeddomains: list", needed=False):
            found = collection(run, f"{path}.authorizeddomains").list(parent=parent).execute()
            expect("example.com" in [domain["id"] for domain in found["domains"]], found)


def policies(run):
    """The policy of each kind that has one."""
    for path, fixture in FIXTURES.items():
        kind = path.rpartition(".")[2]
        resource = f"{LOCATION}/{kind}/{fixture}"
        objects = collection(run, f"projects.locations.{kind}")
        with step(f"projects.locations.{kind}: getIamPolicy and setIamPolicy", needed=False):
            options = {"options_requestedPolicyVersion": 3}
            policy = objects.getIamPolicy(resource=resource, **options).execute()
            expect(not policy.get("bindings") and policy["etag"], policy)
            policy["bindings"] = [{"role": "roles/run.viewer", "members": ["user:ann@example.com"]}]
            written = objects.setIamPolicy(resource=resource, body={"policy": policy}).execute()
            expect(written["bindings"] == policy["bindings"] and written["etag"] != policy["etag"], written)
            expect(objects.getIamPolicy(resource=resource).execute() == written, "another")
            refused(objects.setIamPolicy(resource=resource, body={"policy": policy}), 409, "ABORTED")
            refused(objects.getIamPolicy(resource=f"{LOCATION}/{kind}/nowhere"), 404, "NOT_FOUND")

        with step(f"projects.locations.{kind}: testIamPermissions", needed=False):
            permissions = [f"run.{kind}.get"]
            found = objects.testIamPermissions(resource=resource, body={"permissions": permissions}).execute()
            expect(found["permissions"] == permissions, found)
