// Receives changes while the page is visible, and says when the page may be out of date.
"use strict";

const QUIET = 5_000;
const GIVEN_UP = 15_000;
const STILL = 10_000;
const AGAIN = 2_000;
const PATIENCE = 10_000;

const meta = (page, name) => page.querySelector(`meta[name="${name}"]`)?.content;
const clock = () => new Date().toLocaleTimeString([], { hour12: false });

// How live it is ----------------------------------------------------------------------------------

const link = the("link");
const title = document.title;
const WORDS = { connecting: "connecting", live: "live", stale: "stale", lost: "disconnected" };
const AWAY = {
  stale: (since) => `No update since ${since}: what you see is from then.`,
  lost: (since) => `Disconnected since ${since}: what you see is from then. This page reconnects by itself once Ghostfill runs.`,
};
let heard = performance.now();
let heardAt = clock();

const say = (state) => {
  if (link.dataset.state === state) return;
  link.dataset.state = state;
  link.textContent = WORDS[state];
  document.body.classList.toggle("old", state !== "live");
  document.title = state in AWAY ? `▲ ${WORDS[state]} – ${title}` : title;
  the("away").hidden = !(state in AWAY);
  the("away").textContent = AWAY[state]?.(heardAt) ?? "";
};

const hear = () => {
  heard = performance.now();
  heardAt = clock();
  say("live");
};

let moved = performance.now();
let movedAt = clock();

const move = () => {
  moved = performance.now();
  movedAt = clock();
  the("still").hidden = true;
};

const lookAtMarket = () => {
  const still = the("still");
  const known = the("troubles").childElementCount || link.dataset.state !== "live";
  if (known || performance.now() - moved < STILL) still.hidden = true;
  else if (still.hidden) {
    still.textContent = `No market data since ${movedAt}: prices and accounts do not change. The market is closed, or its feed has stopped.`;
    still.hidden = false;
  }
};

setInterval(() => {
  if (document.hidden) return;
  const quiet = performance.now() - heard;
  if (link.dataset.state === "live" && quiet > QUIET) say("stale");
  if (link.dataset.state === "stale" && quiet > GIVEN_UP) lose();
  lookAtMarket();
}, 1_000);

// Live --------------------------------------------------------------------------------------------

let source;
let again;

const connect = () => {
  source?.close();
  source = new EventSource(`/live?page=${encodeURIComponent(decodeURIComponent(location.pathname) + location.search)}`);
  source.onmessage = (event) => { apply(JSON.parse(event.data)); hear(); };
  source.onerror = lose;
};

const lose = () => {
  source?.close();
  say("lost");
  clearTimeout(again);
  again = setTimeout(comeBack, AGAIN);
};

// After a restart the page may have changed, or ask for a login.
const comeBack = async () => {
  try {
    const fresh = await fetched();
    if (meta(fresh, "version") !== meta(document, "version")) { location.reload(); return; }
    document.querySelector('meta[name="csrf"]').content = meta(fresh, "csrf");
    if (!document.hidden) connect();
  } catch {
    lose();
  }
};

const fetched = async () => {
  const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
};

// A page out of sight asks for nothing: browsers have few connections for many tabs.
document.addEventListener("visibilitychange", () => {
  clearTimeout(again);
  source?.close();
  if (document.hidden) return;
  heard = moved = performance.now();
  comeBack();
});

if (!document.hidden) connect();
