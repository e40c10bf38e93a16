// Talking to the server, and telling the reviewer what came of it. No state of its own but the
// toasts. Whatever comes back as a page is parsed into an inert document first.

const token = document.querySelector('meta[name="csrf"]')?.content ?? "";

export class Answer extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function check(response) {
  if (response.status === 401) location.reload();
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new Answer(response.status, said.error ?? `The server answered ${response.status}.`);
}

export async function post(path, body = {}) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": token };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  return (await check(response)).json();
}

export async function look(path) {
  return (await check(await fetch(path))).json();
}

export async function nodes(path) {
  const response = await check(await fetch(path));
  return new DOMParser().parseFromString(await response.text(), "text/html").body.childNodes;
}

export function toast(text, { label, key, act, seconds = 5, bad = false } = {}) {
  const box = document.createElement("div");
  box.className = bad ? "toast bad" : "toast";
  box.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (act) {
    const button = Object.assign(document.createElement("button"), { textContent: label + " " });
    if (key) button.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    button.addEventListener("click", act);
    box.append(button);
    box.append(countdown(seconds));
  }
  const shelf = document.getElementById("toasts");
  shelf.append(box);
  while (shelf.children.length > 3) shelf.firstElementChild.remove();
  setTimeout(() => box.remove(), seconds * 1000);
  return box;
}

function countdown(seconds) {
  const left = Object.assign(document.createElement("i"), { className: "left" });
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (!still) {
    left.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }], seconds * 1000);
  }
  return left;
}

export const complain = (error) => toast(error.message, { bad: true, seconds: 8 });
