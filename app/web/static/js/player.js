// The player at the foot of the pages. It stays while pages come and go, and never starts by itself.
import { gettext as _ } from "./i18n.js";
import { keep, keepPlace, recall } from "./remember.js";
import { clock, countUpTo, mediaProblem } from "./time.js";
import { Wave } from "./wave.js";

const SKIPS = { back: -10, forward: 30 };
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const KEEP_S = 5;

export class Player extends EventTarget {
  constructor(root) {
    super();
    this.root = root;
    this.audio = root.querySelector("audio");
    this.bar = root.querySelector("input[type=range]");
    this.wave = new Wave(root.querySelector(".wave"));
    this.tip = root.querySelector(".player-tip");
    this.speeds = root.querySelector("select");
    this.problem = root.querySelector(".player-error");
    this.title = root.querySelector(".player-title");
    this.toggleButton = root.querySelector("[data-act=toggle]");
    this.episode = null;
    this.marks = {}; // seconds by kind
    this.pending = 0; // the second to start at, until the audio is there
    this.range = null; // the second to stop at
    this.listen();
    this.setSpeed(recall("speed", 1));
  }

  listen() {
    this.root.addEventListener("click", (event) => this.press(event.target.closest("[data-act]")));
    this.bar.addEventListener("input", () => this.draw(Number(this.bar.value)));
    this.bar.addEventListener("change", () => this.seek(Number(this.bar.value)));
    this.bar.addEventListener("pointermove", (event) => this.point(event));
    this.bar.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.speeds.addEventListener("change", () => this.setSpeed(Number(this.speeds.value)));
    this.audio.addEventListener("loadedmetadata", () => {
      if (this.pending) this.audio.currentTime = this.pending;
      this.pending = 0;
      this.drawMarks();
    });
    this.audio.addEventListener("timeupdate", () => this.pass());
    this.audio.addEventListener("waiting", () => this.root.classList.add("is-waiting"));
    for (const name of ["playing", "pause", "emptied"]) {
      this.audio.addEventListener(name, () => this.root.classList.remove("is-waiting"));
    }
    this.audio.addEventListener("pause", () => this.keepPlace());
    this.audio.addEventListener("error", () => this.fail());
    for (const name of ["play", "pause", "timeupdate", "seeked", "durationchange"]) {
      this.audio.addEventListener(name, () => this.draw());
    }
    addEventListener("pagehide", () => this.keepPlace());
    this.listenOutside();
  }

  /** The keys of a headset, a lock screen or a keyboard. */
  listenOutside() {
    if (!("mediaSession" in navigator)) return;
    const acts = {
      play: () => this.start(),
      pause: () => this.audio.pause(),
      seekbackward: ({ seekOffset }) => this.skip(-(seekOffset || 10)),
      seekforward: ({ seekOffset }) => this.skip(seekOffset || 30),
      seekto: ({ seekTime }) => this.seek(seekTime),
      previoustrack: () => this.toChapter(-1),
      nexttrack: () => this.toChapter(1),
    };
    for (const [name, act] of Object.entries(acts)) navigator.mediaSession.setActionHandler(name, act);
  }

  get now() {
    return this.audio.readyState ? this.audio.currentTime : this.pending;
  }

  get duration() {
    return Number.isFinite(this.audio.duration) ? this.audio.duration : this.episode?.duration || 0;
  }

  get chapters() {
    return this.episode?.chapters ?? [];
  }

  holds(id) {
    return this.episode?.id === id;
  }

  sounds(id) {
    return this.holds(id) && !this.audio.paused;
  }

  press(button) {
    const action = button?.dataset.act;
    if (action === "toggle") this.toggle();
    if (action in SKIPS) this.skip(SKIPS[action]);
    if (action === "close") this.close();
  }

  /** Get an episode ready at a second: {id, audio, title, show, page, duration?}. Fetches no audio. */
  load(episode, at, end = null) {
    if (!this.holds(episode.id)) {
      this.keepPlace();
      this.pending = 0;
      this.episode = episode;
      this.audio.src = episode.audio;
      this.problem.textContent = "";
      this.setSpeed(recall("speed", 1));
      this.wave.show([]);
      this.marks = {};
      this.root.querySelector(".player-show").textContent = episode.show;
      this.title.textContent = episode.title;
      this.describe();
      this.learn(episode);
    }
    this.root.hidden = false;
    this.seek(at);
    this.range = end;
  }

  play(episode, at, end = null) {
    this.load(episode, at, end);
    this.start();
  }

  start() {
    if (!this.episode) return;
    this.problem.textContent = "";
    this.audio.play().catch((error) => {
      if (error.name === "NotAllowedError") this.problem.textContent = _("Press play to listen.");
    });
  }

  toggle() {
    if (this.audio.paused) this.start(); else this.audio.pause();
  }

  seek(seconds) {
    const at = Math.max(0, Math.min(seconds, this.duration || Infinity));
    this.range = null;
    this.pending = at; // the audio may be there before its event is
    if (this.audio.readyState) this.audio.currentTime = at;
    this.draw();
  }

  skip(seconds) {
    this.seek(this.now + seconds);
  }

  toChapter(step) {
    const starts = this.chapters.map((chapter) => chapter.start_s);
    const here = countUpTo(starts, this.now) - 1;
    const again = step < 0 && this.now - (starts[here] ?? 0) > 3; // first back to where this one begins
    this.seek(starts[again ? here : here + step] ?? (step < 0 ? 0 : this.now));
  }

  setSpeed(speed) {
    const nearest = SPEEDS.includes(speed) ? speed : 1;
    this.audio.defaultPlaybackRate = this.audio.playbackRate = nearest;
    this.speeds.value = String(nearest);
    keep("speed", nearest);
  }

  changeSpeed(step) {
    this.setSpeed(SPEEDS[SPEEDS.indexOf(this.audio.playbackRate) + step] ?? this.audio.playbackRate);
  }

  /** Show these seconds as moments of a kind: "hit" of a search, or "found" in the transcript. */
  mark(kind, seconds) {
    this.marks[kind] = seconds;
    this.drawMarks();
  }

  drawMarks() {
    const chapters = this.chapters.map(({ start_s }) => start_s).filter(Boolean);
    for (const [kind, seconds] of Object.entries({ chapter: chapters, hit: [], found: [], ...this.marks })) {
      this.wave.mark(kind, this.duration ? seconds.map((second) => second / this.duration) : []);
    }
  }

  /** What the page at hand may not say: chapters, length, artwork and waveform. */
  async learn(episode) {
    const address = `/api/v1/episodes/${episode.id}`;
    const [about, wave] = await Promise.all([address, `${address}/peaks`].map(async (url) => {
      const answer = await fetch(url).catch(() => null); // it plays without them
      return answer?.ok ? answer.json() : null;
    }));
    if (this.episode !== episode) return;
    episode.chapters = about?.chapters ?? [];
    episode.duration = about?.duration_s;
    episode.image = about?.image_url;
    this.wave.show(wave?.peaks ?? []);
    this.drawMarks();
    this.describe();
    this.draw();
  }

  describe() {
    if (!("mediaSession" in navigator)) return;
    const { title, show, image } = this.episode;
    const artwork = image ? [{ src: image }] : [];
    navigator.mediaSession.metadata = new MediaMetadata({ title, artist: show, artwork });
  }

  /** Stop where a range ends, and keep the place now and then. */
  pass() {
    if (this.range !== null && this.now >= this.range) {
      this.audio.pause();
      this.range = null;
    }
    if (!(Math.abs(this.now - this.kept) < KEEP_S)) this.keepPlace();
  }

  keepPlace() {
    if (!this.episode || !this.audio.readyState) return;
    this.kept = this.now;
    keepPlace(this.episode.id, this.now, this.duration);
  }

  chapterAt(second) {
    return this.chapters[countUpTo(this.chapters.map(({ start_s }) => start_s), second) - 1]?.title;
  }

  /** Say which second lies below the pointer. */
  point(event) {
    const place = this.bar.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - place.left) / place.width));
    const second = share * this.duration;
    this.tip.hidden = !this.duration || event.pointerType === "touch";
    this.tip.textContent = [clock(second), this.chapterAt(second)].filter(Boolean).join(" · ");
    this.tip.style.left = `${100 * share}%`;
  }

  /** Show where it is; `at` is where a hand on the bar would let it go. */
  draw(at = this.now) {
    if (!this.episode) return;
    const { paused } = this.audio;
    this.root.classList.toggle("is-on", !paused);
    this.toggleButton.setAttribute("aria-label", paused ? _("Play") : _("Pause"));
    this.root.querySelector(".player-at").textContent = clock(at);
    this.root.querySelector(".player-length").textContent = this.duration ? clock(this.duration) : "";
    this.bar.max = String(this.duration || 1);
    this.bar.value = String(at);
    const chapter = this.chapterAt(at);
    this.bar.setAttribute("aria-valuetext", [clock(at), chapter].filter(Boolean).join(", "));
    this.root.querySelector(".player-chapter").textContent = chapter ?? "";
    this.wave.played(this.duration ? at / this.duration : 0);
    this.title.href = `${this.episode.page}?t=${Math.floor(at)}`;
    this.tell();
  }

  tell() {
    const session = navigator.mediaSession;
    if (session && this.audio.readyState && Number.isFinite(this.audio.duration)) {
      const { duration, playbackRate } = this.audio;
      session.setPositionState?.({ duration, playbackRate, position: Math.min(this.now, duration) });
    }
    this.dispatchEvent(new Event("change"));
  }

  fail() {
    if (this.episode) this.problem.textContent = mediaProblem(this.audio);
  }

  close() {
    this.keepPlace();
    this.episode = null;
    this.root.hidden = true;
    this.audio.removeAttribute("src");
    this.audio.load();
    this.dispatchEvent(new Event("change"));
  }
}
