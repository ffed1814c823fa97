// The admin page: its lists renew themselves, acts leave the reader in place, and removing asks first.
import { mendArtwork } from "./time.js";

const EVERY_MS = 2000;
const SAID_MS = 10_000; // then good news has been read
const live = document.getElementById("live");
const said = document.getElementById("said");
let shown = "";
let held = false; // a button is being pressed: do not take it away
let acting = false;

/** What names a link or button in the old list and in the new one. */
function nameOf(element) {
  if (!live.contains(element)) return null;
  const name = element.matches("a") ? "href" : "aria-label";
  return `[${name}="${CSS.escape(element.getAttribute(name))}"]`;
}

function put(page) {
  const focused = nameOf(document.activeElement);
  live.innerHTML = page;
  shown = page;
  mendArtwork(live);
  if (focused) (live.querySelector(focused) ?? said).focus({ preventScroll: true });
}

async function renew() {
  const response = await fetch(live.dataset.src, { headers: { "X-Requested-With": "fetch" } });
  if (response.redirected) { location.reload(); return; }
  const page = await response.text();
  if (response.ok && page !== shown && !held && !acting) put(page);
}

async function keepRenewing() {
  if (!document.hidden && !held && !acting) await renew().catch(() => {}); // the next try tells
  setTimeout(keepRenewing, EVERY_MS);
}

/** Carry out a form of the lists, and show its answer without leaving the place. */
async function act(form) {
  const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const [told, lists] = ["said", "live"].map((id) => page.getElementById(id));
  if (!lists) { location.reload(); return; }
  said.replaceChildren(...told.children);
  put(lists.innerHTML);
  const read = [...said.querySelectorAll(".good")];
  setTimeout(() => read.forEach((notice) => notice.remove()), SAID_MS);
}

function wait(button) {
  button.disabled = true;
  button.textContent = button.dataset.wait ?? button.textContent;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = form.querySelector("[type=submit]");
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) { event.preventDefault(); return; }
  if (!live.contains(form)) { wait(button); return; }
  event.preventDefault();
  acting = true;
  button.setAttribute("aria-busy", "true");
  await act(form).catch(() => location.reload());
  acting = false;
});
live.addEventListener("pointerdown", () => { held = true; });
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => setTimeout(() => { held = false; }));
setTimeout(keepRenewing, EVERY_MS);
mendArtwork();
