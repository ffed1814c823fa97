// The search page: moments play in place, and a recording can be the question.
import { Player } from "./player.js";
import { mendArtwork } from "./time.js";
import { Voice } from "./voice.js";

const player = new Player(document.getElementById("player"));

document.addEventListener("click", (event) => {
  const moment = event.target.closest("a[data-play]");
  const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0;
  if (!moment || !moment.dataset.audio || elsewhere) return;
  event.preventDefault();
  if (moment.closest(".is-sounding")) { player.audio.pause(); return; }
  document.querySelector(".is-playing")?.classList.remove("is-playing", "is-sounding");
  moment.parentElement.classList.add("is-playing");
  player.play(moment.dataset);
});

new Voice({
  button: document.getElementById("mic"),
  panel: document.getElementById("voice"),
  form: document.querySelector("form.ask"),
  results: document.getElementById("results"),
  onBegin: () => player.audio.pause(),
  onResults(root, heard) {
    document.body.classList.replace("is-home", "has-query");
    document.querySelector(".hero")?.remove();
    document.querySelector(".shows")?.remove();
    document.getElementById("q").value = heard;
    mendArtwork(root);
    scrollTo({ top: 0 });
    root.querySelector(".heard").focus({ preventScroll: true });
  },
});
mendArtwork();
