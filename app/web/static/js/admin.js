// The admin page: its lists renew themselves, and removing asks first.
const EVERY_MS = 2000;
const live = document.getElementById("live");
let shown = "";

function busy() {
  return document.hidden || (live.contains(document.activeElement) && document.activeElement.matches("button"));
}

async function renew() {
  if (busy()) return;
  const response = await fetch(live.dataset.src, { headers: { "X-Requested-With": "fetch" } });
  if (response.redirected) { location.reload(); return; }
  const page = await response.text();
  if (!response.ok || page === shown || busy()) return;
  const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  live.innerHTML = page;
  shown = page;
  if (focused) live.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

async function keepRenewing() {
  await renew().catch(() => {}); // the server may be restarting; the next try tells
  setTimeout(keepRenewing, EVERY_MS);
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});
setTimeout(keepRenewing, EVERY_MS);
