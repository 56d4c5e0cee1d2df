"""Services by gcloud: from the first deployment to the deletion, and what is refused."""

import re

from steps import IMAGE, REGION, expect, step, visit

PRIVATE = "gcloud-private"
PUBLIC = "gcloud-public"
FILED = "gcloud-filed"
BROKEN = "gcloud-broken"
PAIR = "gcloud-pair"
MISSING_IMAGE = "docker.io/run-emulator/missing"
EXITING_IMAGE = "docker.io/run-emulator/exits"


def walk(gcloud):
    def run(command, **expected):
        return gcloud(f"run {command}", **expected)

    def described(name):
        return run(f"services describe {name} --format json").json()

    def serves(service, status, text=""):
        found, page = visit(gcloud.address, service["status"]["url"])
        expect(found == status and text in page, f"{found}: {page}")

    with step("services describe: there is none, exit 1"):
        run(f"services describe {PUBLIC}", code=1, said=f"Cannot find service [{PUBLIC}]")

    with step("services list: nothing", needed=False):
        expect(run("services list", said="Listed 0 items.").stdout == "", "a table")

    with step("deploy --no-allow-unauthenticated: 403", needed=False):
        run(f"deploy {PRIVATE} --image {IMAGE} --no-allow-unauthenticated --quiet")
        serves(described(PRIVATE), 403)

    with step("deploy --allow-unauthenticated: 200"):
        stages = ("Creating Revision", "Routing traffic", "is serving 100 percent of traffic", "Service URL:")
        done = run(f"deploy {PUBLIC} --image {IMAGE} --allow-unauthenticated", said=stages)
        expect(done.stdout == "", done.stdout)
        status, page = visit(gcloud.address, re.search(r"Service URL: (\S+)", done.stderr)[1])
        expect(status == 200, f"{status}: {page}")

    with step("services describe --format json"):
        service = described(PUBLIC)
        first = service["status"]["latestReadyRevisionName"]
        expect(re.fullmatch(rf"{PUBLIC}-00001-[a-z0-9]{{3}}", first), first)
        expect(service["metadata"]["labels"]["cloud.googleapis.com/location"] == REGION, service["metadata"])
        expect(service["metadata"]["namespace"].isdigit(), service["metadata"])
        expect(
            service["metadata"]["annotations"]["run.googleapis.com/client-name"] == "gcloud",
            service["metadata"],
        )
        serves(service, 200, first)

    with step("services describe", needed=False):
        text = run(f"services describe {PUBLIC}").stdout
        for said in (
            f"✔ Service {PUBLIC} in region {REGION}",
            f"100% LATEST (currently {first})",
            f"Image:           {IMAGE}",
        ):
            expect(said in text, text)

    with step("services list --region", needed=False):
        rows = [row[:3] for row in run(f"services list --region {REGION}").rows()]
        expect(sorted(rows) == [["✔", PRIVATE, REGION], ["✔", PUBLIC, REGION]], rows)

    with step("services list: of all regions", needed=False):
        run(
            f"deploy gcloud-elsewhere --image {IMAGE} --no-allow-unauthenticated --region us-east1",
        )
        rows = [row[:3] for row in run("services list").rows()]
        found = sorted(rows)
        expect(
            found == [["✔", "gcloud-elsewhere", "us-east1"], ["✔", PRIVATE, REGION], ["✔", PUBLIC, REGION]],
            rows,
        )
        run("services delete gcloud-elsewhere --region us-east1")

    with step("services list --filter --format", needed=False):
        selection = f"--filter metadata.name={PUBLIC} --format value(metadata.name,status.url)"
        expect(
            run(f"services list {selection}").stdout.split() == [PUBLIC, service["status"]["url"]], "others"
        )

    with step("services update: variables, limits, labels", needed=False):
        settings = "--set-env-vars A=1,B=two --memory 1Gi --cpu 2 --concurrency 10"
        more = "--timeout 60 --max-instances 7 --update-labels tier=front --no-cpu-throttling"
        run(
            f"services update {PUBLIC} {settings} {more}",
            said="has been deployed and is serving 100 percent",
        )
        template = described(PUBLIC)["spec"]["template"]
        container = template["spec"]["containers"][0]
        expect(container["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "two"}], container)
        expect(container["resources"]["limits"] == {"cpu": "2", "memory": "1Gi"}, container)
        expect(
            (template["spec"]["containerConcurrency"], template["spec"]["timeoutSeconds"]) == (10, 60),
            template,
        )
        expect(template["metadata"]["annotations"]["autoscaling.knative.dev/maxScale"] == "7", template)
        expect(template["metadata"]["labels"]["tier"] == "front", template)

    with step("services update: other variables, a new revision", needed=False):
        before = described(PUBLIC)["status"]["latestCreatedRevisionName"]
        run(f"services update {PUBLIC} --update-env-vars B=three --remove-env-vars A")
        service = described(PUBLIC)
        container = service["spec"]["template"]["spec"]["containers"][0]
        expect(container["env"] == [{"name": "B", "value": "three"}], container)
        expect(service["status"]["latestReadyRevisionName"] != before, service["status"])

    with step("services update: no new revision for what concerns the service", needed=False):
        before = described(PUBLIC)["status"]["latestCreatedRevisionName"]
        run(f"services update {PUBLIC} --ingress internal")
        service = described(PUBLIC)
        expect(service["status"]["latestCreatedRevisionName"] == before, service["status"])
        annotations = service["metadata"]["annotations"]
        expect(annotations["run.googleapis.com/ingress-status"] == "internal", annotations)
        run(f"services update {PUBLIC} --ingress all")

    with step("services update: a secret, a probe, a volume, a second container", needed=False):
        volume = "--add-volume name=scratch,type=in-memory,size-limit=16Mi"
        probe = "--startup-probe httpGet.path=/,httpGet.port=8080,periodSeconds=5"
        mount = "--add-volume-mount volume=scratch,mount-path=/scratch"
        # The template's only container has no name, as on the real service: without --container it is the one that is meant.
        run(f"services update {PUBLIC} {volume} --update-secrets KEY=key:1 {probe} {mount}")
        run(f"services update {PUBLIC} --container side --image {IMAGE} --set-env-vars SIDE=1")
        spec = described(PUBLIC)["spec"]["template"]["spec"]
        main, side = spec["containers"]
        expect(main["startupProbe"]["httpGet"] == {"path": "/", "port": 8080}, main)
        key = {"name": "KEY", "valueFrom": {"secretKeyRef": {"key": "1", "name": "key"}}}
        expect(key in main["env"], main)
        expect(main["volumeMounts"] == [{"mountPath": "/scratch", "name": "scratch"}], main)
        expect(side["name"] == "side" and side["env"] == [{"name": "SIDE", "value": "1"}], side)
        expect(
            spec["volumes"] == [{"emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}, "name": "scratch"}],
            spec,
        )

    with step("beta services update: the launch stage", needed=False):
        gcloud(f"beta run services update {PUBLIC} --max 9")
        annotations = described(PUBLIC)["metadata"]["annotations"]
        expect(annotations["run.googleapis.com/launch-stage"] == "BETA", annotations)
        expect(annotations["run.googleapis.com/maxScale"] == "9", annotations)

    with step("alpha services update: a description", needed=False):
        gcloud(f"alpha run services update {PUBLIC} --description 'by alpha'")
        annotations = described(PUBLIC)["metadata"]["annotations"]
        expect(annotations["run.googleapis.com/description"] == "by alpha", annotations)

    with step("services replace: a new service from a file"):
        definition = {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": {"name": FILED, "labels": {"cloud.googleapis.com/location": REGION}},
            "spec": {"template": {"spec": {"containers": [{"image": IMAGE}]}}},
        }
        file = gcloud.file("service.json", definition)
        run(f"services replace {file} --dry-run", said="has been validated")
        run(f"services describe {FILED}", code=1)
        said = (f"New configuration has been applied to service [{FILED}]", "URL: http")
        run(f"services replace {file}", said=said)

    with step("services replace: an exported service", needed=False):
        exported = run(f"services describe {FILED} --format export").stdout
        expect("resourceVersion" not in exported and "\nstatus:" not in exported, exported)
        without_namespace = re.sub(r"  namespace: .*\n", "", exported)
        changed = without_namespace.replace("timeoutSeconds: 300", "timeoutSeconds: 77")
        run(
            f"services replace {gcloud.file('service.yaml', changed)}",
            said="New configuration has been applied",
        )
        replaced = described(FILED)
        expect(replaced["spec"]["template"]["spec"]["timeoutSeconds"] == 77, replaced["spec"])
        expect(replaced["metadata"]["generation"] == 2, replaced["metadata"])

    with step("services describe --format export | services replace: as it is, namespace included", needed=False):
        exported = run(f"services describe {FILED} --format export").stdout
        expect("namespace: '" in exported, exported)
        before = described(FILED)
        run(
            f"services replace {gcloud.file('exported.yaml', exported)}",
            said="New configuration has been applied",
        )
        after = described(FILED)
        same = ("latestCreatedRevisionName", "traffic")
        expect([after["status"][name] for name in same] == [before["status"][name] for name in same], after)

    with step("services update: labels, and one that is none of Google Cloud's, exit 1", needed=False):
        run(f"services update {FILED} --update-labels team=red,tier=front")
        expect(described(FILED)["metadata"]["labels"]["team"] == "red", described(FILED)["metadata"])
        run(f"services update {FILED} --remove-labels tier")
        expect("tier" not in described(FILED)["metadata"]["labels"], described(FILED)["metadata"])
        run(f"services update {FILED} --update-labels team=v1.2.3", code=1, said="label")

    with step("services replace: an unknown field, exit 1", needed=False):
        wrong = definition | {
            "spec": {"template": {"spec": {"containers": [{"image": IMAGE, "imagine": "1"}]}}}
        }
        run(f"services replace {gcloud.file('wrong.json', wrong)}", code=1, said="imagine")

    with step("deploy: a reserved variable, exit 1", needed=False):
        said = (
            "spec.template.spec.containers[0].env: The following reserved env names were provided: PORT.",
        )
        deploy = f"deploy {BROKEN} --image {IMAGE} --no-allow-unauthenticated"
        run(f"{deploy} --set-env-vars PORT=1", code=1, said=said)

    with step("deploy: memory that one CPU cannot have, exit 1", needed=False):
        run(f"{deploy} --memory 16Gi --cpu 1", code=1, said="memory must be between")

    with step("deploy: a name that is none, exit 1", needed=False):
        run(f"deploy Not_A_Name --image {IMAGE}", code=1, said="ERROR: (gcloud.run.deploy)")

    with step("deploy: an image that does not exist, exit 1", needed=False):
        said = ("Deployment failed", "ERROR: (gcloud.run.deploy) ", "not found")
        run(f"deploy {BROKEN} --image {MISSING_IMAGE} --no-allow-unauthenticated", code=1, said=said)
        expect(
            [row[:2] for row in run("services list").rows() if row[1] == BROKEN] == [["X", BROKEN]], "no X"
        )

    with step("deploy: a container that exits, exit 1", needed=False):
        said = ("Deployment failed", "ERROR: (gcloud.run.services.update)", "PORT=8080")
        run(f"services update {PRIVATE} --image {EXITING_IMAGE}", code=1, said=said)
        serves(described(PRIVATE), 403)

    with step("deploy --no-traffic: not the first time, exit 1", needed=False):
        said = "--no-traffic not supported when creating a new service"
        run(f"deploy gcloud-never --image {IMAGE} --no-traffic", code=1, said=said)

    with step("deploy without a service: exit 2", needed=False):
        run("services describe", code=2, said="(SERVICE : --namespace=NAMESPACE)")

    with step("services update: a policy of Binary Authorization, and a reason to pass it by", needed=False):
        run(f"services update {FILED} --binary-authorization default --breakglass because")
        annotations = described(FILED)["metadata"]["annotations"]
        expect(annotations["run.googleapis.com/binary-authorization"] == "default", annotations)
        expect(annotations["run.googleapis.com/binary-authorization-breakglass"] == "because", annotations)

    with step("deploy: two containers, one waits for the other", needed=False):
        main = f"--container main --image {IMAGE} --port 8080 --depends-on side"
        side = f"--container side --image {IMAGE}"
        run(f"deploy {PAIR} {main} {side}", code=1, said="must have startup probe specified")
        probe = "--startup-probe httpGet.path=/,httpGet.port=8081"
        run(f"deploy {PAIR} {main} {side} {probe}", said=f"Service [{PAIR}]")
        names = [container["name"] for container in described(PAIR)["spec"]["template"]["spec"]["containers"]]
        expect(names == ["main", "side"], names)

    with step("services update: a GPU, and what it needs", needed=False):
        gpu = "--gpu 1 --gpu-type nvidia-l4 --no-gpu-zonal-redundancy --no-cpu-throttling --max-instances 1"
        run(f"services update {FILED} {gpu} --cpu 2 --memory 8Gi", code=1, said="memory must be at least 16Gi")
        run(f"services update {FILED} {gpu} --cpu 4 --memory 16Gi")
        spec = described(FILED)["spec"]["template"]["spec"]
        expect(spec["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1", spec)
        expect(spec["nodeSelector"] == {"run.googleapis.com/accelerator": "nvidia-l4"}, spec)

    with step("services update-traffic: a tag that is too long with the name, exit 1", needed=False):
        tag = "t" * (47 - len(FILED))
        run(f"services update-traffic {FILED} --update-tags {tag}=LATEST", code=1, said="together are too long")

    with step("services delete"):
        run(f"services delete {PUBLIC}", said=f"Deleted service [{PUBLIC}]")
        serves(service, 404)

    with step("services delete: there is none, exit 1", needed=False):
        run(f"services delete {PUBLIC}", code=1, said=f"Service [{PUBLIC}] could not be found")

    with step("services delete: the others", needed=False):
        for name in (PRIVATE, FILED, BROKEN, PAIR):
            run(f"services delete {name} --async", said="is being deleted")
