// Does what a button says, after a confirmation, and tells the result.
"use strict";

const said = the("said");
let silent;

const tell = (words, kind) => {
  said.textContent = words;
  said.className = kind;
  said.hidden = false;
  clearTimeout(silent);
  silent = setTimeout(() => { said.hidden = true; }, 8_000);
};

// Returns why it was refused; null if it was not.
const act = async (what, method, url, body) => {
  tell(`${what}: sent, waiting for the decision …`, "");
  try {
    const answer = await fetch(`${url}?wait=10`, {
      method, body: body ?? (method === "DELETE" ? undefined : "{}"),
      headers: { "Content-Type": "application/json", "X-Ghostfill-CSRF": meta(document, "csrf") },
    });
    const told = await answer.json();
    if (!answer.ok) tell(`${what}: ${told.detail ?? told.title}`, "bad");
    else if (answer.status === 202) tell(`${what}: sent, but not decided yet; the desk decides at the market's next record.`, "");
    else tell(`${what}: ${answered(told)}`, "good");
    return answer.ok ? null : told;
  } catch {
    const detail = "the server did not answer, so it may or may not have been done; check before you try again.";
    tell(`${what}: ${detail}`, "bad");
    return { detail };
  }
};

const answered = (told) => {
  if (told.commands) return `decided for ${told.commands.length === 1 ? "1 account" : `${told.commands.length} accounts`}.`;
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

// Shows the current values; only after a refusal the typed ones stay.
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

const parts = (text) => text.split(",").map((each) => each.trim()).filter(Boolean);
const KINDS = {
  list: parts,
  numbers: (text) => Object.fromEntries(parts(text).map((each) => each.split(/[\s=:]+(?=\S*$)/)).map(([name, number = ""]) => [name, number])),
};

// In a form that changes settings: the fields that were changed, also to empty. In other forms: the fields that are filled in.
const valuesOf = (form) => {
  const values = {};
  for (const field of form.elements) {
    const isSaid = "changes" in form.dataset ? field.value !== field.defaultValue : field.value !== "";
    if (field.name && isSaid) values[field.name] = (KINDS[field.dataset.kind] ?? String)(field.value);
  }
  return values;
};

const element = (name, kind, text) => Object.assign(document.createElement(name), { className: kind, textContent: text });

const forget = (form) => {
  form.querySelectorAll(".fault").forEach((each) => each.remove());
  form.querySelectorAll("[aria-invalid]").forEach((each) => each.removeAttribute("aria-invalid"));
};

// Each fault stands at its field, by the name that the field has here; the others at the end.
const mark = (form, { errors = [], detail, title: phrase }) => {
  said.hidden = true;
  const others = [];
  for (const { where, what } of errors) {
    const field = form.elements[where.split(".").find((each) => each !== "body")];
    if (!field?.labels?.length) { others.push(what); continue; }
    const name = field.labels[0].firstChild.textContent.trim();
    field.setAttribute("aria-invalid", "true");
    const within = where.split(".").slice(where.split(".").indexOf(field.name) + 1).join(" ");
    field.after(element("span", "fault", `${[name, within].filter(Boolean).join(", ")}: ${what}`));
  }
  const text = errors.length ? others.join("; ") : detail ?? phrase;
  if (text) form.querySelector(".buttons").before(Object.assign(element("p", "fault", text), { role: "alert" }));
  form.querySelector("[aria-invalid]")?.focus();
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("form" in form.dataset)) return;
  event.preventDefault();
  const dialog = form.closest("dialog");
  const values = valuesOf(form);
  const what = form.querySelector("h2").textContent;
  forget(form);
  if (!Object.keys(values).length) { dialog.close(); tell(`${what}: nothing was changed.`, ""); return; }
  const body = form.dataset.into ? { [form.dataset.into]: values } : values;
  const refused = await held(form, () => act(what, form.dataset.method, form.dataset.url, JSON.stringify(body)));
  dialog.toggleAttribute("data-refused", refused !== null);
  if (refused === null) dialog.close();
  else mark(form, refused);
});

// The button is off while the request runs, so it is sent once.
const held = async (form, ask) => {
  const button = form.querySelector("button.main");
  button.disabled = true;
  try { return await ask(); } finally { button.disabled = false; }
};
