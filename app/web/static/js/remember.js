// What this browser remembers of a listener: the place in each episode, the speed, the shortcuts.
const MOST = 300; // episodes
const [SOON_S, LATE_S] = [10, 20]; // nearer to its beginning or its end there is no place to keep

/** A kept value, or `otherwise` where there is none or the browser keeps nothing (private mode). */
export function recall(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`earmark:${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(`earmark:${name}`, JSON.stringify(value));
  } catch (error) {
    console.warn("This browser keeps nothing:", error.message);
  }
}

/** Where the listener was in an episode, in seconds; 0 where it is to begin at its start. */
export function placeIn(id) {
  return recall("places", []).find(([known]) => known === id)?.[1] ?? 0;
}

export function keepPlace(id, seconds, duration) {
  const others = recall("places", []).filter(([known]) => known !== id);
  const within = seconds > SOON_S && !(duration && seconds > duration - LATE_S);
  keep("places", [...(within ? [[id, Math.round(seconds)]] : []), ...others].slice(0, MOST));
}
