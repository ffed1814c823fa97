// The player at the foot of the search page: it starts where a moment starts.
import { clock, mediaProblem } from "./time.js";

const SKIPS = { back: -10, forward: 30 };

export class Player {
  constructor(root) {
    this.root = root;
    this.audio = root.querySelector("audio");
    this.range = root.querySelector("input[type=range]");
    this.at = root.querySelector(".player-at");
    this.length = root.querySelector(".player-length");
    this.problem = root.querySelector(".player-error");
    this.title = root.querySelector(".player-title");
    this.show = root.querySelector(".player-show");
    this.toggle = root.querySelector("[data-act=toggle]");
    this.listen();
  }

  listen() {
    this.root.addEventListener("click", (event) => this.press(event.target.closest("[data-act]")));
    this.range.addEventListener("input", () => { this.audio.currentTime = Number(this.range.value); });
    this.root.querySelector("select").addEventListener("change", (event) => {
      this.audio.playbackRate = Number(event.target.value);
    });
    for (const name of ["play", "pause", "timeupdate", "loadedmetadata", "durationchange"]) {
      this.audio.addEventListener(name, () => this.draw());
    }
    this.audio.addEventListener("error", () => this.fail());
  }

  press(button) {
    const action = button?.dataset.act;
    if (action === "toggle") this.audio.paused ? this.start() : this.audio.pause();
    if (action in SKIPS) this.audio.currentTime += SKIPS[action];
    if (action === "close") this.close();
  }

  /** Play a moment: {audio, at, title, show, page}. */
  play(moment) {
    this.root.hidden = false;
    this.problem.textContent = "";
    this.page = moment.page;
    this.title.textContent = moment.title;
    this.show.textContent = moment.show;
    this.from = Number(moment.at);
    if (this.audio.getAttribute("src") === moment.audio && this.audio.readyState > 0) {
      this.audio.currentTime = this.from;
    } else {
      this.audio.src = moment.audio;
      this.audio.addEventListener("loadedmetadata", () => { this.audio.currentTime = this.from; }, { once: true });
    }
    this.describe(moment);
    this.start();
  }

  start() {
    this.audio.play().catch((error) => {
      if (error.name === "NotAllowedError") this.problem.textContent = "Press play to listen.";
    });
  }

  describe(moment) {
    if (!("mediaSession" in navigator)) return;
    navigator.mediaSession.metadata = new MediaMetadata({ title: moment.title, artist: moment.show });
    navigator.mediaSession.setActionHandler("seekbackward", () => { this.audio.currentTime += SKIPS.back; });
    navigator.mediaSession.setActionHandler("seekforward", () => { this.audio.currentTime += SKIPS.forward; });
  }

  draw() {
    const now = this.audio.currentTime;
    this.root.classList.toggle("is-on", !this.audio.paused);
    document.querySelector(".is-playing")?.classList.toggle("is-sounding", !this.audio.paused);
    this.toggle.setAttribute("aria-label", this.audio.paused ? "Play" : "Pause");
    this.at.textContent = clock(now);
    this.range.value = String(now);
    this.range.setAttribute("aria-valuetext", clock(now));
    if (Number.isFinite(this.audio.duration)) {
      this.range.max = String(this.audio.duration);
      this.length.textContent = clock(this.audio.duration);
    }
    this.title.href = `${this.page}?t=${Math.floor(now)}`;
  }

  fail() {
    if (this.root.hidden) return;
    this.problem.textContent = mediaProblem(this.audio);
  }

  close() {
    this.audio.pause();
    this.root.hidden = true;
    document.querySelector(".is-playing")?.classList.remove("is-playing", "is-sounding");
  }
}
