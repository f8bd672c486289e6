// The loss of a training, step by step, as a line that falls.

const width = 600;
const height = 120;

export function Curve({ name, losses, steps }: { name: string; losses: readonly number[]; steps: number }) {
  const top = Math.max(0.1, ...losses);
  const x = (i: number): number => ((i + 0.5) / Math.max(1, steps)) * width;
  const y = (loss: number): number => height - 4 - (loss / top) * (height - 12);
  return (
    <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={name} className="block w-full">
      <line x1="0" x2={width} y1={height - 4} y2={height - 4} stroke="var(--line)" />
      <polyline
        points={losses.map((loss, i) => `${x(i).toFixed(1)},${y(loss).toFixed(1)}`).join(' ')}
        fill="none"
        stroke="var(--second-ink)"
        strokeWidth="2"
        strokeLinejoin="round"
      />
    </svg>
  );
}
