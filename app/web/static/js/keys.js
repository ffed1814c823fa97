// The keyboard of the player: off while someone types, and for good where the listener says so.
import { keep, recall } from "./remember.js";

const TYPING = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const PRESSING = "button, summary, [role=button], input:not([type=range])"; // space presses these
const CHOOSING = "[type=radio], [role=tab], [role=menuitem]"; // arrows move among these

export class Keys {
  constructor(player, dialog) {
    Object.assign(this, { player, dialog });
    this.on = dialog.querySelector("[type=checkbox]");
    this.on.checked = recall("keys", true);
    this.on.addEventListener("change", () => keep("keys", this.on.checked));
    player.root.querySelector("[data-act=keys]").addEventListener("click", () => dialog.showModal());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    document.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    const { key, target } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (target.closest(TYPING) || document.querySelector("dialog[open]") || !this.on.checked) return;
    if (key === " " && target.closest(PRESSING)) return;
    if (key.startsWith("Arrow") && target.closest(CHOOSING)) return;
    const act = this.act(key);
    if (!act) return;
    event.preventDefault();
    act();
  }

  act(key) {
    const { player } = this;
    if (key === "?") return () => this.dialog.showModal();
    if (key === "/") return () => document.getElementById("q")?.select();
    if (!player.episode) return null;
    if (/^\d$/.test(key)) return () => player.seek((Number(key) / 10) * player.duration);
    return {
      " ": () => player.toggle(),
      k: () => player.toggle(),
      j: () => player.skip(-10),
      l: () => player.skip(10),
      ArrowLeft: () => player.skip(-5),
      ArrowRight: () => player.skip(5),
      "<": () => player.changeSpeed(-1),
      ">": () => player.changeSpeed(1),
    }[key.length === 1 ? key.toLowerCase() : key];
  }
}
