// Keeps the page up to date without reloading it. Its links and forms lead to the same addresses without this script.
"use strict";

const REGIONS = ["inbox", "requests", "run", "graph", "history", "events", "chat", "log"];
const GROWING = ["history", "events", "chat", "log"];
const LOOK = 500; // milliseconds between two looks at what is new
const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");
const seen = {};
let timer, followed;

// Put what has changed where it belongs. Focus, scrolling and open mails stay as they are; what grows stays at its end.
function put(page) {
  for (const id of REGIONS.filter((one) => page.getElementById(one))) {
    const html = page.getElementById(id).innerHTML;
    if (html === seen[id]) continue;
    seen[id] = html;
    const region = document.getElementById(id);
    const [mails, all] = [region, page.getElementById(id)].map((one) => one.querySelector(".mails"));
    if (mails) {
      mails.prepend(...[...all.children].slice(0, -mails.children.length)); // none changes, and a frame would load again
      continue;
    }
    const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
    const before = region.querySelector(".scroll");
    const top = before?.scrollTop ?? 0;
    const atEnd = !before || before.scrollHeight - before.clientHeight - top < 4;
    const open = [...region.querySelectorAll("details[open] > summary")].map(({ id }) => id);
    region.innerHTML = html;
    for (const mail of open) document.getElementById(mail).parentElement.open = true;
    const after = region.querySelector(".scroll");
    if (after) after.scrollTop = GROWING.includes(id) && atEnd ? after.scrollHeight : top;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
  follow();
}

// Bring the state where the run is into view, once: afterwards, who reads scrolls as they like.
function follow() {
  const graph = document.getElementById("graph");
  const state = graph.querySelector(".now, .good, .bad");
  const at = `${state?.dataset.state} of ${document.querySelector("#run code")?.textContent}`;
  if (state && at !== followed) {
    const [box, frame] = [state.getBoundingClientRect(), graph.getBoundingClientRect()];
    graph.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
  }
  followed = at;
}

async function look() {
  clearTimeout(timer);
  const [shown, live] = [location.href, document.getElementById("live")];
  try {
    const page = await parsed(await fetch(shown));
    if (shown !== location.href) return; // another look has begun
    put(page);
    [live.textContent, live.className] = ["Live", "on"];
  } catch {
    [live.textContent, live.className] = ["Not connected", "off"];
  }
  clearTimeout(timer);
  timer = setTimeout(look, LOOK);
}

function show(address) {
  history.pushState(null, "", address);
  look();
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
    said.textContent = answer.ok ? "" : (await parsed(answer)).querySelector("main p").textContent;
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

window.addEventListener("popstate", look);
look();
