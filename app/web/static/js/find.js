// Finding words within one transcript; the player stays where it is.
import { gettext as _ } from "./i18n.js";
import { stretch } from "./transcript.js";

const MOST = 2000;

export class Find {
  /** `onFound(seconds)` is called with the times of all that was found. */
  constructor(form, transcript, { onFound, signal }) {
    Object.assign(this, { form, transcript, onFound });
    this.input = form.querySelector("input");
    this.says = form.querySelector("output");
    this.texts = null;
    this.found = [];
    this.here = -1;
    this.input.addEventListener("input", () => this.search(), { signal });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) { event.preventDefault(); this.go(-1); }
      if (event.key === "Escape") { this.input.value = ""; this.search(); }
    }, { signal });
    form.addEventListener("submit", (event) => { event.preventDefault(); this.go(1); }, { signal });
    form.querySelector("[data-find=previous]").addEventListener("click", () => this.go(-1), { signal });
    signal.addEventListener("abort", () => this.clear());
    if (this.input.value) this.search();
  }

  search() {
    const wanted = folded(this.input.value.trim().replace(/\s+/g, " "));
    this.found = wanted ? this.matches(wanted) : [];
    this.here = -1;
    this.show();
    this.onFound(this.found.map(({ line, from }) => this.transcript.secondOf(line, from)));
  }

  matches(wanted) {
    const { spoken } = this.transcript;
    this.texts ??= spoken.map((line) => folded(line.querySelector(".text").textContent));
    const found = [];
    this.texts.forEach((text, number) => {
      for (let from = text.indexOf(wanted); from >= 0 && found.length < MOST; from = text.indexOf(wanted, from + wanted.length)) {
        found.push({ line: spoken[number], from, to: from + wanted.length });
      }
    });
    return found;
  }

  /** Show the next one (1) or the one before (-1); the first is what comes next on the screen. */
  go(step) {
    if (!this.found.length) return;
    const count = this.found.length;
    this.here = this.here < 0 ? this.firstBelow(step) : (this.here + step + count) % count;
    this.transcript.leave();
    const { line, from, to } = this.found[this.here];
    line.scrollIntoView({ block: "center" });
    this.show();
    CSS.highlights?.set("found-here", new Highlight(stretch(line, from, to)));
  }

  firstBelow(step) {
    const below = this.found.findIndex(({ line }) => line.getBoundingClientRect().bottom > 0);
    const first = below < 0 ? 0 : below;
    return step > 0 ? first : (first - 1 + this.found.length) % this.found.length;
  }

  show() {
    CSS.highlights?.delete("found-here");
    const all = this.found.map(({ line, from, to }) => stretch(line, from, to));
    CSS.highlights?.set("found", new Highlight(...all));
    this.says.textContent = this.told();
  }

  told() {
    if (!this.input.value.trim()) return "";
    const n = this.found.length;
    if (!n) return _("not found");
    const many = n === MOST ? `${n}+` : n;
    return this.here < 0 ? _("{n} found", { n: many }) : _("{place} of {n}", { place: this.here + 1, n: many });
  }

  clear() {
    for (const name of ["found", "found-here"]) CSS.highlights?.delete(name);
  }
}

/** Lower case, letter for letter, so that places stay the same. */
function folded(text) {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text;
}
