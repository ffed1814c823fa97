// The search page: a recording can be the question.
import { mendArtwork } from "./time.js";
import { Voice } from "./voice.js";

/** Bring the search page to life, if this is one; `signal` ends it. */
export function start(player, signal) {
  const form = document.querySelector("form.ask");
  if (!form) return;
  const voice = new Voice({
    button: document.getElementById("mic"),
    panel: document.getElementById("voice"),
    form,
    results: document.getElementById("results"),
    onBegin: () => player.audio.pause(),
    onResults(root, heard) {
      document.body.classList.replace("is-home", "has-query");
      document.querySelector(".hero")?.remove();
      document.querySelector(".shows")?.remove();
      document.getElementById("q").value = heard;
      mendArtwork(root);
      window.htmx?.process(root);
      scrollTo({ top: 0 });
      root.querySelector(".heard").focus({ preventScroll: true });
    },
  });
  signal.addEventListener("abort", () => voice.discard());
}
