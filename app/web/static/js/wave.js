// The waveform behind the seek bar, with chapters and found moments at their places.
const [WIDTH, HEIGHT] = [1000, 100]; // of the view box, which is stretched over the bar
const BAR_PX = 4;

export class Wave {
  constructor(root) {
    this.path = root.querySelector("path");
    this.stops = root.querySelectorAll(".wave-edge");
    this.ticks = root.querySelector(".ticks");
    this.root = root;
    this.peaks = [];
    new ResizeObserver(() => this.draw()).observe(root);
  }

  show(peaks) {
    this.peaks = peaks;
    this.draw();
  }

  draw() {
    const bars = Math.min(this.peaks.length, Math.floor(this.root.clientWidth / BAR_PX));
    this.path.setAttribute("d", bars ? this.bars(bars).join("") : `M0 ${HEIGHT / 2}H${WIDTH}`);
  }

  bars(count) {
    const share = this.peaks.length / count;
    return Array.from({ length: count }, (_, n) => {
      const [first, last] = [Math.floor(n * share), Math.ceil((n + 1) * share)];
      const half = Math.max(3, (Math.max(...this.peaks.slice(first, last)) / 255) * 0.46 * HEIGHT);
      const x = (((n + 0.5) / count) * WIDTH).toFixed(1);
      return `M${x} ${(HEIGHT / 2 - half).toFixed(1)}v${(2 * half).toFixed(1)}`;
    });
  }

  /** Colour what was played, as a share of the whole. */
  played(share) {
    for (const stop of this.stops) stop.setAttribute("offset", share);
  }

  /** Put ticks of a kind at shares of the whole, in place of those that are there. */
  mark(kind, shares) {
    for (const tick of this.ticks.querySelectorAll(`.${kind}`)) tick.remove();
    this.ticks.append(...shares.filter((share) => share >= 0 && share <= 1).map((share) => {
      const tick = document.createElement("i");
      tick.className = kind;
      tick.style.left = `${100 * share}%`;
      return tick;
    }));
  }
}
