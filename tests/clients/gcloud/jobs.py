"""Jobs by gcloud: what they are, their executions and the tasks of those."""

import policies
from steps import IMAGE, REGION, expect, step

NAME = "gcloud-job"
FAILING = "gcloud-failing"
LONG = "gcloud-long"
EXITING_IMAGE = "docker.io/run-emulator/exits"


def walk(gcloud):
    def run(command, **expected):
        return gcloud(f"run jobs {command}", **expected)

    def described(name=NAME):
        return run(f"describe {name} --format json").json()

    def template(job):
        return job["spec"]["template"]["spec"]

    with step("jobs describe: there is none, exit 1"):
        run(f"describe {NAME}", code=1, said=f"Cannot find job [{NAME}]")

    with step("jobs create"):
        settings = "--tasks 3 --parallelism 2 --max-retries 1 --task-timeout 10m"
        run(
            f"create {NAME} --image {IMAGE} {settings} --set-env-vars A=1",
            said=(f"Job [{NAME}] has successfully been created.", f"gcloud run jobs execute {NAME}"),
        )
        job = described()
        execution = template(job)
        task = execution["template"]["spec"]
        expect((execution["taskCount"], execution["parallelism"]) == (3, 2), execution)
        expect((task["maxRetries"], task["timeoutSeconds"]) == (1, "600"), task)
        expect(job["metadata"]["namespace"].isdigit(), job["metadata"])
        expect(job["metadata"]["annotations"]["run.googleapis.com/client-name"] == "gcloud", job["metadata"])

    with step("jobs create: the name is taken, exit 1", needed=False):
        run(f"create {NAME} --image {IMAGE}", code=1, said=f"Job [{NAME}] already exists.")

    with step("jobs create: a name that is none, exit 1", needed=False):
        run(f"create Not_A_Name --image {IMAGE}", code=1, said="ERROR: (gcloud.run.jobs.create)")

    with step("jobs create: more retries than there may be, exit 1", needed=False):
        run(f"create gcloud-never --image {IMAGE} --max-retries 11", code=1, said="axRetries")

    with step("jobs create without an image: exit 1", needed=False):
        run("create gcloud-never", code=1, said="argument --image: Must be specified.")

    with step("jobs list", needed=False):
        for region in ("", f"--region {REGION}"):
            rows = [row[:3] for row in run(f"list {region}").rows()]
            expect(rows == [["✔", NAME, REGION]], rows)

    with step("jobs update", needed=False):
        said = f"Job [{NAME}] has successfully been updated."
        run(f"update {NAME} --update-env-vars B=two --memory 1Gi --task-timeout 1h", said=said)
        task = template(described())["template"]["spec"]
        expect(task["timeoutSeconds"] == "3600", task)
        (container,) = task["containers"]
        expect(container["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "two"}], container)
        expect(container["resources"]["limits"]["memory"] == "1Gi", container)

    with step("jobs describe", needed=False):
        text = run(f"describe {NAME}").stdout
        for said in (
            f"✔ Job {NAME} in region {REGION}",
            IMAGE,
            "Tasks:",
            "Parallelism:",
            "Max Retries:",
            "Env vars:",
        ):
            expect(said in text, text)

    with step("jobs update: there is none, exit 1", needed=False):
        run("update gcloud-nowhere --tasks 2", code=1, said="could not be found")

    with step("jobs execute: there is none, exit 1", needed=False):
        run("execute gcloud-nowhere", code=1, said="NOT_FOUND")

    with step("jobs execute: started"):
        started = run(f"execute {NAME} --format json", said="has successfully started running.")
        expect(started.json()["metadata"]["labels"]["run.googleapis.com/job"] == NAME, started.stdout)

    with step("jobs execute --wait"):
        done = run(f"execute {NAME} --wait --format json", said="has successfully completed.").json()
        status, first = done["status"], done["metadata"]["name"]
        expect(first.startswith(f"{NAME}-"), first)
        expect(status["succeededCount"] == 3, status)
        completed = next(c for c in status["conditions"] if c["type"] == "Completed")
        expect(completed["status"] == "True", completed)

    with step("jobs execute --wait: with overrides", needed=False):
        overrides = "--tasks 2 --task-timeout 5m --update-env-vars A=override --args x,y"
        execution = run(f"execute {NAME} --wait {overrides} --format json").json()
        spec = execution["spec"]
        task = spec["template"]["spec"]
        (container,) = task["containers"]
        expect(spec["taskCount"] == 2 and task["timeoutSeconds"] == "300", spec)
        expect(container["args"] == ["x", "y"], container)
        expect({"name": "A", "value": "override"} in container["env"], container)

    with step("jobs executions list", needed=False):
        rows = run(f"executions list --job {NAME}").rows()
        expect(len(rows) == 3 and all(row[:2] == ["✔", NAME] for row in rows), rows)
        expect(next(row for row in rows if row[2] == first)[3:8] == [REGION, "0", "3", "/", "3"], rows)
        expect(len(run("executions list").rows()) == 3, "others")

    with step("jobs executions describe", needed=False):
        text = run(f"executions describe {first}").stdout
        for said in (f"✔ Execution {first} in region {REGION}", "3 tasks completed successfully", IMAGE):
            expect(said in text, text)

    with step("jobs executions describe: there is none, exit 1", needed=False):
        run(f"executions describe {NAME}-nowhr", code=1, said=f"Cannot find execution [{NAME}-nowhr]")

    with step("jobs executions tasks list"):
        rows = run(f"executions tasks list --execution {first}").rows()
        expect(
            [row[:4] for row in rows] == [["✔", str(i), "Succeeded", f"{first}-task{i}"] for i in range(3)],
            rows,
        )

    with step("jobs executions tasks list: of some states", needed=False):
        tasks = f"executions tasks list --execution {first}"
        expect(len(run(f"{tasks} --succeeded --failed").rows()) == 3, "others")
        expect(run(f"{tasks} --failed", said="Listed 0 items.").stdout == "", "a table")

    with step("jobs executions tasks describe", needed=False):
        text = run(f"executions tasks describe {first}-task1").stdout
        expect(f"{first}-task1" in text and "✔" in text, text)
        run(
            f"executions tasks describe {first}-task9",
            code=1,
            said=f"Cannot find task [{first}-task9]",
        )

    with step("jobs create --execute-now --wait: a task that fails, exit 1"):
        settings = f"--image {EXITING_IMAGE} --max-retries 1 --execute-now --wait"
        said = ("The execution failed.", f"gcloud run jobs executions describe {FAILING}-")
        run(f"create {FAILING} {settings}", code=1, said=said)
        (row,) = run(f"executions list --job {FAILING}").rows()
        expect(row[:2] == ["X", FAILING], row)
        failed = row[2]

    with step("jobs executions describe: what failed", needed=False):
        text = run(f"executions describe {failed}").stdout
        expect(f"X Execution {failed}" in text and "exit code: 1" in text, text)
        (row,) = run(f"executions tasks list --execution {failed}").rows()
        expect(row[:4] == ["X", "0", "Failed", f"{failed}-task0"] and row[-1] == "1", row)

    with step("jobs executions cancel: one that has ended, exit 1", needed=False):
        run(f"executions cancel {failed}", code=1, said="FAILED_PRECONDITION")

    with step("jobs deploy: a new job, and again", needed=False):
        # One after the other, they take long enough to be cancelled.
        deploy = f"deploy {LONG} --image {IMAGE} --tasks 1000 --parallelism 1"
        run(f"{deploy}", said=f"Job [{LONG}] has successfully been deployed.")
        run(f"{deploy} --labels team=red", said=f"Job [{LONG}] has successfully been deployed.")
        job = described(LONG)
        expect(
            (job["metadata"]["generation"], job["metadata"]["labels"]["team"]) == (2, "red"), job["metadata"]
        )

    with step("jobs execute --async, and cancel", needed=False):
        running = run(f"execute {LONG} --async --format json", said="is being started asynchronously.").json()
        name = running["metadata"]["name"]
        run(f"executions cancel {name}", said=f"Cancelled execution [{name}].")
        cancelled = run(f"executions describe {name} --format json").json()["status"]
        completed = next(c for c in cancelled["conditions"] if c["type"] == "Completed")
        expect((completed["status"], completed["reason"]) == ("False", "Cancelled"), completed)

    with step("jobs executions delete", needed=False):
        run(f"executions delete {first}", said=f"Deleted execution [{first}].")
        run(f"executions describe {first}", code=1, said=f"Cannot find execution [{first}]")
        run(f"executions delete {first}", code=1, said="ERROR: (gcloud.run.jobs.executions.delete)")

    with step("jobs executions delete: one that has failed, one that was cancelled", needed=False):
        for execution in (failed, name):
            run(f"executions delete {execution}", said=f"Deleted execution [{execution}].")

    with step("jobs update: less than a CPU, exit 1", needed=False):
        run(f"update {NAME} --cpu 0.5", code=1, said="Total cpu < 1")

    with step("jobs replace: a new job from a file, and its export", needed=False):
        definition = {
            "apiVersion": "run.googleapis.com/v1",
            "kind": "Job",
            "metadata": {"name": "gcloud-filed-job", "labels": {"cloud.googleapis.com/location": REGION}},
            "spec": {"template": {"spec": {"template": {"spec": {"containers": [{"image": IMAGE}]}}}}},
        }
        file = gcloud.file("job.json", definition)
        run(f"replace {file}", said="has been successfully created")
        exported = run("describe gcloud-filed-job --format export").stdout
        changed = "".join(line for line in exported.splitlines(True) if "namespace:" not in line)
        changed = changed.replace("maxRetries: 3", "maxRetries: 7")
        run(f"replace {gcloud.file('job.yaml', changed)}", said="has been successfully updated")
        job = described("gcloud-filed-job")
        expect(template(job)["template"]["spec"]["maxRetries"] == 7, job["spec"])

    with step("beta jobs update: the launch stage", needed=False):
        gcloud(f"beta run jobs update {NAME} --tasks 4")
        annotations = described()["metadata"]["annotations"]
        expect(annotations["run.googleapis.com/launch-stage"] == "BETA", annotations)

    policies.policy_of(gcloud, "jobs", NAME)

    with step("jobs delete, and with it the executions", needed=False):
        for name in (NAME, FAILING, LONG, "gcloud-filed-job"):
            run(f"delete {name}", said=f"Deleted job [{name}].")
        expect(run("executions list", said="Listed 0 items.").stdout == "", "a table")

    with step("jobs delete: there is none, exit 1", needed=False):
        run(f"delete {NAME}", code=1, said=f"Job [{NAME}] could not be found")
