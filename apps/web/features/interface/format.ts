// Numbers as people read them.

/** 1 250 ms and more in seconds, else milliseconds. */
export function duration(seconds: number): string {
  return seconds >= 1 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${Math.round(seconds * 1000)} ms`;
}

/** In units of 1000 bytes, as file managers count. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(0)} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}

export const rate = (perSecond: number): string => (perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(1));
export const whole = (n: number): string => n.toLocaleString('en-US').replaceAll(',', '\u202f');
