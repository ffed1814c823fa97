// The microphone button: record or choose a clip, send it, and show what was found; then send
// the same clip again for something else.
import { Recorder, explain, whyNot } from "./recorder.js";
import { gettext as _ } from "./i18n.js";
import { clock } from "./time.js";

export class Voice {
  constructor(parts) {
    Object.assign(this, parts);
    this.live = this.panel.querySelector(".voice-live");
    this.level = this.panel.querySelector(".voice-level .bar-fill");
    this.waiting = this.panel.querySelector(".waiting");
    this.time = this.panel.querySelector("time");
    this.says = this.panel.querySelector(".voice-says");
    this.stop = this.panel.querySelector("[data-voice=stop]");
    this.close = this.panel.querySelector("[data-voice=discard]");
    this.file = this.panel.querySelector("input[type=file]");
    this.intents = this.panel.querySelector(".intents");
    this.button.hidden = false;
    this.listen();
  }

  listen() {
    this.button.addEventListener("click", () => (this.recorder ? this.finish() : this.begin()));
    this.stop.addEventListener("click", () => this.finish());
    this.close.addEventListener("click", () => this.discard());
    this.file.addEventListener("change", () => {
      if (this.file.files[0]) this.send(this.file.files[0]);
    });
    this.results.addEventListener("click", (event) => {
      const intent = event.target.closest("[data-intent]")?.dataset.intent;
      if (intent) this.again(intent);
    });
    this.results.addEventListener("keydown", (event) => {
      if (event.target.id !== "heard" || event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      event.target.form.requestSubmit();
    });
  }

  /** The clip whose results are shown, for another intent. */
  async again(intent) {
    this.onBegin();
    this.panel.hidden = false;
    const sent = this.send(this.clip, intent);
    this.close.focus();
    await sent;
  }

  tell(text, bad = false) {
    this.says.textContent = text;
    this.says.classList.toggle("bad", bad);
  }

  async begin() {
    this.onBegin();
    this.panel.hidden = false;
    const reason = whyNot();
    if (reason) return this.tell(`${reason} ${_("You can choose a recording instead.")}`, true);
    const recorder = new Recorder({
      maxS: Number(this.panel.dataset.maxS),
      onLevel: (level) => { this.level.setAttribute("width", 100 * level); },
      onTime: (seconds) => { this.time.textContent = clock(seconds); },
      onFull: () => this.finish(),
    });
    this.tell(_("Allow the microphone to record."));
    try {
      await recorder.start();
    } catch (error) {
      return this.tell(explain(error), true);
    }
    this.recorder = recorder;
    this.show(true);
    return this.tell(_("Recording: say it, hum it, or hold the phone to it."));
  }

  show(recording) {
    this.live.hidden = this.stop.hidden = !recording;
    this.close.textContent = recording ? _("Discard") : _("Close");
    this.button.setAttribute("aria-expanded", String(recording));
    this.button.setAttribute("aria-label", recording ? _("Stop and search") : _("Search with your voice or a sound"));
  }

  async finish() {
    const recorder = this.recorder;
    if (!recorder) return;
    this.recorder = null;
    this.show(false);
    await this.send(await recorder.stop());
  }

  discard() {
    this.release();
    this.asking?.abort();
    this.tell("");
    this.panel.hidden = true;
  }

  /** Let go of the microphone. */
  release() {
    this.recorder?.release();
    this.recorder = null;
    this.show(false);
  }

  wait(on) {
    this.waiting.hidden = !on;
    this.file.parentElement.hidden = on;
    this.close.textContent = on ? _("Cancel") : _("Close");
    this.button.disabled = this.results.inert = on;
    this.intents.hidden = on;
    this.results.classList.toggle("is-stale", on);
  }

  async send(clip, intent = new FormData(document.getElementById("clip")).get("intent")) {
    this.release();
    this.wait(true);
    this.tell(_("Listening to the recording …"));
    this.asking = new AbortController();
    const form = new FormData(this.form);
    form.delete("q");
    form.append("intent", intent);
    form.append("clip", clip, "clip");
    try {
      const response = await fetch("/clip", { method: "POST", body: form, signal: this.asking.signal });
      const body = await response.text();
      if (!response.ok) return this.tell(this.reason(body, response), true);
      this.results.innerHTML = body;
      this.clip = clip;
      const heard = this.results.querySelector("#heard")?.value ?? "";
      this.panel.hidden = true;
      this.tell("");
      return this.onResults(this.results, heard);
    } catch (error) {
      if (error.name === "AbortError") return undefined;
      return this.tell(_("The clip could not be sent. Is Earmark still running?"), true);
    } finally {
      this.file.value = "";
      this.wait(false);
    }
  }

  reason(page, response) {
    const parsed = new DOMParser().parseFromString(page, "text/html");
    return parsed.querySelector(".problem")?.textContent ?? _("The search failed ({status}).", { status: response.status });
  }
}
