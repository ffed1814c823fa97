/** 425 -> "7:05", 4025 -> "1:07:05" */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** What a media element's error means to a listener. */
export function mediaProblem(audio) {
  if (audio.error?.code === MediaError.MEDIA_ERR_DECODE) return "The audio is damaged here.";
  return "The publisher's audio could not be loaded.";
}

/** Artwork that does not load gives way to the show's initials. */
export function mendArtwork(root = document) {
  for (const image of root.querySelectorAll(".art img")) {
    const hide = () => image.classList.add("broken");
    if (image.complete && !image.naturalWidth && image.src) image.decode?.().catch(hide);
    image.addEventListener("error", hide);
  }
}
