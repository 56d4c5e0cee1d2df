"""Regions, worker pools and domain mappings by gcloud, as far as they go by the API's version 1."""

from steps import IMAGE, REGION, expect, step

POOL = "gcloud-pool"
SERVICE = "gcloud-mapped"
DOMAIN = "www.example.com"


def regions(gcloud):
    with step("regions list: as a process, and loaded", needed=False):
        alone, loaded = gcloud.process("run regions list"), gcloud("run regions list")
        expect((alone.stdout, alone.stderr) == (loaded.stdout, loaded.stderr), loaded.stdout)
        names = loaded.stdout.split()[1:]
        expect(len(names) > 40 and names == sorted(names) and REGION in names, names)

    with step("a usage error: as a process, and loaded, exit 2", needed=False):
        command = "run services update-traffic x --to-latest --to-revisions y=1"
        alone, loaded = gcloud.process(command, code=2), gcloud(command, code=2)
        expect(alone.stderr == loaded.stderr and "argument --to-latest" in loaded.stderr, loaded.stderr)


def worker_pools(gcloud):
    def run(command, **expected):
        return gcloud(f"beta run worker-pools {command}", **expected)

    definition = {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "WorkerPool",
        "metadata": {"name": POOL, "labels": {"cloud.googleapis.com/location": REGION}},
        "spec": {"template": {"spec": {"containers": [{"image": IMAGE}]}}},
    }

    with step("worker-pools describe: there is none, exit 1"):
        run(f"describe {POOL}", code=1, said=f"Cannot find worker pool [{POOL}]")

    with step("worker-pools replace: a new one"):
        said = f"New configuration has been applied to worker pool [{POOL}]."
        run(f"replace {gcloud.file('pool.json', definition)}", said=said)
        pool = run(f"describe {POOL} --format json").json()
        first = pool["status"]["latestReadyRevisionName"]
        expect(first.startswith(f"{POOL}-00001-"), first)
        expect(pool["metadata"]["annotations"]["run.googleapis.com/launch-stage"] == "BETA", pool["metadata"])

    with step("worker-pools replace: another variable, a second revision", needed=False):
        exported = run(f"describe {POOL} --format export").stdout
        changed = "".join(line for line in exported.splitlines(True) if "namespace:" not in line)
        changed = changed.replace(f"image: {IMAGE}", f"image: {IMAGE}:2")
        run(f"replace {gcloud.file('pool.yaml', changed)}", said="New configuration has been applied")
        pool = run(f"describe {POOL} --format json").json()
        expect(pool["metadata"]["generation"] == 2, pool["metadata"])
        expect(pool["status"]["latestReadyRevisionName"] != first, pool["status"])

    with step("worker-pools describe", needed=False):
        text = run(f"describe {POOL}").stdout
        for said in (f"✔ WorkerPool {POOL} in region {REGION}", f"{IMAGE}:2"):
            expect(said in text, text)

    with step("worker-pools list", needed=False):
        for region in ("", f"--region {REGION}"):
            rows = [row[:3] for row in run(f"list {region}").rows()]
            expect(rows == [["✔", POOL, REGION]], rows)

    with step("worker-pools revisions list and describe", needed=False):
        rows = run(f"revisions list --worker-pool {POOL}").rows()
        expect(len(rows) == 2 and first in [row[1] for row in rows], rows)
        text = run(f"revisions describe {first}").stdout
        expect(f"Revision {first} in region {REGION}" in text, text)
        run(f"revisions describe {POOL}-nowhere", code=1, said=f"Cannot find revision [{POOL}-nowhere]")

    with step("worker-pools replace: an unknown field, exit 1", needed=False):
        wrong = definition | {
            "spec": {"template": {"spec": {"containers": [{"image": IMAGE, "imagine": "1"}]}}}
        }
        run(f"replace {gcloud.file('wrong.json', wrong)}", code=1, said="imagine")


def domain_mappings(gcloud):
    def run(command, **expected):
        return gcloud(f"beta run domain-mappings {command} --region {REGION}", **expected)

    mapping = f"--domain {DOMAIN}"

    with step("deploy a service to map"):
        gcloud(f"run deploy {SERVICE} --image {IMAGE} --allow-unauthenticated")

    with step("domain-mappings describe: there is none, exit 1"):
        run(f"describe {mapping}", code=1, said=f"NOT_FOUND: Resource '{DOMAIN}'")

    with step("domain-mappings create: a domain of others, exit 1", needed=False):
        said = ("does not appear to be verified", "* example.com")
        run(f"create --service {SERVICE} --domain www.example.org", code=1, said=said)

    with step("domain-mappings create: the records"):
        rows = run(f"create --service {SERVICE} {mapping}", said="Creating").rows()
        expect(rows and all(len(row) == 3 for row in rows), rows)

    with step("domain-mappings create: it is mapped, exit 1", needed=False):
        said = f"Domain mapping to [{DOMAIN}] already exists in this region."
        run(f"create --service {SERVICE} {mapping}", code=1, said=said)

    with step("domain-mappings list", needed=False):
        rows = run("list").rows()
        expect([row[-3:] for row in rows] == [[DOMAIN, SERVICE, REGION]], rows)

    with step("domain-mappings describe", needed=False):
        found = run(f"describe {mapping} --format json").json()
        expect(found["spec"]["routeName"] == SERVICE and found["status"]["resourceRecords"], found)

    with step("domain-mappings: not by GA, exit 1", needed=False):
        gcloud("run domain-mappings list", code=1, said="beta run domain-mappings")

    with step("domain-mappings delete"):
        run(f"delete {mapping}", said=f"Mappings to [{DOMAIN}] now have been deleted.")
        run(f"delete {mapping}", code=1, said="ERROR: (gcloud.beta.run.domain-mappings.delete)")

    with step("services delete: the mapped one"):
        gcloud(f"run services delete {SERVICE}")
