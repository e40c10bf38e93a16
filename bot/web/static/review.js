// The review screen: moving through the list, the editor, the decisions. The server holds the
// rules; this only asks, shows, and never lets anything be approved that was not on screen.

import { complain, nodes, post, toast } from "./talk.js";

const MIN_MS = 700;
const WIDE = matchMedia("(min-width: 821px)");
const list = document.getElementById("list");
export const isHere = list !== null;
const pane = document.getElementById("open-pane");
const ready = new Map(); // message id -> promise of its nodes, fetched ahead
const approved = []; // replies that can still be taken back, newest last
let shownAt = performance.now();
let isBusy = false;
let counting = 0;

const $ = (selector) => document.querySelector(selector);
const query = () => list.dataset.query;
const openId = () => $("#open")?.dataset.id;
const entries = () => [...list.querySelectorAll(".entry")];
const draftKey = () => `draft-${openId()}`;

// Opening -----------------------------------------------------------------------------------
function fetchMessage(id) {
  if (!ready.has(id)) ready.set(id, nodes(`/part/message/${id}?${query()}`));
  return ready.get(id);
}

export async function openMessage(id, { push = true, focus = true } = {}) {
  for (const one of entries()) one.toggleAttribute("aria-current", one.dataset.id === id);
  const link = list.querySelector(`.entry[data-id="${id}"]`);
  link?.setAttribute("aria-current", "true");
  link?.scrollIntoView({ block: "nearest" });
  try {
    const found = await fetchMessage(id);
    ready.delete(id);
    pane.replaceChildren(...found);
  } catch (error) {
    ready.delete(id);
    return complain(error);
  }
  document.body.classList.add("is-open");
  if (push) history.pushState({ id }, "", `/m/${id}${query() ? "?" + query() : ""}`);
  settle(focus);
  const next = neighbour(1);
  if (next) fetchMessage(next).catch(() => ready.delete(next));
}

function settle(focus) {
  restoreDraft();
  freshen();
  $(".turn.is-focus")?.scrollIntoView({ block: "nearest" });
  if (focus) $("#open")?.focus({ preventScroll: true });
}

let freshness;
function freshen() {
  shownAt = performance.now();
  $("#approve")?.classList.add("is-fresh");
  clearTimeout(freshness);
  freshness = setTimeout(() => $("#approve")?.classList.remove("is-fresh"), MIN_MS);
}

function neighbour(step) {
  const ids = entries().map((one) => one.dataset.id);
  const at = ids.indexOf(openId());
  return at < 0 ? (step > 0 ? ids[0] : undefined) : ids[at + step];
}

export function move(step) {
  const next = neighbour(step);
  if (next) openMessage(next);
}

// The editor ----------------------------------------------------------------------------------
const editor = () => $("#reply");
const isDirty = () => editor() !== null && editor().value !== editor().defaultValue;

function restoreDraft() {
  const kept = sessionStorage.getItem(draftKey());
  if (kept === null || editor() === null) return;
  editor().value = kept;
  count();
}

function keepDraft() {
  if (isDirty()) sessionStorage.setItem(draftKey(), editor().value);
  else sessionStorage.removeItem(draftKey());
}

async function count() {
  const asked = ++counting;
  const said = await post("/api/v1/length", { text: editor().value, message_id: openId() });
  if (asked !== counting || !$("#length")) return;
  $("#length").textContent = `${said.used} of ${said.limit} ${said.unit}`;
  $("#length").classList.toggle("over", !said.fits);
  $("#cost").hidden = said.cost === null;
  $("#cost").textContent = said.cost?.says ?? "";
  $("#cost").classList.toggle("is-dear", said.cost?.is_dear ?? false);
  $("#findings").replaceChildren(...said.findings.map((one) => {
    const line = Object.assign(document.createElement("li"), { textContent: one.message });
    line.className = one.blocks ? "blocks" : "warns";
    return line;
  }));
}

let waiting;
document.addEventListener("input", (event) => {
  if (event.target !== editor()) return;
  keepDraft();
  clearTimeout(waiting);
  waiting = setTimeout(() => count().catch(complain), 180);
});

export function choose(number) {
  const option = document.querySelectorAll(".option:not(.own)")[number - 1];
  if (option) take(option);
}

function take(option) {
  const form = $("#composer");
  for (const one of form.querySelectorAll(".option")) one.removeAttribute("aria-current");
  option.setAttribute("aria-current", "true");
  form.elements.option.value = option.dataset.number;
  form.elements.shown_hash.value = option.dataset.hash ?? "";
  editor().value = editor().defaultValue = option.dataset.text ?? "";
  for (const one of document.querySelectorAll(".evidence")) {
    one.hidden = one.dataset.option !== option.dataset.number;
  }
  keepDraft();
  freshen();
  count().catch(complain);
}

export function ownWords() {
  const own = $(".option.own");
  if (own) take(own);
  editor()?.focus();
}

export function edit() {
  const box = editor();
  box?.focus();
  box?.setSelectionRange(box.value.length, box.value.length);
}

// Deciding ------------------------------------------------------------------------------------
const fieldsOf = (form, names) => Object.fromEntries(names.map((n) => [n, form.elements[n].value]));

async function decide(form, body, after) {
  if (isBusy) return;
  isBusy = true;
  const id = openId();
  const next = neighbour(1) ?? neighbour(-1);
  try {
    const said = await post(form.dataset.api, body);
    sessionStorage.removeItem(draftKey());
    ready.clear();
    after(said, id);
    await goOn(id, next);
  } catch (error) {
    complain(error);
    if (error.status === 409) await refreshOpen(true);
  } finally {
    isBusy = false;
  }
}

async function goOn(id, next) {
  list.querySelector(`.entry[data-id="${id}"]`)?.closest("li").remove();
  if (next) return openMessage(next);
  pane.replaceChildren($("#nothing").content.cloneNode(true));
  document.body.classList.remove("is-open");
  history.pushState({}, "", `/${query() ? "?" + query() : ""}`);
}

export function approve() {
  const form = $("#composer");
  const onScreen = performance.now() - shownAt;
  if (!form || isBusy || onScreen < MIN_MS) return;
  if (editor().value.trim() === "") return edit();
  const names = ["request_id", "text", "suggestion_id", "suggestion_version", "option", "shown_hash"];
  const body = fieldsOf(form, names);
  body.option = body.option === "" ? null : Number(body.option);
  body.suggestion_version = body.suggestion_version === "" ? null : Number(body.suggestion_version);
  decide(form, { ...body, seconds: onScreen / 1000 }, (said) => offerUndo(said.reply.id, said.undo_seconds));
}

function offerUndo(id, seconds) {
  approved.push(id);
  const isStopped = document.querySelector("[data-home]") !== null;
  const box = toast(isStopped ? "Approved. Sending is stopped: it waits." : "Approved. It leaves in a moment.", {
    label: "Undo", key: "u", seconds: Math.max(seconds, 1), act: () => undo(id),
  });
  box.dataset.reply = id;
  setTimeout(() => approved.splice(approved.indexOf(id) >>> 0, 1), seconds * 1000);
}

export async function undo(id = approved.at(-1)) {
  if (id === undefined) return;
  approved.splice(approved.indexOf(id) >>> 0, 1);
  document.querySelector(`.toast[data-reply="${id}"]`)?.remove();
  try {
    const said = await post(`/api/v1/replies/${id}/undo`);
    ready.clear();
    toast("Taken back. Nothing was sent.");
    await refreshList();
    await openMessage(said.reply.message_id);
  } catch (error) {
    complain(error);
  }
}

const SAID = {
  "reject-form": "Rejected.",
  "no-reply-form": "No reply needed.",
  "snooze-form": "Snoozed.",
  "by-hand-form": "Answered by hand.",
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id === "composer") {
    event.preventDefault();
    approve();
  } else if (form.id in SAID) {
    event.preventDefault();
    const body = { request_id: form.elements.request_id.value };
    if (form.elements.url) body.url = form.elements.url.value;
    if (event.submitter?.name) body[event.submitter.name] = event.submitter.value;
    decide(form, body, () => toast(SAID[form.id], { seconds: 3 }));
  } else if (form.dataset.api?.endsWith("/undo")) {
    event.preventDefault();
    undo(form.closest("[data-reply]").dataset.reply);
  }
});

export const noReply = () => $("#no-reply-form")?.requestSubmit();
export const byHand = () => $("#by-hand-form")?.requestSubmit();

export async function copy(button = $("button.copy")) {
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.text);
    toast("Copied.", { seconds: 3 });
  } catch {
    toast("This browser does not let a page copy: mark the words yourself.", { bad: true });
  }
}

// Live ----------------------------------------------------------------------------------------
export async function refreshList() {
  const known = new Set(entries().map((one) => one.dataset.id));
  const held = document.activeElement?.closest?.(".entry")?.dataset.id;
  if (list.contains(document.activeElement) && !held) return; // somebody uses the filter
  const found = await nodes(`/part/list${location.search || "?"}&open=${openId() ?? ""}`);
  const isFolded = list.querySelector(".filters")?.open;
  const place = list.scrollTop;
  list.replaceChildren(...found);
  list.scrollTop = place;
  if (isFolded !== undefined) list.querySelector(".filters").open = isFolded;
  for (const one of entries()) if (!known.has(one.dataset.id)) one.classList.add("is-new");
  if (held) list.querySelector(`.entry[data-id="${held}"]`)?.focus();
  if (!openId() && entries().length && WIDE.matches) {
    openMessage(entries()[0].dataset.id, { push: false, focus: false });
  }
}

export async function refreshOpen(force = false) {
  const id = openId();
  if (!id) return;
  const found = [...(await nodes(`/part/message/${id}?${query()}`))];
  const fresh = found.find((node) => node.id === "open");
  if (openId() !== id || (!force && fresh?.dataset.mark === $("#open").dataset.mark)) return;
  if (isDirty()) {
    $("#changed").hidden = false;
    return;
  }
  const wasTyping = document.activeElement === editor();
  const wasInside = pane.contains(document.activeElement);
  pane.replaceChildren(...found);
  settle(wasInside);
  if (wasTyping) edit();
}

/** Forget what was fetched ahead; say whether the open message may have changed. */
export function heard(id) {
  if (id === null) ready.clear();
  else ready.delete(id);
  return isHere && (id === null || id === openId());
}

// Mouse and history ---------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const entry = event.target.closest?.(".entry");
  const option = event.target.closest?.(".option");
  if (entry) {
    event.preventDefault();
    openMessage(entry.dataset.id);
  } else if (option) {
    event.preventDefault();
    if (option.classList.contains("own")) ownWords();
    else take(option);
  } else if (event.target.closest?.("button.copy")) copy(event.target.closest("button.copy"));
  else if (event.target.id === "edit") edit();
  else if (event.target.id === "reload-open") {
    sessionStorage.removeItem(draftKey());
    editor().value = editor().defaultValue;
    refreshOpen(true).catch(complain);
  }
});

addEventListener("popstate", () => {
  if (!isHere) return;
  const id = location.pathname.match(/^\/m\/(\d+)$/)?.[1];
  if (id) openMessage(id, { push: false });
  else location.reload();
});

if (isHere) settle(false);
