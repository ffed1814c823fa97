// What all listening pages share: one player, which plays on while links change the page around it.
import * as episode from "./episode.js";
import { gettext as _ } from "./i18n.js";
import { Keys } from "./keys.js";
import { Player } from "./player.js";
import * as search from "./search.js";
import { mendArtwork } from "./time.js";

const player = new Player(document.getElementById("player"));
const places = new Map(); // how far each address was scrolled
const hits = new Map(); // the seconds that were found in each episode, by the address of its page
let leaving = null;

/** Bring the page that has just come to life; `again`: someone came back to it. */
function begin(again = false) {
  leaving?.abort();
  leaving = new AbortController();
  document.body.className = document.getElementById("main").dataset.page;
  episode.start(player, leaving.signal, again);
  search.start(player, leaving.signal);
  mendArtwork();
  drawMoments();
  markHits();
}

function moments() {
  return [...document.querySelectorAll("a[data-play]")];
}

/** Show on the seek bar what was found in the episode, here or on the page that led to this one. */
function markHits() {
  for (const [page, links] of Map.groupBy(moments(), (link) => link.dataset.page)) {
    hits.set(page, links.map((link) => Number(link.dataset.at)));
  }
  if (player.episode) player.mark("hit", hits.get(player.episode.page) ?? []);
}

/** Play the moment of a link that was clicked. */
function playMoment(link) {
  const { audio, at, title, show, page } = link.dataset;
  const id = page.split("/").pop();
  if (isThis(link) && player.sounds(id)) return player.audio.pause();
  player.play({ id, audio, title, show, page }, Number(at));
  player.moment = at;
  markHits();
  return drawMoments();
}

function isThis({ dataset: { page, at } }) {
  return player.episode?.page === page && player.moment === at;
}

function drawMoments() {
  for (const link of moments()) {
    const here = isThis(link);
    link.parentElement.classList.toggle("is-playing", here);
    link.parentElement.classList.toggle("is-sounding", here && !player.audio.paused);
  }
}

// Before htmx sees the click, which would follow the link.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-play]");
  const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
  if (!link?.dataset.audio || elsewhere) return;
  event.preventDefault();
  event.stopPropagation();
  playMoment(link);
}, true);

for (const name of ["play", "pause"]) player.audio.addEventListener(name, drawMoments);
player.addEventListener("change", () => { if (!player.episode) drawMoments(); });

// htmx keeps the address that a link had when it first saw it; the one in the player changes.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt.matches(".player-title")) detail.path = detail.elt.getAttribute("href");
});
document.addEventListener("htmx:beforeHistorySave", ({ detail }) => places.set(detail.path, scrollY));
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.boosted) return;
  const page = document.getElementById("page");
  Object.assign(detail, { shouldSwap: true, isError: false, target: page, selectOverride: "#page > *", swapOverride: "innerHTML" });
});
document.addEventListener("htmx:afterSettle", ({ detail, target }) => {
  if (!detail.boosted || target.id !== "page") return;
  begin();
  if (!location.hash && !document.querySelector(".line.is-here")) scrollTo({ top: 0, behavior: "instant" });
  if (!document.activeElement?.matches("[autofocus]")) document.getElementById("main").focus({ preventScroll: true });
});
document.addEventListener("htmx:historyRestore", ({ detail }) => {
  begin(true);
  scrollTo({ top: places.get(detail.path) ?? 0, behavior: "instant" });
});
document.addEventListener("htmx:historyCacheMissLoadError", () => location.reload()); // says what is wrong
document.addEventListener("htmx:sendError", ({ detail }) => {
  if (detail.boosted) player.problem.textContent = _("The page could not be loaded. Is Earmark still running?");
});

new Keys(player, document.getElementById("keys"));
begin();
