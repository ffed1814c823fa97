// The episode page: click a time or a word to play from there; the words light up as they are heard.
import { mediaProblem, mendArtwork } from "./time.js";

const article = document.querySelector("article[data-episode]");
const audio = document.getElementById("audio");
const follow = document.getElementById("follow");
const lines = [...document.querySelectorAll(".line")];
let spoken = null; // the words of each line by its start, once loaded
let current = null;
let lit = null;

async function loadWords() {
  const response = await fetch(`/api/v1/episodes/${article.dataset.episode}/transcript.json`);
  if (!response.ok) return;
  const { segments } = await response.json();
  spoken = new Map(segments.flatMap(turns));
  if (audio?.currentTime) light();
}

/** A line is one speaker's turn in a segment, as the server cuts them. */
function turns({ start_s, words }) {
  const found = [];
  for (const word of words) {
    const last = found.at(-1);
    if (last && last[1][0].speaker === word.speaker) last[1].push(word);
    else found.push([last ? word.start_s : start_s, [word]]);
  }
  return found;
}

/** Make each word of a line an element of its own, the first time it is needed. */
function split(line) {
  const text = line.querySelector(".text");
  const words = spoken?.get(Number(line.dataset.start));
  if (!text || !words || text.firstElementChild) return;
  const whole = text.textContent;
  const pieces = [];
  let at = 0;
  for (const word of words) {
    const found = whole.indexOf(word.word, at);
    if (found < 0) continue;
    pieces.push(whole.slice(at, found), element(word));
    at = found + word.word.length;
  }
  text.replaceChildren(...pieces, whole.slice(at));
}

function element(word) {
  const span = document.createElement("span");
  span.className = "w";
  span.textContent = word.word;
  span.dataset.start = word.start_s;
  span.dataset.end = word.end_s;
  return span;
}

function playFrom(seconds) {
  if (!audio) return;
  const go = () => { audio.currentTime = seconds; audio.play().catch(() => {}); };
  if (audio.readyState > 0) return go();
  audio.addEventListener("loadedmetadata", go, { once: true });
  audio.load();
}

function lineAt(seconds) {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Number(lines[middle].dataset.start) <= seconds) low = middle + 1; else high = middle;
  }
  return lines[low - 1] ?? null;
}

function light() {
  const line = lineAt(audio.currentTime);
  if (line !== current) {
    current?.classList.remove("is-here");
    line?.classList.add("is-here");
    current = line;
    if (line && follow.getAttribute("aria-pressed") === "true" && !audio.paused) line.scrollIntoView({ block: "center" });
  }
  if (!line) return;
  split(line);
  const words = [...line.querySelectorAll(".w")];
  const word = words.findLast((w) => Number(w.dataset.start) <= audio.currentTime + 0.05);
  if (word === lit) return;
  lit?.classList.remove("now");
  word?.classList.add("now");
  lit = word;
}

/** Bring a line to the middle of the window, unless all of it can be seen already. */
function showLine(line) {
  const place = line?.getBoundingClientRect();
  if (place && (place.top < 0 || place.bottom > innerHeight)) line.scrollIntoView({ block: "center" });
}

function setFollow(on) {
  follow.setAttribute("aria-pressed", String(on));
}

document.addEventListener("click", (event) => {
  const place = event.target.closest("[data-seek]");
  if (place && !event.metaKey && !event.ctrlKey && audio) {
    event.preventDefault();
    playFrom(Number(place.dataset.seek));
    history.replaceState(null, "", `?t=${place.dataset.seek}`);
    return;
  }
  const word = event.target.closest(".w");
  if (word && !getSelection().toString()) playFrom(Number(word.dataset.start));
});

if (audio) {
  const start = Number(article.dataset.start);
  if (start) audio.addEventListener("loadedmetadata", () => { if (audio.currentTime < start) audio.currentTime = start; }, { once: true });
  audio.addEventListener("timeupdate", light);
  audio.addEventListener("seeked", light);
  audio.addEventListener("error", () => { document.getElementById("audio-error").textContent = mediaProblem(audio); });
}
if (follow) {
  follow.hidden = !audio;
  follow.addEventListener("click", () => setFollow(follow.getAttribute("aria-pressed") !== "true"));
  for (const name of ["wheel", "touchmove"]) addEventListener(name, () => setFollow(false), { passive: true });
  for (const name of ["pointerover", "touchstart"]) {
    document.querySelector(".transcript").addEventListener(name, (event) => {
      const line = event.target.closest?.(".line");
      if (line) split(line);
    }, { passive: true });
  }
  loadWords();
}
showLine(document.querySelector(".line.is-here"));
mendArtwork();
