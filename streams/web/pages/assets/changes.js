// Puts what changed into the page: pieces by their names, rows by their keys.
"use strict";

const SELDOM = 5_000;

const the = (id) => document.getElementById(id);

const FOCUSED = "a, button, select, input";

// The focus stays at the same place, though its element is replaced.
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

// What is the same stays, so that the focus and a selection do too, and little has to be laid out again.
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

// The focused element keeps the focus; if its row is gone, its table gets it.
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
