// The episode page: its transcript and its button, and the player at the foot of the page.
import { Find } from "./find.js";
import { gettext as _ } from "./i18n.js";
import { placeIn } from "./remember.js";
import { clock, moment } from "./time.js";
import { Transcript } from "./transcript.js";

/** Bring the episode of this page to life, if this is one; `again`: someone came back to it. */
export function start(player, signal, again = false) {
  const article = document.querySelector("article[data-episode]");
  if (article) new EpisodePage(article, player, signal).begin(again);
}

class EpisodePage {
  constructor(article, player, signal) {
    Object.assign(this, { article, player, signal });
    const { episode: id, audio, title, show, page, duration } = article.dataset;
    this.episode = { id, audio, title, show, page, duration: Number(duration) };
    this.button = document.getElementById("listen");
    const lines = article.querySelector(".lines");
    this.transcript = lines && new Transcript(lines, { onPlace: (second) => this.playFrom(second), signal });
    const form = article.querySelector("form.find");
    this.find = form && new Find(form, this.transcript, { onFound: (seconds) => this.mark(seconds), signal });
  }

  begin(again) {
    const { signal } = this;
    this.article.addEventListener("click", (event) => this.click(event), { signal });
    this.button?.addEventListener("click", () => this.toggle(), { signal });
    this.player.addEventListener("change", () => this.draw(), { signal });
    addEventListener("hashchange", () => this.toHash(), { signal });
    this.transcript?.learn(this.article.dataset.times);
    if (this.episode.audio) this.takeUp(again);
    this.draw();
    this.showLine(this.article.querySelector(".line.is-here"));
  }

  /** Have the episode ready, but leave alone what is playing, or was when someone left. */
  takeUp(again) {
    const { start, end } = this.article.dataset;
    const [at, until] = moment(location.hash) ?? (start ? [Number(start), end ? Number(end) : null] : []);
    this.from = at ?? placeIn(this.episode.id);
    this.until = until ?? null;
    const left = again && this.player.holds(this.episode.id);
    if (this.player.audio.paused && !left) this.player.load(this.episode, this.from, this.until);
  }

  toHash() {
    const [at, until] = moment(location.hash) ?? [];
    if (at !== undefined && this.episode.audio) this.player.load(this.episode, at, until);
  }

  click(event) {
    const place = event.target.closest("[data-seek]");
    if (!place || !this.episode.audio || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(history.state, "", place.href);
    this.playFrom(Number(place.dataset.seek));
  }

  playFrom(second) {
    if (!this.episode.audio) return;
    this.player.play(this.episode, second);
    this.transcript?.follow();
  }

  toggle() {
    if (this.player.holds(this.episode.id)) this.player.toggle();
    else this.player.play(this.episode, this.from, this.until);
    this.transcript?.follow();
  }

  mark(seconds) {
    if (this.player.holds(this.episode.id)) this.player.mark("found", seconds);
  }

  draw() {
    const { id } = this.episode;
    const held = this.player.holds(id);
    if (held) this.transcript?.at(this.player, this.player.sounds(id)); else this.transcript?.stop();
    if (this.button) this.drawButton(held ? this.player.now : this.from, this.player.sounds(id));
  }

  drawButton(second, sounds) {
    this.button.classList.toggle("is-on", sounds);
    const place = second >= 1 ? _("Play from {time}", { time: clock(second) }) : _("Play");
    this.button.querySelector(".says").textContent = sounds ? _("Pause") : place;
  }

  /** Bring a line to the middle of the window, unless all of it can be seen already. */
  showLine(line) {
    const place = line?.getBoundingClientRect();
    if (place && (place.top < 0 || place.bottom > innerHeight)) line.scrollIntoView({ block: "center", behavior: "instant" });
  }
}
