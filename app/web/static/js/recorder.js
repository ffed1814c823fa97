// Records from the microphone, tells how loud it is, and gives one blob at the end.
import { gettext as _ } from "./i18n.js";

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];

/** Why this browser cannot record here; null where it can. */
export function whyNot() {
  if (!window.isSecureContext) return _("The microphone needs a secure address (https, or localhost).");
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return _("This browser cannot record.");
  return null;
}

/** What a refused microphone means to a person. */
export function explain(error) {
  if (error.name === "NotAllowedError") return _("The microphone is not allowed here: allow it in the browser's address bar, or choose a recording.");
  if (error.name === "NotFoundError") return _("No microphone was found. Choose a recording instead.");
  return _("The microphone could not be opened ({reason}).", { reason: error.name });
}

// Only the level is evened out: what browsers take for noise and echo is part of a sound or a tune.
const AUDIO = { echoCancellation: false, noiseSuppression: false };

export class Recorder {
  constructor({ maxS, onLevel, onTime, onFull }) {
    Object.assign(this, { maxS, onLevel, onTime, onFull });
  }

  async start() {
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: AUDIO });
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(this.stream, mimeType ? { mimeType } : {});
    this.parts = [];
    this.recorder.ondataavailable = (event) => this.parts.push(event.data);
    this.recorder.start(250);
    this.started = performance.now();
    this.watch();
  }

  watch() {
    this.context = new AudioContext();
    const analyser = this.context.createAnalyser();
    this.context.createMediaStreamSource(this.stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.onLevel(Math.min(1, 4 * Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length)));
      const seconds = (performance.now() - this.started) / 1000;
      this.onTime(seconds);
      if (seconds >= this.maxS - 0.5) this.onFull();
    }, 100);
  }

  /** Stop, and give what was recorded. */
  async stop() {
    const ended = new Promise((resolve) => { this.recorder.onstop = resolve; });
    this.recorder.stop();
    await ended;
    this.release();
    return new Blob(this.parts, { type: this.recorder.mimeType });
  }

  release() {
    clearInterval(this.timer);
    this.context?.close();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
  }
}
