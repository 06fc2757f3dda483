// Does what a person asks for, after asking back, and says what became of it.
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
