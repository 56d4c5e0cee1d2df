"""Traffic and revisions by gcloud: splits, tags, and what becomes of revisions, routes and configurations."""

from steps import IMAGE, REGION, expect, step, visit

NAME = "gcloud-traffic"
CANARY = f"{NAME}-canary"
LATEST = "LATEST"


def walk(gcloud):
    def run(command, **expected):
        return gcloud(f"run {command}", **expected)

    def described():
        return run(f"services describe {NAME} --format json").json()

    def shares(part):
        """The percentages of a service's spec or status."""
        targets = [target for target in described()[part]["traffic"] if target.get("percent")]
        return {target.get("revisionName", LATEST): target["percent"] for target in targets}

    def tags():
        return {t["tag"]: t["url"] for t in described()["status"]["traffic"] if t.get("tag")}

    def split(command="", **expected):
        return run(f"services update-traffic {NAME} {command}", **expected)

    with step("deploy: the first revision"):
        run(f"deploy {NAME} --image {IMAGE} --allow-unauthenticated --revision-suffix first")
        first = f"{NAME}-first"
        expect(described()["status"]["latestReadyRevisionName"] == first, described()["status"])

    with step("deploy --no-traffic --tag: a second revision"):
        settings = "--revision-suffix canary --no-traffic --tag next --set-env-vars RELEASE=canary"
        said = (
            "has been deployed and is serving 0 percent of traffic",
            "The revision can be reached directly at http",
        )
        run(f"deploy {NAME} --image {IMAGE} {settings}", said=said)
        service = described()
        expect(service["status"]["latestReadyRevisionName"] == CANARY, service["status"])
        expect(shares("spec") == {first: 100}, service["spec"])
        status, page = visit(gcloud.address, service["status"]["url"])
        expect(status == 200 and first in page, f"{status}: {page}")

    with step("the tag's own address", needed=False):
        status, page = visit(gcloud.address, tags()["next"])
        expect(status == 200 and CANARY in page, f"{status}: {page}")

    with step("update-traffic --to-revisions"):
        table = split(f"--to-revisions {CANARY}=10", said="Routing traffic").stdout
        expect(all(text in table for text in ("90%", "10%", "next: http", "URL: http")), table)
        expect(shares("status") == {first: 90, CANARY: 10}, described()["status"])

    with step("update-traffic --to-tags", needed=False):
        split("--to-tags next=25")
        expect(shares("status") == {first: 75, CANARY: 25}, described()["status"])

    with step("update-traffic --set-tags", needed=False):
        split(f"--set-tags stable={first},trial={CANARY}")
        expect(set(tags()) == {"stable", "trial"}, tags())

    with step("update-traffic --update-tags --remove-tags", needed=False):
        split(f"--update-tags newest={LATEST}")
        split("--remove-tags trial")
        expect(set(tags()) == {"stable", "newest"}, tags())

    with step("services describe", needed=False):
        text = run(f"services describe {NAME}").stdout
        for said in (
            f"✔ Service {NAME} in region {REGION}",
            f"75% {first}",
            f"25% {CANARY}",
            "stable: http://",
        ):
            expect(said in text, text)

    with step("update-traffic --clear-tags", needed=False):
        split("--clear-tags")
        expect(tags() == {}, tags())

    with step("update-traffic --to-latest"):
        split("--to-latest")
        expect(shares("spec") == {LATEST: 100} and shares("status") == {CANARY: 100}, described()["spec"])

    with step("update-traffic --format json prints the targets", needed=False):
        targets = split("--to-latest --format json").json()
        expect(
            [(t["key"], t["displayRevisionId"]) for t in targets]
            == [(LATEST, f"LATEST (currently {CANARY})")],
            targets,
        )

    with step("update-traffic: more than everything, exit 1", needed=False):
        said = "Over 100% of traffic is specified"
        split(f"--to-revisions {first}=60,{CANARY}=60", code=1, said=said)

    with step("update-traffic: an unknown revision, exit 1", needed=False):
        said = ("Updating traffic failed", f"'{NAME}-nowhere'")
        split(f"--to-revisions {NAME}-nowhere=10", code=1, said=said)
        split("--to-latest")

    with step("update-traffic: an unknown tag, exit 1", needed=False):
        split("--to-tags nobody=10", code=1, said="nobody")

    with step("update-traffic: nothing said, exit 1", needed=False):
        split(code=1, said="No traffic configuration change requested")

    with step("deploy: a revision's name that is taken, exit 1", needed=False):
        settings = "--revision-suffix canary --set-env-vars RELEASE=other"
        run(
            f"deploy {NAME} --image {IMAGE} {settings}",
            code=1,
            said=f"Revision named '{CANARY}' with different",
        )

    with step("revisions list", needed=False):
        rows = run(f"revisions list --service {NAME}").rows()
        found = {row[1]: "yes" in row for row in rows}
        expect(found == {CANARY: True, first: False}, rows)

    with step("revisions list --format", needed=False):
        selection = f"--service {NAME} --format value(metadata.name) --limit 1"
        expect(run(f"revisions list {selection}").stdout.split() == [CANARY], "not the newest")

    with step("revisions describe", needed=False):
        text = run(f"revisions describe {CANARY}").stdout
        for said in (f"✔ Revision {CANARY} in region {REGION}", "RELEASE", IMAGE):
            expect(said in text, text)
        revision = run(f"revisions describe {CANARY} --format json").json()
        expect(revision["metadata"]["labels"]["serving.knative.dev/service"] == NAME, revision["metadata"])
        expect(revision["status"]["imageDigest"].startswith(f"{IMAGE}@sha256:"), revision["status"])

    with step("revisions describe: there is none, exit 1", needed=False):
        run(f"revisions describe {NAME}-nowhere", code=1, said=f"Cannot find revision [{NAME}-nowhere]")

    with step("revisions delete: one that serves, exit 1", needed=False):
        said = f'Revision "{CANARY}" cannot be directly deleted because it is actively serving.'
        run(f"revisions delete {CANARY}", code=1, said=said)

    with step("revisions delete", needed=False):
        run(f"revisions delete {first}", said=f"Deleted revision [{first}]")
        names = run(f"revisions list --service {NAME} --format value(metadata.name)").stdout.split()
        expect(names == [CANARY], names)

    with step("revisions delete: there is none, exit 1", needed=False):
        run(f"revisions delete {first}", code=1, said=f"Revision [{first}] could not be found")

    with step("routes list and describe", needed=False):
        expect([row for row in run("routes list").rows() if NAME in row], "no row")
        route = run(f"routes describe {NAME} --format json").json()
        expect(route["status"]["traffic"][0]["revisionName"] == CANARY, route)
        run("routes describe nowhere", code=1, said="Cannot find route [nowhere]")

    with step("configurations list and describe", needed=False):
        expect([row for row in run("configurations list").rows() if NAME in row], "no row")
        configuration = run(f"configurations describe {NAME} --format json").json()
        expect(configuration["status"]["latestReadyRevisionName"] == CANARY, configuration)
        run("configurations describe nowhere", code=1, said="Cannot find configuration [nowhere]")

    with step("services delete, and with it the revisions"):
        run(f"services delete {NAME}")
        expect(run(f"revisions list --service {NAME}", said="Listed 0 items.").stdout == "", "a table")
