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

function conditions(all) {
  const list = element("ul", "conditions", ...all.map(condition));
  for (const { kind, status, message } of all) {
    if (kind === "Ready" && status !== "True" && message) list.append(element("li", "message", message));
  }
  return list;
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
  const ready = all.filter(({ kind }) => kind === "Ready" || kind === "Active");
  const made = element("li", "", element("span", "revision", name), ...ready.map((one) => {
    const shown = condition(one);
    return element("span", shown.className, ...shown.childNodes);
  }));
  if (image) made.append(element("span", "soft", image.replace(/(@sha256:\w{12})\w+/, "$1…")));
  return made;
}

function more(count, what) {
  return count ? element("p", "soft", `and ${count} more ${what}`) : null;
}

function service(one) {
  const behind = one.observedGeneration !== one.generation ? `, observed ${one.observedGeneration ?? "none"}` : "";
  const made = element("article", "",
    element("header", "",
      element("h3", "", one.url ? link(one.url, one.name) : one.name),
      element("span", "soft", `${one.region}, project ${one.project}, generation ${one.generation}${behind}`),
      one.deleting ? element("strong", "bad", "being deleted") : null),
    conditions(one.conditions), bar(one.traffic), tags(one.traffic),
    element("ul", "revisions", ...one.revisions.map(revision)), more(one.moreRevisions, "revisions"));
  made.dataset.service = one.name;
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
  byId("requests").replaceChildren(...view.requests.map(request));
  const faults = view.faults ?? [];
  byId("faults-section").hidden = faults.length === 0;
  byId("faults").replaceChildren(...faults.map((fault) => element("li", "", fault)));
}

const source = new EventSource("/__emulator/watch");
source.onopen = () => { byId("link").textContent = "live"; };
source.onerror = () => { byId("link").textContent = "the emulator does not answer"; };
source.onmessage = (event) => draw(JSON.parse(event.data));
