// Keeps the page as the server has it, says when it is not, and does what a person asks for after asking back.
"use strict";

const QUIET = 5_000;
const GIVEN_UP = 15_000;
const STILL = 10_000;
const SELDOM = 5_000;
const AGAIN = 2_000;
const PATIENCE = 10_000;

const the = (id) => document.getElementById(id);
const meta = (page, name) => page.querySelector(`meta[name="${name}"]`)?.content;
const clock = () => new Date().toLocaleTimeString([], { hour12: false });

// How live it is ----------------------------------------------------------------------------------

const link = the("link");
const title = document.title;
const WORDS = { connecting: "connecting", live: "live", stale: "stale", lost: "disconnected" };
const AWAY = {
  stale: (since) => `Nothing has come since ${since}: what you see is as of then.`,
  lost: (since) => `Disconnected since ${since}: what you see is as of then. This page comes back by itself once Ghostfill runs.`,
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
    still.textContent = `No market record has come since ${movedAt}: prices and accounts stand still. The market is closed, or its feed has stopped.`;
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

// What changed ------------------------------------------------------------------------------------

const FOCUSED = "a, button, select, input";

// The focus stays at the same place, though what was there is made anew.
const fill = (element, html) => {
  const at = element.contains(document.activeElement) ? [...element.querySelectorAll(FOCUSED)].indexOf(document.activeElement) : -1;
  element.innerHTML = html;
  if (at >= 0) element.querySelectorAll(FOCUSED)[at]?.focus({ preventScroll: true });
};

const put = (name, html) => {
  const element = the(name);
  if (!element || element.markup === html) return;
  if ("reloads" in element.dataset) { location.reload(); return; }
  if (name === "market-time" && element.markup !== undefined) move();
  element.markup = html;
  fill(element, html);
};

// What is the same stays, so that the focus and a selection do too, and little is laid out anew.
const become = (shown, fresh) => {
  if (shown.isEqualNode(fresh)) return;
  if (shown.nodeType === Node.TEXT_NODE && fresh.nodeType === Node.TEXT_NODE) shown.data = fresh.data;
  else if (shown.nodeName !== fresh.nodeName) shown.replaceWith(fresh.cloneNode(true));
  else {
    dress(shown, fresh);
    const [parts, wanted] = [shown.childNodes, fresh.childNodes];
    if (parts.length === wanted.length) parts.forEach((part, at) => become(part, wanted[at]));
    else fill(shown, fresh.innerHTML);
  }
};

const dress = (shown, fresh) => {
  for (const name of shown.getAttributeNames()) if (!fresh.hasAttribute(name)) shown.removeAttribute(name);
  for (const name of fresh.getAttributeNames()) {
    if (shown.getAttribute(name) !== fresh.getAttribute(name)) shown.setAttribute(name, fresh.getAttribute(name));
  }
};

const parsed = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
};

// Rows far out of sight change too, but seldom: a hundred accounts change all the time, and a screen shows twenty.
const far = new Set();
const late = new Map();

const catchUp = (row) => {
  if (late.has(row)) become(row, parsed(late.get(row)));
  late.delete(row);
};

const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) { far.delete(target); catchUp(target); } else if (target.isConnected) far.add(target);
  }
}, { rootMargin: "50%" });

const leave = (row) => {
  sight.unobserve(row);
  far.delete(row);
  late.delete(row);
  row.remove();
};

setInterval(() => [...late.keys()].forEach(catchUp), SELDOM);
document.querySelectorAll("[data-list] > tr").forEach((row) => sight.observe(row));

const putRows = (list, { rows, order }) => {
  const known = new Map([...list.rows].map((row) => [row.dataset.key, row]));
  for (const [key, html] of Object.entries(rows)) {
    const shown = known.get(key);
    if (!shown) known.set(key, parsed(html));
    else if (far.has(shown)) late.set(shown, html);
    else become(shown, parsed(html));
  }
  if (order) arrange(list, order.map((key) => known.get(key)).filter(Boolean));
};

// Who had the focus keeps it; where the row is gone, its table has it.
const arrange = (list, wanted) => {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const stays = new Set(wanted);
  for (const row of [...list.rows]) if (!stays.has(row)) leave(row);
  wanted.forEach((row, at) => {
    if (!row.isConnected) sight.observe(row);
    if (list.rows[at] !== row) list.insertBefore(row, list.rows[at] ?? null);
  });
  if (focused && focused !== document.activeElement) {
    const next = focused.isConnected ? focused : list.rows.length ? list.closest(".wide") : the("main");
    next.focus({ preventScroll: true });
  }
};

const apply = ({ pieces = {}, lists = {} }) => {
  for (const [name, html] of Object.entries(pieces)) put(name, html);
  for (const [name, change] of Object.entries(lists)) {
    const list = the(name);
    if (list) putRows(list, change);
  }
};

// Live --------------------------------------------------------------------------------------------

let source;
let again;

const connect = () => {
  source?.close();
  source = new EventSource(`/live?page=${encodeURIComponent(decodeURIComponent(location.pathname))}`);
  source.onmessage = (event) => { apply(JSON.parse(event.data)); hear(); };
  source.onerror = lose;
};

const lose = () => {
  source?.close();
  say("lost");
  clearTimeout(again);
  again = setTimeout(comeBack, AGAIN);
};

// After a restart the page may be another one, or want a login.
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

// What a person asks for --------------------------------------------------------------------------

const said = the("said");
let silent;

const tell = (words, kind) => {
  said.textContent = words;
  said.className = kind;
  said.hidden = false;
  clearTimeout(silent);
  silent = setTimeout(() => { said.hidden = true; }, 8_000);
};

const act = async (what, method, url, body) => {
  tell(`${what}: asked, waiting for the decision …`, "");
  try {
    const answer = await fetch(`${url}?wait=10`, {
      method, body: body ?? (method === "DELETE" ? undefined : "{}"),
      headers: { "Content-Type": "application/json", "X-Ghostfill-CSRF": meta(document, "csrf") },
    });
    const told = await answer.json();
    if (!answer.ok) tell(`${what}: ${told.detail ?? told.title}`, "bad");
    else if (answer.status === 202) tell(`${what}: asked, but not decided yet; the desk answers at the market's next record.`, "");
    else tell(`${what}: ${answered(told)}`, "good");
    return answer.ok;
  } catch {
    tell(`${what}: the server does not answer; whether it was done is not known.`, "bad");
    return false;
  }
};

const answered = (told) => {
  if (told.commands) return `${told.commands.length === 1 ? "1 account" : `${told.commands.length} accounts`}, asked and decided.`;
  if (told.decisions) return told.decisions.map((each) => `${each.account} ${each.decision}${each.reason ? `, ${each.reason.replaceAll("_", " ")}` : ""}`).join("; ");
  return "accepted.";
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.dialog) show(the(button.dataset.dialog));
  if ("close" in button.dataset) button.closest("dialog").close();
  if (button.dataset.ask) askBack(button);
});

// As it is now; only what was refused is there as it was typed.
const show = async (dialog) => {
  if (link.dataset.state === "live" && !("refused" in dialog.dataset)) {
    try {
      dialog.replaceChildren(...(await fetched()).getElementById(dialog.id).childNodes);
    } catch { /* the page says that it is not live */ }
  }
  if (!dialog.open) dialog.showModal();
};

const askBack = (button) => {
  const dialog = the("confirm");
  const { method, url, body, ask } = button.dataset;
  const what = button.textContent;
  the("question").textContent = ask;
  the("yes").textContent = what;
  dialog.returnValue = "no";
  dialog.showModal();
  dialog.onclose = () => {
    if (!button.isConnected) the("main").focus({ preventScroll: true });
    if (dialog.returnValue === "yes") act(what, method, url, body);
  };
};

const valuesOf = (form) => {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || field.value === "" || ("changes" in form.dataset && field.value === field.defaultValue)) continue;
    values[field.name] = field.dataset.kind === "list" ? field.value.split(",").map((each) => each.trim()).filter(Boolean) : field.value;
  }
  return values;
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("form" in form.dataset)) return;
  event.preventDefault();
  const dialog = form.closest("dialog");
  const values = valuesOf(form);
  const what = form.querySelector("h2").textContent;
  dialog.close();
  if (!Object.keys(values).length) { tell(`${what}: nothing was changed.`, ""); return; }
  const body = form.dataset.into ? { [form.dataset.into]: values } : values;
  const done = await act(what, form.dataset.method, form.dataset.url, JSON.stringify(body));
  dialog.toggleAttribute("data-refused", !done);
});
