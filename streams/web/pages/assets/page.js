// Keeps the page as the server has it, says when it is not, and does what a person asks for after asking back.
"use strict";

const QUIET = 5_000;
const AGAIN = 2_000;
const link = document.getElementById("link");
let heard = 0;

const say = (state, words) => {
  if (link.dataset.state === state) return;
  link.dataset.state = state;
  link.textContent = words;
  document.body.classList.toggle("old", state !== "live");
};

// What changed ------------------------------------------------------------------------------------

const put = (element, html) => {
  if (element.markup !== html) {
    element.markup = html;
    element.innerHTML = html;
  }
};

const parsed = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
};

// Cells that are the same stay, so that the focus and a selection do too.
const putRow = (row, html) => {
  if (row.markup === html) return;
  const fresh = parsed(html);
  row.markup = html;
  if (row.cells.length !== fresh.cells.length) { row.replaceChildren(...fresh.cells); return; }
  [...fresh.cells].forEach((cell, at) => {
    const old = row.cells[at];
    if (old.className !== cell.className) old.className = cell.className;
    if (old.innerHTML !== cell.innerHTML) old.innerHTML = cell.innerHTML;
  });
};

const putRows = (list, { rows, order }) => {
  const known = new Map([...list.rows].map((row) => [row.dataset.key, row]));
  for (const [key, html] of Object.entries(rows)) {
    if (known.has(key)) putRow(known.get(key), html);
    else {
      const row = parsed(html);
      row.markup = html;
      known.set(key, row);
    }
  }
  if (!order) return;
  const wanted = order.map((key) => known.get(key)).filter(Boolean);
  wanted.forEach((row, at) => { if (list.rows[at] !== row) list.insertBefore(row, list.rows[at] ?? null); });
  while (list.rows.length > wanted.length) list.deleteRow(-1);
};

const apply = ({ pieces = {}, lists = {} }) => {
  for (const [name, html] of Object.entries(pieces)) {
    const element = document.getElementById(name);
    if (element) put(element, html);
  }
  for (const [name, change] of Object.entries(lists)) {
    const list = document.getElementById(name);
    if (list) putRows(list, change);
  }
};

// Live --------------------------------------------------------------------------------------------

const connect = () => {
  const source = new EventSource(`/live?page=${encodeURIComponent(decodeURIComponent(location.pathname))}`);
  source.onmessage = (event) => {
    heard = performance.now();
    apply(JSON.parse(event.data));
    say("live", "live");
  };
  source.onerror = () => {
    say("lost", "disconnected, trying again");
    if (source.readyState === EventSource.CLOSED) setTimeout(comeBack, AGAIN);
  };
};

// After a restart the page may be another one, or want a login.
const comeBack = async () => {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok) throw new Error(answer.status);
    if (meta(fresh, "version") !== meta(document, "version")) { location.reload(); return; }
    document.querySelector('meta[name="csrf"]').content = meta(fresh, "csrf");
    connect();
  } catch {
    setTimeout(comeBack, AGAIN);
  }
};

const meta = (page, name) => page.querySelector(`meta[name="${name}"]`)?.content;

setInterval(() => {
  if (heard && link.dataset.state === "live" && performance.now() - heard > QUIET) say("stale", "nothing new");
}, 1_000);

connect();

// What a person asks for --------------------------------------------------------------------------

const said = document.getElementById("said");
let silent;

const tell = (words, kind) => {
  said.textContent = words;
  said.className = kind;
  said.hidden = false;
  clearTimeout(silent);
  silent = setTimeout(() => { said.hidden = true; }, 8_000);
};

const act = async (method, url, body) => {
  tell("Asked; waiting for the decision …", "");
  try {
    const answer = await fetch(`${url}?wait=10`, {
      method, body: body ?? (method === "DELETE" ? undefined : "{}"),
      headers: { "Content-Type": "application/json", "X-Ghostfill-CSRF": meta(document, "csrf") },
    });
    const told = await answer.json();
    if (!answer.ok) tell(told.detail ?? told.title, "bad");
    else if (answer.status === 202) tell("Asked, but not decided yet: the desk answers at the market's next record.", "");
    else tell(answered(told), "good");
    return answer.ok;
  } catch {
    tell("The server does not answer: whether it was done is not known.", "bad");
    return false;
  }
};

const answered = (told) => {
  if (told.commands) return `${told.commands.length === 1 ? "1 account" : `${told.commands.length} accounts`}: asked and decided.`;
  if (told.decisions) return told.decisions.map((each) => `${each.account}: ${each.decision}${each.reason ? `, ${each.reason}` : ""}`).join("; ");
  return "Accepted.";
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.dialog) document.getElementById(button.dataset.dialog).showModal();
  if ("close" in button.dataset) button.closest("dialog").close();
  if (button.dataset.ask) askBack(button);
});

const askBack = (button) => {
  const dialog = document.getElementById("confirm");
  const { method, url, body, ask } = button.dataset;
  document.getElementById("question").textContent = ask;
  document.getElementById("yes").textContent = button.textContent;
  dialog.returnValue = "no";
  dialog.showModal();
  dialog.onclose = () => { if (dialog.returnValue === "yes") act(method, url, body); };
};

for (const form of document.querySelectorAll("form[data-form]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = {};
    for (const field of form.elements) {
      if (!field.name || field.value === "" || ("changes" in form.dataset && field.value === field.defaultValue)) continue;
      values[field.name] = field.dataset.kind === "list" ? field.value.split(",").map((each) => each.trim()).filter(Boolean) : field.value;
    }
    form.closest("dialog").close();
    if (!Object.keys(values).length) { tell("Nothing was changed.", ""); return; }
    const body = form.dataset.into ? { [form.dataset.into]: values } : values;
    const done = await act(form.dataset.method, form.dataset.url, JSON.stringify(body));
    if (done) for (const field of form.elements) if ("defaultValue" in field) field.defaultValue = field.value;
  });
}
