"""Policies by gcloud: of services, and of jobs where there are any."""

from steps import IMAGE, expect, step, visit

INVOKER = "roles/run.invoker"
ANN = "user:ann@example.com"


def walk(gcloud):
    """The policy of a service, and that it counts."""

    def run(command, **expected):
        return gcloud(f"run {command}", **expected)

    name = "gcloud-policy"
    with step("deploy a private service"):
        run(f"deploy {name} --image {IMAGE} --no-allow-unauthenticated")
        url = run(f"services describe {name} --format value(status.url)").stdout.strip()

    def serves(status):
        found, page = visit(gcloud.address, url)
        expect(found == status, f"{found}: {page}")

    policy_of(gcloud, "services", name)

    with step("services: public by add-iam-policy-binding: 200"):
        serves(403)
        run(f"services add-iam-policy-binding {name} --member allUsers --role {INVOKER}")
        serves(200)

    with step("deploy --no-allow-unauthenticated: private again", needed=False):
        run(f"deploy {name} --image {IMAGE} --no-allow-unauthenticated", said="Setting IAM Policy")
        serves(403)

    with step("services delete"):
        run(f"services delete {name}")


def policy_of(gcloud, kind, name):
    """Reads and writes the policy of an object that has none yet."""

    def run(command, **expected):
        return gcloud(f"run {kind} {command}", **expected)

    def bindings():
        return run(f"get-iam-policy {name} --format json").json().get("bindings", [])

    with step(f"{kind} get-iam-policy: nobody"):
        expect(bindings() == [], bindings())

    with step(f"{kind} add-iam-policy-binding"):
        added = run(
            f"add-iam-policy-binding {name} --member {ANN} --role {INVOKER} --format json",
            said="Updated IAM policy for",
        )
        expected = [{"members": [ANN], "role": INVOKER}]
        expect(added.json()["bindings"] == expected and bindings() == expected, added.stdout)

    with step(f"{kind} remove-iam-policy-binding", needed=False):
        run(f"remove-iam-policy-binding {name} --member {ANN} --role {INVOKER}")
        expect(bindings() == [], bindings())

    with step(f"{kind} remove-iam-policy-binding: there is none, exit 1", needed=False):
        said = "Policy binding with the specified principal"
        run(f"remove-iam-policy-binding {name} --member {ANN} --role {INVOKER}", code=1, said=said)

    with step(f"{kind} set-iam-policy", needed=False):
        policy = run(f"get-iam-policy {name} --format json").json()
        policy["bindings"] = [{"members": [ANN], "role": "roles/run.viewer"}]
        file = gcloud.file("policy.json", policy)
        run(f"set-iam-policy {name} {file}")
        expect(bindings() == policy["bindings"], bindings())
        run(f"set-iam-policy {name} {file}", code=1, said="There were concurrent policy changes")

    with step(f"{kind} add-iam-policy-binding: somebody without a kind, exit 1", needed=False):
        run(
            f"add-iam-policy-binding {name} --member ann@example.com --role {INVOKER}",
            code=1,
            said="INVALID_ARGUMENT",
        )

    with step(f"{kind} get-iam-policy: there is none, exit 1", needed=False):
        run(f"get-iam-policy {name}-nowhere", code=1, said="NOT_FOUND")
