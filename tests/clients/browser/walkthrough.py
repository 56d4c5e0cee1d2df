"""The emulator's page for people, in a headless Chromium: walkthrough.py http://HOST:PORT

Services and jobs are made and changed through the API meanwhile; the page must follow without being loaded again. Pages of
other origins must not get anywhere, but services' pages to other services.
"""

import contextlib
import http.server
import json
import pathlib
import shutil
import sys
import threading
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from selenium import webdriver
from selenium.webdriver.common.by import By
from steps import DEADLINE_SECONDS, IMAGE, expect, finish, poll, step, walks

SERVICE = "on-the-page"
SERVICES = "/apis/serving.knative.dev/v1/namespaces/browser/services"
JOBS = "/apis/run.googleapis.com/v1/namespaces/browser/jobs"
POLICIES = "/v1/projects/browser/locations/us-central1/services"
# Chromium takes it for this machine's, as a name server of somebody's might say.
REBOUND = "rebound.example"
EXITS = "docker.io/run-emulator/exits"


def chromium():
    """A browser that talks to nobody but the emulator."""
    options = webdriver.ChromeOptions()
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-proxy-server",
        "--window-size=1200,1600",
        f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Named, so that nothing is looked for elsewhere.
    options.binary_location = shutil.which("chromium")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


class Api:
    """The emulator's API, by plain requests."""

    def __init__(self, address):
        self.address = address

    def __call__(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            return json.load(answer)


def template(value):
    return {"spec": {"containers": [{"image": IMAGE, "env": [{"name": "RELEASE", "value": value}]}]}}


def job_of(name, image):
    task = {"maxRetries": 0, "containers": [{"image": image}]}
    execution = {"taskCount": 3, "template": {"spec": task}}
    return {"metadata": {"name": name}, "spec": {"template": {"spec": execution}}}


def walk(browser, address):
    api = Api(address)
    article = f"article[data-service='{SERVICE}']"

    def texts(selector):
        # In one go: elements that are looked up and then read may have been drawn anew in between.
        script = "return Array.from(document.querySelectorAll(arguments[0]), one => one.textContent)"
        return browser.execute_script(script, selector)

    with step("the page opens and is live"):
        browser.get(f"{address}/")
        poll(lambda: browser.find_element(By.ID, "link").text, lambda text: text == "live")

    with step("a new service appears, and its conditions move to ready"):
        metadata = {"name": SERVICE}
        api("POST", SERVICES, {"metadata": metadata, "spec": {"template": template("one")}})
        poll(lambda: texts(f"{article} .conditions .True"), lambda found: "Ready" in found)
        expect(len(texts(f"{article} .revisions li")) == 1, texts(article))

    with step("a split shows as two shares"):
        service = api("GET", f"{SERVICES}/{SERVICE}")
        first = service["status"]["latestReadyRevisionName"]
        service["spec"]["template"] = template("two")
        service["spec"]["traffic"] = [
            {"revisionName": first, "percent": 75, "tag": "stable"},
            {"latestRevision": True, "percent": 25},
        ]
        api("PUT", f"{SERVICES}/{SERVICE}", service)
        shares = poll(lambda: texts(f"{article} .share"), lambda found: len(found) == 2)
        expect(shares[0] == f"75% {first}", shares)
        expect(texts(f"{article} .tags li") == [f"stable → {first}"], texts(f"{article} .tags li"))
        widths = browser.execute_script(
            "return Array.from(document.querySelectorAll(arguments[0]), one => one.getBoundingClientRect().width)",
            f"{article} .share",
        )
        poll(lambda: widths, lambda found: found[0] > found[1])

    with step("what fails says why"):
        service = api("GET", f"{SERVICES}/{SERVICE}")
        service["spec"]["traffic"] = [{"latestRevision": True, "percent": 100}]
        service["spec"]["template"]["spec"]["containers"][0]["image"] = "docker.io/run-emulator/missing"
        api("PUT", f"{SERVICES}/{SERVICE}", service)
        poll(lambda: texts(f"{article} .message"), lambda found: found and "not found" in found[0])

    with step("jobs show their executions, and what has become of the tasks"):
        for name, image, outcome in (("good", IMAGE, "3 tasks, 3 succeeded"), ("bad", EXITS, "3 tasks, 3 failed")):
            job = f"article[data-job='{name}']"
            api("POST", JOBS, job_of(name, image))
            poll(lambda: texts(f"{job} .conditions .True"), lambda found: "Ready" in found)
            api("POST", f"{JOBS}/{name}:run", {})
            poll(lambda: texts(f"{job} .tasks"), lambda found: found == [outcome])
        poll(lambda: texts("article[data-job='good'] .revisions .True"), lambda found: found == ["Completed"])
        poll(lambda: texts(f"{job} .revisions .message"), lambda found: found and "exit code: 1" in found[0])
        api("DELETE", f"{JOBS}/bad")
        poll(lambda: texts(job), lambda found: not found)

    with step("requests are listed, the newest first"):
        rows = poll(lambda: texts("#requests tr"), lambda found: found)
        expect(any(SERVICE in row for row in rows), rows)

    with step("a deleted service leaves the page"):
        api("DELETE", f"{SERVICES}/{SERVICE}")
        poll(lambda: texts(article), lambda found: not found)

    with step("the console has no errors"):
        errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        expect(not errors, errors)


class Stranger(http.server.BaseHTTPRequestHandler):
    """A web page of somebody's."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>stranger</title><p>hello")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def stranger():
    """The address of a page of another origin."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


# Says how a request ended: its status, or "opaque" if the page may not know, or "failed".
FETCH = """
const [url, options, done] = arguments;
fetch(url, options).then(answer => done(answer.type === "opaque" ? "opaque" : answer.status), () => done("failed"));
"""

# Submits a form, as a page that wants to see the answer must.
SUBMIT = """
const form = document.createElement("form");
form.method = "POST";
form.enctype = "text/plain";
form.action = arguments[0];
document.body.append(form);
form.submit();
"""


def walk_of_strangers(browser, address):
    api = Api(address)
    text = lambda: browser.execute_script("return document.body.textContent")
    fetch = lambda url, **options: browser.execute_async_script(FETCH, url, options)
    created = {"metadata": {"name": "by-a-stranger"}, "spec": {"template": template("one")}}
    plain = {"method": "POST", "mode": "no-cors", "headers": {"Content-Type": "text/plain"}}

    with stranger() as page:
        with step("a page of another origin changes nothing by the API and the admin paths"):
            browser.get(page)
            expect(fetch(address + SERVICES, **plain, body=json.dumps(created)) == "opaque", "another end")
            expect(fetch(f"{address}/__emulator/faults", **plain, body='{"fault": "conflict"}') == "opaque", "another end")
            expect(fetch(f"{address}/__emulator/faults", method="DELETE") == "failed", "a preflight that is granted")
            found = api("GET", SERVICES).get("items", [])
            expect(all(one["metadata"]["name"] != "by-a-stranger" for one in found), found)
            expect(api("GET", "/__emulator/faults") == [], api("GET", "/__emulator/faults"))

        with step("a page of another origin reads nothing"):
            for path in (SERVICES, "/__emulator/requests", "/"):
                expect(fetch(address + path) == "failed", path)
            refused = [one for one in api("GET", "/__emulator/requests") if one["status"] == 403]
            expect(len(refused) >= 6, refused)

        with step("a form of another origin is told why"):
            browser.execute_script(SUBMIT, address + SERVICES)
            poll(text, lambda found: "PERMISSION_DENIED" in found and "origin" in found)

        with step("a link leads to the emulator's page, which no other page shows in a frame"):
            browser.get(page)
            browser.execute_script("location.href = arguments[0]", f"{address}/")
            poll(lambda: browser.execute_script("return (document.getElementById('link') || {}).textContent"),
                 lambda found: found == "live")
            browser.get(page)
            browser.execute_script(
                "const f = document.createElement('iframe'); f.src = arguments[0]; document.body.append(f)",
                f"{address}/",
            )
            refused = lambda: [one for one in browser.get_log("browser") if "frame" in one["message"]
                               or "403" in one["message"]]
            poll(refused, lambda found: found)

    with step("a name that was made to lead to the emulator is not served"):
        port = urllib.parse.urlsplit(address).port
        for path in ("/", SERVICES, "/__emulator/requests"):
            browser.get(f"http://{REBOUND}:{port}{path}")
            poll(text, lambda found: "--allow-host" in found)

    with step("the emulator's own page may use it"):
        browser.get(f"{address}/")
        same = {"headers": {"Content-Type": "application/json"}, "body": json.dumps(api("GET", "/__emulator/delays"))}
        expect(fetch(f"{address}/__emulator/delays", method="PUT", **same) == 200, "a refusal")
        expect(fetch(address + SERVICES) == 200, "a refusal")

    with step("a service's page may call another service"):
        urls = {}
        for name in ("caller", "called"):
            api("POST", SERVICES, {"metadata": {"name": name}, "spec": {"template": template("one")}})
            public = [{"role": "roles/run.invoker", "members": ["allUsers"]}]
            api("POST", f"{POLICIES}/{name}:setIamPolicy", {"policy": {"bindings": public}})
            ready = lambda service: service.get("status", {}).get("url")
            service = poll(lambda: api("GET", f"{SERVICES}/{name}"), ready)
            urls[name] = service["status"]["url"]
        browser.get(urls["caller"])
        poll(text, lambda found: '"caller' in found)
        browser.execute_script(SUBMIT, urls["called"])
        poll(text, lambda found: '"called' in found)


if __name__ == "__main__":
    browser = chromium()
    try:
        walks((walk, browser, sys.argv[1]), (walk_of_strangers, browser, sys.argv[1]))
    finally:
        browser.quit()
    finish()
