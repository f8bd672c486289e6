// A probability as a number and a bar.

export const percent = (share: number): string =>
  `${(100 * share).toFixed(share > 0.0995 && share < 0.9995 ? 0 : 1)} %`;

export function Bar({ share, label, strong = false }: { share: number; label: string; strong?: boolean }) {
  return (
    <span className="flex items-center gap-3">
      <span className="h-1.5 flex-1 overflow-hidden rounded-full bg-line" aria-hidden="true">
        <span
          className={`block h-full rounded-full ${strong ? 'bg-second' : 'bg-muted/60'}`}
          style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }}
        />
      </span>
      <span className="w-14 text-end text-sm text-muted tabular-nums">
        <span className="sr-only">{label}: </span>
        {percent(share)}
      </span>
    </span>
  );
}
