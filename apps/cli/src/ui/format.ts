// Numbers as people read them.

/** 12345.6 → `12,346`. */
export const whole = (x: number): string => Math.round(x).toLocaleString('en-US');

/** With as many digits as say something: `0.0123`, `1.234`, `12.3`; very large and small ones as powers of ten. */
export function significant(x: number, digits = 4): string {
  if (!Number.isFinite(x)) return String(x);
  if (x === 0) return '0';
  const size = Math.abs(x);
  return size < 1e-3 || size >= 1e6 ? x.toExponential(digits - 2) : String(Number(x.toPrecision(digits)));
}

const scaled = (x: number, base: number, units: readonly string[]): string => {
  let at = 0;
  let rest = x;
  while (rest >= base && at < units.length - 1) {
    rest /= base;
    at++;
  }
  return `${Number(rest.toPrecision(3))} ${units[at]}`.trimEnd();
};

/** 1536 → `1.5 KiB`. */
export const bytes = (x: number): string => scaled(x, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);

/** 1_820_000 → `1.82 M`. */
export const count = (x: number): string => scaled(x, 1000, ['', 'k', 'M', 'G', 'T', 'P']);

/** Seconds → `12:34`, `1:02:03`; below ten `2.3 s`, below one `340 ms`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 1) return `${significant(seconds * 1000, 3)} ms`;
  if (seconds < 9.95) return `${significant(seconds, 2)} s`;
  const total = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}
