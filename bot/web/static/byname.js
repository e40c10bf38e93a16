// What every page does: keys, the brake, help, live news, times that keep moving. Everything here
// has a way without it: links and forms work on their own.

import * as screen from "./review.js";
import { complain, look, nodes, post, toast } from "./talk.js";

const $ = (selector) => document.querySelector(selector);
const body = document.body;
const mayReview = body.dataset.role === "review" || body.dataset.role === "admin";
const review = screen.isHere ? screen : null;

body.classList.add("has-js");

// Keys ----------------------------------------------------------------------------------------
const store = { get: () => localStorage.getItem("keys"), set: (v) => localStorage.setItem("keys", v) };
const areOn = () => store.get() !== "off";

function showSwitch() {
  body.classList.toggle("keys-off", !areOn());
  for (const box of document.querySelectorAll(".keys-switch")) box.checked = areOn();
}

document.addEventListener("change", (event) => {
  if (!event.target.classList.contains("keys-switch")) return;
  store.set(event.target.checked ? "on" : "off");
  showSwitch();
});
showSwitch();

const anywhere = {
  "/": () => location.assign("/search"),
  "?": () => $("#help")?.showModal(),
  ".": () => mayReview && brake(),
};
const reading = { j: () => review.move(1), k: () => review.move(-1), p: () => $("#person-link")?.click(), w: why };
const deciding = {
  Enter: () => review.approve(),
  e: () => review.edit(),
  o: () => review.ownWords(),
  x: () => review.noReply(),
  c: () => review.copy(),
  h: () => review.byHand(),
  u: () => review.undo(),
  d: () => openMenu($("#reject-menu")),
  s: () => openMenu($("#snooze-menu")),
  1: () => review.choose(1),
  2: () => review.choose(2),
  3: () => review.choose(3),
};
const keys = { ...anywhere, ...(review ? reading : {}), ...(review && mayReview ? deciding : {}) };

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const sheet = document.querySelector("dialog[open]");
  if (sheet && (sheet.id !== "help" || event.key !== ".")) return; // the brake always answers
  const menu = document.querySelector(".menu[open]");
  if (event.key === "Escape") return leave(event, menu);
  const isWriting = event.target.closest?.("input:not([type=checkbox]), textarea, select");
  if (isWriting && event.target.id === "reply" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (!event.repeat) review?.approve();
    return;
  }
  if (isWriting || event.ctrlKey || event.metaKey || !areOn()) return;
  if (menu) return pick(event, menu);
  if (event.key === "Enter" && event.target.closest?.("a, button, summary")) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  if (!event.repeat || event.key === "j" || event.key === "k") act();
});

function leave(event, menu) {
  if (menu) menu.open = false;
  else if (event.target.matches?.("input, textarea, select")) event.target.blur();
  else return;
  event.preventDefault();
  $("#open")?.focus({ preventScroll: true });
}

function openMenu(menu) {
  if (!menu) return;
  menu.open = true;
  menu.querySelector("button")?.focus();
}

function pick(event, menu) {
  const button = menu.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!button) return;
  event.preventDefault();
  if (event.repeat) return;
  menu.open = false;
  button.click();
}

function why() {
  const panel = $("#why");
  if (!panel) return;
  body.classList.add("is-person");
  panel.open = !panel.open;
  panel.querySelector("summary").focus();
  if (!panel.open) body.classList.remove("is-person");
}

document.addEventListener("toggle", async (event) => {
  const panel = event.target;
  const place = panel.id === "why" && panel.open ? panel.querySelector("#because") : null;
  if (!place || place.childElementCount) return;
  const answer = await fetch(`/api/v1/messages/${panel.dataset.message}/why`);
  if (!answer.ok) return;
  const found = (await answer.json()).why;
  place.replaceChildren(...Object.entries(found).map(([tag, marks]) => because(tag, marks)));
}, true);

function because(tag, marks) {
  const line = document.createElement("p");
  const name = document.createElement("span");
  name.textContent = tag;
  line.append(name, ...marks.map((mark) => {
    const word = document.createElement("mark");
    word.textContent = mark.words;
    word.className = mark.weight > 1 ? "strong" : "";
    return word;
  }));
  return line;
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest(".menu-body")) menu.open = false;
  }
  if (event.target.closest?.("#help-link")) {
    event.preventDefault();
    $("#help").showModal();
  }
  if (event.target.closest?.("#brake")) {
    event.preventDefault();
    brake();
  }
  if (event.target.closest?.("dialog .close")) event.target.closest("dialog").close();
});

// The brake -----------------------------------------------------------------------------------
const isStopped = () => $("#brakes [data-home]") !== null;

async function brake() {
  if (isStopped()) return $("#release").showModal();
  try {
    await post("/api/v1/brake", { on: true });
    await showBrakes();
    toast("Sending is stopped. Nothing leaves until somebody starts it again.", { seconds: 6 });
  } catch (error) {
    complain(error);
  }
}

async function showBrakes() {
  $("#brakes").replaceChildren(...(await nodes("/part/brakes")));
  const button = $("#brake");
  if (!button) return;
  button.classList.toggle("is-on", isStopped());
  button.firstChild.textContent = isStopped() ? "Stopped " : "Stop sending ";
}

document.addEventListener("submit", async (event) => {
  if (!event.target.closest("#release")) return;
  event.preventDefault();
  $("#release").close();
  await post("/api/v1/brake", { on: false }).then(() => toast("Sending runs again."), complain);
  await showBrakes();
});

// Live ----------------------------------------------------------------------------------------
function calmly(act, ms = 250) {
  let timer;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      Promise.resolve(act()).catch(() => {});
    }, ms);
  };
}

async function showCounts() {
  const head = $(".list-head");
  const counts = head ? JSON.parse(head.dataset.counts) : (await look("/api/v1/queue?limit=1")).counts;
  for (const one of document.querySelectorAll("[data-count]")) {
    one.textContent = counts[one.dataset.count] || "";
  }
}

const live = $("#live-part");
async function showPart() {
  if (live.contains(document.activeElement) && document.activeElement.matches("input")) return;
  live.replaceChildren(...(await nodes(live.dataset.part)));
}

const refresh = calmly(async () => {
  await review?.refreshList();
  await showCounts();
});
const refreshOpen = calmly(() => review?.refreshOpen(), 350);
const refreshPart = calmly(() => live && showPart());
const refreshBrakes = calmly(showBrakes);

// A hidden page does not listen: browsers allow few open lines to one place, and many tabs.
let news;
document.addEventListener("visibilitychange", () => {
  if (document.hidden) news?.close();
  else if (body.dataset.role && news?.readyState !== EventSource.OPEN) listen();
});

function listen() {
  news = new EventSource("/events");
  news.addEventListener("hello", () => {
    body.dataset.live = "on";
    review?.heard(null);
    refreshOpen();
    refresh();
    refreshPart();
    refreshBrakes();
  });
  news.addEventListener("news", (event) => {
    const { topic, id } = JSON.parse(event.data);
    if (topic === "brake") refreshBrakes();
    if (topic === "queue" || topic === "message" || topic === "reply") refresh();
    if (review?.heard(topic === "queue" || topic === "message" ? id : null)) refreshOpen();
    if (live?.dataset.topics.includes(topic)) refreshPart();
  });
  news.addEventListener("error", () => { body.dataset.live = "off"; });
}

// Times ---------------------------------------------------------------------------------------
function span(ms) {
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
}

function tick() {
  const now = Date.now();
  for (const one of document.querySelectorAll(".due[data-due]")) {
    const left = new Date(one.dataset.due) - now;
    one.textContent = left > 0 ? `${span(left)} left` : `${span(left)} late`;
    one.className = `due ${left <= 0 ? "late" : left < 1800000 ? "soon" : "calm"}`;
  }
  for (const one of document.querySelectorAll("time.relative, time.until")) {
    const left = new Date(one.dateTime) - now;
    if (one.classList.contains("until")) one.textContent = left > 0 ? `in ${span(left)}` : "now";
    else one.textContent = left > 0 ? `in ${span(left)}` : `${span(left)} ago`;
  }
}

const frame = $("#digest");
if (frame) {
  const fit = () => { frame.style.height = `${frame.contentDocument.documentElement.scrollHeight + 24}px`; };
  frame.addEventListener("load", fit);
  if (frame.contentDocument?.readyState === "complete") fit();
}

if (body.dataset.role) {
  listen();
  setInterval(tick, 1000);
}
