// The transcript: words light up as they play, a click on one goes there, and the page follows along.
// Words are stretches of a line's one text node: nothing is added to the page for them.
import { countUpTo } from "./time.js";

const EARLY_S = 0.05; // a word lights this much before it is heard, as eyes are slower than ears
const SCROLLING_MS = 700; // a smooth scroll is left to end before the next begins
const [HIGHEST, AIM, LOWEST] = [0.12, 0.3, 0.62]; // of the window: where the words that play may stand
const SCROLL_KEYS = ["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"];

export class Transcript {
  /** `onPlace(seconds)` is called when a word is clicked. */
  constructor(root, { onPlace, signal }) {
    this.root = root;
    this.lines = [...root.querySelectorAll(".line")];
    this.starts = this.lines.map((line) => Number(line.dataset.start));
    this.spoken = this.lines.filter((line) => line.querySelector(".text"));
    this.words = new Map(); // of each line: where its words begin in its text, and when
    this.here = root.querySelector(".is-here");
    this.again = document.getElementById("follow");
    this.follows = true;
    this.movedAt = -Infinity;
    root.addEventListener("click", (event) => {
      const second = this.secondAt(event);
      if (second !== null) onPlace(second);
    }, { signal });
    this.again.addEventListener("click", () => this.follow(), { signal });
    this.yieldToHands(signal);
    signal.addEventListener("abort", () => this.stop());
  }

  /** Whoever scrolls by hand reads elsewhere: the page stays there until it is told to follow again. */
  yieldToHands(signal) {
    const leave = () => this.leave();
    addEventListener("wheel", leave, { passive: true, signal });
    addEventListener("touchmove", leave, { passive: true, signal });
    addEventListener("keydown", (event) => {
      if (SCROLL_KEYS.includes(event.key) && event.target === document.body) leave();
    }, { signal });
    addEventListener("pointerdown", (event) => {
      if (event.clientX >= document.documentElement.clientWidth) leave(); // the scroll bar
    }, { signal });
  }

  leave() {
    this.follows = false;
    this.again.hidden = !this.playing;
  }

  follow() {
    this.follows = true;
    this.again.hidden = true;
    this.movedAt = -Infinity;
    this.light(true);
  }

  /** Read the words' times: for each line, lengths and delays by turns. */
  async learn(address) {
    const answer = await fetch(address);
    if (!answer.ok) return;
    (await answer.json()).forEach((row, number) => this.words.set(this.spoken[number], timed(row)));
    this.light();
  }

  /** Where the player is; it lights what is said there, and goes on by itself while that plays. */
  at(player, playing) {
    this.player = player;
    this.playing = playing;
    this.again.hidden = this.follows || !playing;
    this.light();
  }

  /** Nothing of this episode is in the player. */
  stop() {
    if (!this.player) return;
    clearTimeout(this.timer);
    this.player = null;
    this.playing = false;
    this.again.hidden = true;
    this.here?.classList.remove("is-here");
    this.here = null;
    CSS.highlights?.delete("now");
  }

  light(show = this.playing) {
    clearTimeout(this.timer);
    if (!this.player) return;
    const second = this.player.now + EARLY_S;
    const begun = this.playing || this.player.now > 0;
    const number = begun ? countUpTo(this.starts, second) - 1 : -1;
    const line = this.lines[number] ?? null;
    if (line !== this.here) {
      this.here?.classList.remove("is-here");
      line?.classList.add("is-here");
      this.here = line;
    }
    const { range, next } = this.wordAt(line, second);
    if (range) CSS.highlights?.set("now", new Highlight(range)); else CSS.highlights?.delete("now");
    if (show && this.follows && line) this.bring(range ?? line);
    if (!this.playing) return;
    const then = Math.min(next ?? Infinity, this.starts[number + 1] ?? Infinity);
    const wait = (1000 * (then - second)) / this.player.audio.playbackRate;
    if (Number.isFinite(wait)) this.timer = setTimeout(() => this.light(), Math.max(20, wait));
  }

  wordAt(line, second) {
    const words = this.words.get(line);
    if (!words) return {};
    const number = countUpTo(words.starts, second) - 1;
    const next = words.starts[number + 1];
    if (number < 0) return { next };
    return { range: stretch(line, words.places[number], words.places[number + 1]), next };
  }

  /** Scroll so that it can be read, with what comes next below it. */
  bring(place) {
    const { top, bottom } = place.getBoundingClientRect();
    if (top >= HIGHEST * innerHeight && bottom <= LOWEST * innerHeight) return;
    if (performance.now() - this.movedAt < SCROLLING_MS) return;
    this.movedAt = performance.now();
    scrollBy({ top: top - AIM * innerHeight });
  }

  /** When the word below a click is said; null where there is none, or something is being selected. */
  secondAt(event) {
    if (!event.target.classList.contains("text") || getSelection().type === "Range") return null;
    const line = event.target.closest(".line");
    return this.secondOf(line, caretAt(event.clientX, event.clientY));
  }

  /** When the word at a place in a line's text is said; before the times are known, the line. */
  secondOf(line, place) {
    const words = this.words.get(line);
    if (!words) return Number(line.dataset.start);
    return words.starts[Math.max(0, countUpTo(words.places, place) - 1)];
  }
}

function timed(row) {
  const [places, starts] = [[], []];
  let [place, hundredths] = [0, 0];
  for (let n = 0; n < row.length; n += 2) {
    hundredths += row[n + 1];
    places.push(place);
    starts.push(hundredths / 100);
    place += row[n];
  }
  return { places, starts };
}

/** A stretch of a line's text, without the space before it. */
export function stretch(line, from, to) {
  const text = line.querySelector(".text").firstChild;
  const range = document.createRange();
  const end = Math.min(to ?? text.length, text.length);
  range.setStart(text, Math.min(text.data[from] === " " ? from + 1 : from, end));
  range.setEnd(text, end);
  return range;
}

function caretAt(x, y) {
  const caret = document.caretPositionFromPoint?.(x, y);
  return caret ? caret.offset : document.caretRangeFromPoint(x, y).startOffset;
}
