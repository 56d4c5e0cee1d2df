"use strict";
// Draws the whole view whenever the emulator sends one. Text goes in as text: names and messages are others' words.

const byId = (id) => document.getElementById(id);

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function link(url, text) {
  const made = element("a", "", text);
  made.href = url;
  return made;
}

function condition({ kind, status, reason }) {
  const known = ["True", "False"].includes(status) ? status : "Unknown";
  const made = element("li", known, kind, reason ? element("span", "soft", ` ${reason}`) : null);
  made.title = status;
  return made;
}

// What the deciding condition says, unless all is well.
function messages(all) {
  const telling = ({ kind, status, message }) => ["Ready", "Completed"].includes(kind) && status !== "True" && message;
  return all.filter(telling);
}

function conditions(all) {
  const said = messages(all).map(({ message }) => element("li", "message", message));
  return element("ul", "conditions", ...all.map(condition), ...said);
}

// Conditions of these kinds within a line.
function marks(all, ...kinds) {
  return all.filter(({ kind }) => kinds.includes(kind)).map((one) => {
    const shown = condition(one);
    return element("span", shown.className, ...shown.childNodes);
  });
}

function bar(traffic) {
  const made = element("div", "bar");
  for (const target of traffic.filter((target) => target.percent > 0)) {
    const share = element("div", "share", `${target.percent}% ${target.revision}`);
    share.style.flexGrow = target.percent;
    share.title = `${target.revision}: ${target.percent}%`;
    made.append(share);
  }
  return made;
}

function tags(traffic) {
  const tagged = traffic.filter((target) => target.tag);
  const tag = (target) => element("li", "", target.url ? link(target.url, target.tag) : target.tag, ` → ${target.revision}`);
  return tagged.length ? element("ul", "conditions tags", ...tagged.map(tag)) : null;
}

function revision({ name, image, conditions: all }) {
  const made = element("li", "", element("span", "revision", name), ...marks(all, "Ready", "Active"));
  if (image) made.append(element("span", "soft", image.replace(/(@sha256:\w{12})\w+/, "$1…")));
  return made;
}

function more(count, what) {
  return count ? element("p", "soft", `and ${count} more ${what}`) : null;
}

function heading(one) {
  const behind = one.observedGeneration !== one.generation ? `, observed ${one.observedGeneration ?? "none"}` : "";
  return element("header", "",
    element("h3", "", one.url ? link(one.url, one.name) : one.name),
    element("span", "soft", `${one.region}, project ${one.project}, generation ${one.generation}${behind}`),
    one.deleting ? element("strong", "bad", "being deleted") : null);
}

function service(one) {
  const made = element("article", "", heading(one),
    conditions(one.conditions), bar(one.traffic), tags(one.traffic),
    element("ul", "revisions", ...one.revisions.map(revision)), more(one.moreRevisions, "revisions"));
  made.dataset.service = one.name;
  return made;
}

function execution(one) {
  const counts = ["running", "succeeded", "failed", "cancelled"].filter((what) => one[what] > 0);
  const all = `${one.tasks} ${one.tasks === 1 ? "task" : "tasks"}`;
  return element("li", "", element("span", "revision", one.name), ...marks(one.conditions, "Completed"),
    element("span", "tasks", [all, ...counts.map((what) => `${one[what]} ${what}`)].join(", ")),
    ...messages(one.conditions).map(({ message }) => element("span", "message", message)));
}

function job(one) {
  const made = element("article", "", heading(one), conditions(one.conditions),
    element("ul", "revisions", ...one.executions.map(execution)), more(one.moreExecutions, "executions"));
  made.dataset.job = one.name;
  return made;
}

function request({ method, path, status, fault }) {
  const outcome = [status || "no answer", fault ? `(${fault})` : ""].join(" ");
  return element("tr", "", element("td", "", method), element("td", "", path),
    element("td", status >= 400 || fault ? "bad" : "", outcome));
}

function draw(view) {
  const services = view.services.map(service);
  const nothing = element("p", "soft", "There are no services yet.");
  byId("services").replaceChildren(...(services.length ? services : [nothing]), more(view.moreServices, "services") ?? "");
  const jobs = view.jobs.map(job);
  byId("jobs-section").hidden = jobs.length === 0;
  byId("jobs").replaceChildren(...jobs, more(view.moreJobs, "jobs") ?? "");
  byId("requests").replaceChildren(...view.requests.map(request));
  const faults = view.faults ?? [];
  byId("faults-section").hidden = faults.length === 0;
  byId("faults").replaceChildren(...faults.map((fault) => element("li", "", fault)));
}

const source = new EventSource("/__emulator/watch");
source.onopen = () => { byId("link").textContent = "live"; };
source.onerror = () => { byId("link").textContent = "the emulator does not answer"; };
source.onmessage = (event) => draw(JSON.parse(event.data));
