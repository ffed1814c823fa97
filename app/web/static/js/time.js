import { gettext as _ } from "./i18n.js";

/** 425 -> "7:05", 4025 -> "1:07:05" */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "#t=90,120" -> [90, 120]; "#t=1m30s" -> [90, null]; null for any other fragment. */
export function moment(hash) {
  const [start, end] = /^#t=([^,&]*)(?:,([^&]*))?$/.exec(hash)?.slice(1) ?? [];
  const from = start === "" ? 0 : seconds(start);
  return from === null ? null : [from, seconds(end)];
}

function seconds(text = "") {
  const colons = /^(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d+)?)$/.exec(text);
  const units = /^(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?$/.exec(text);
  const parts = (colons ?? units)?.slice(1).map((part) => Number(part ?? 0));
  return parts ? parts[0] * 3600 + parts[1] * 60 + parts[2] : null;
}

/** How many of these ascending numbers are at most `value`. */
export function countUpTo(numbers, value) {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= value) low = middle + 1; else high = middle;
  }
  return low;
}

/** What a media element's error means to a listener. */
export function mediaProblem(audio) {
  if (audio.error?.code === MediaError.MEDIA_ERR_DECODE) return _("The audio is damaged here.");
  return _("The publisher’s audio could not be loaded.");
}

/** Artwork that does not load gives way to the show's initials. */
export function mendArtwork(root = document) {
  for (const image of root.querySelectorAll(".art img")) {
    const hide = () => image.classList.add("broken");
    if (image.complete && !image.naturalWidth && image.src) image.decode?.().catch(hide);
    image.addEventListener("error", hide);
  }
}
