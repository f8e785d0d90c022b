// Keeps the page up to date without reloading it. Its links and forms lead to the same addresses without this script.
"use strict";

const GROWING = new Set(["history", "log"]);
let source, followed, opened;

// Put what the server sends where it belongs. Focus and scrolling stay where they are; what grows stays at its end.
function put(regions) {
  for (const [id, html] of Object.entries(regions)) {
    const region = document.getElementById(id);
    const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
    const before = region.querySelector(".scroll");
    const top = before?.scrollTop ?? 0;
    const atEnd = !before || before.scrollHeight - before.clientHeight - top < 4;
    region.innerHTML = html;
    const after = region.querySelector(".scroll");
    if (after) after.scrollTop = GROWING.has(id) && atEnd ? after.scrollHeight : top;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
  follow();
}

// Bring the state where the run is, and a mail that was opened, into view, once: afterwards, who reads scrolls as they like.
function follow() {
  const graph = document.getElementById("graph");
  const state = graph.querySelector(".now, .good, .bad");
  const at = `${state?.dataset.state} of ${document.querySelector("#run code")?.textContent}`;
  if (state && at !== followed) {
    const [box, frame] = [state.getBoundingClientRect(), graph.getBoundingClientRect()];
    graph.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
  }
  followed = at;
  const mail = document.querySelector(".mail:has(.body)");
  const number = mail?.querySelector("a").id ?? "";
  if (mail && opened !== undefined && number !== opened) mail.scrollIntoView({ block: "nearest" });
  opened = number;
}

function listen() {
  source?.close();
  source = new EventSource(`/events${location.search}`);
  const live = document.getElementById("live");
  source.onopen = () => { live.textContent = "Live"; live.className = "on"; };
  source.onerror = () => { live.textContent = "Not connected"; live.className = "off"; };
  source.onmessage = (event) => put(JSON.parse(event.data));
}

function show(address) {
  history.pushState(null, "", address);
  listen();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-show]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link.href);
});

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const said = document.getElementById("said");
  event.submitter.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "post", body: new URLSearchParams(new FormData(form)) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    said.textContent = answer.ok ? "" : page.querySelector("main p").textContent;
    if (answer.ok) {
      if (form.closest("#start")) form.reset();
      show(answer.url);
    }
  } catch {
    said.textContent = "The sandbox does not answer.";
  } finally {
    event.submitter.disabled = false;
  }
});

window.addEventListener("popstate", listen);
listen();
