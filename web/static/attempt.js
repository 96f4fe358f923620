// How does an attempt's page stay up to date? The server renders it; this asks for it again when something has changed.

import { subscribe } from "./live.js";

const shown = () => document.getElementById("attempt");
let running = false;
let again = false;

async function refresh() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  do {
    again = false;
    await show().catch(() => {});
  } while (again);
  running = false;
}

async function show() {
  const response = await fetch(location.href, { cache: "no-store" });
  // The session has ended, or it is somebody else's now: the sign-in leads back here, and a page says that nothing is here.
  if (response.redirected || response.status === 404) return location.reload();
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const focused = shown().contains(document.activeElement);
  shown().replaceWith(page.getElementById("attempt"));
  document.title = page.title;
  if (focused) shown().querySelector("a")?.focus();
  const news = document.getElementById("news");
  const latest = page.getElementById("news").textContent;
  if (news.textContent !== latest) news.textContent = latest;
  if (shown().dataset.final === "yes") end();
}

const end = subscribe(shown().dataset.changes, { id: shown().dataset.attempt }, refresh);
