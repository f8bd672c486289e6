// Loss curves as a picture: SVG written by hand, readable on light and dark pages.

import type { TrainingEvent } from './events.ts';

interface Point {
  readonly x: number;
  readonly y: number;
}

const width = 720;
const height = 360;
const margin = { left: 56, right: 16, top: 36, bottom: 44 };
/** More points than pixels draw nothing. */
const maxPoints = 600;

/** Training loss (means of neighbouring steps) and validation loss by step. */
export function lossCurves(events: readonly TrainingEvent[], title: string): string {
  const training = thinned(events.flatMap((e) => (e.kind === 'step' ? [{ x: e.step, y: e.loss }] : [])));
  const validation = events.flatMap((e) => (e.kind === 'evaluation' ? [{ x: e.step, y: e.loss }] : []));
  const all = [...training, ...validation];
  // The first steps fall from the loss of chance; drawn to scale they would flatten all that follows, so the picture begins after a fiftieth.
  const settled = all.filter((p) => p.x >= (all.at(-1)?.x ?? 0) / 50);
  const highest = Math.max(1e-3, ...settled.map((p) => p.y));
  const lowest = Math.min(highest, ...all.map((p) => p.y));
  const steps = Math.max(1, ...all.map((p) => p.x));
  const yTicks = ticks(lowest, highest);
  const xTicks = ticks(0, steps);
  const [bottom, top] = [Math.min(lowest, yTicks[0]!), Math.max(highest, yTicks.at(-1)!)];
  const px = (x: number): number => margin.left + (x / steps) * (width - margin.left - margin.right);
  const py = (y: number): number =>
    height - margin.bottom - ((y - bottom) / (top - bottom || 1)) * (height - margin.top - margin.bottom);
  const line = (points: readonly Point[], colour: string, stroke: number): string =>
    `<polyline fill="none" stroke="${colour}" stroke-width="${stroke}" stroke-linejoin="round" points="${points.map((p) => `${px(p.x).toFixed(1)},${py(p.y).toFixed(1)}`).join(' ')}"/>`;
  const dots = validation.map(
    (p) => `<circle cx="${px(p.x).toFixed(1)}" cy="${py(p.y).toFixed(1)}" r="2.5" fill="#d9480f"/>`,
  );
  const last = validation.at(-1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img">
<title>${escaped(title)}: loss by step</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<g stroke="#e3e3e3">${yTicks.map((y) => `<line x1="${margin.left}" x2="${width - margin.right}" y1="${py(y).toFixed(1)}" y2="${py(y).toFixed(1)}"/>`).join('')}</g>
<g fill="#555555">
${yTicks.map((y) => `<text x="${margin.left - 8}" y="${(py(y) + 4).toFixed(1)}" text-anchor="end">${label(y)}</text>`).join('')}
${xTicks.map((x) => `<text x="${px(x).toFixed(1)}" y="${height - margin.bottom + 18}" text-anchor="middle">${label(x)}</text>`).join('')}
<text x="${(margin.left + width - margin.right) / 2}" y="${height - 8}" text-anchor="middle">step</text>
<text x="${margin.left}" y="20" fill="#222222" font-size="14" font-weight="600">${escaped(title)}: nats per token</text>
</g>
<g><rect x="${width - 252}" y="12" width="14" height="3" fill="#4c6ef5"/><text x="${width - 232}" y="18" fill="#555555">training</text>
<rect x="${width - 172}" y="12" width="14" height="3" fill="#d9480f"/><text x="${width - 152}" y="18" fill="#555555">validation${last ? ` (last ${last.y.toFixed(3)})` : ''}</text></g>
${
  training.length > 0
    ? line(
        training.filter((p) => p.y <= top),
        '#4c6ef5',
        1.5,
      )
    : ''
}
${validation.length > 0 ? line(validation, '#d9480f', 2) : ''}
${dots.join('')}
</svg>
`;
}

/** Means of neighbours, so that at most {@link maxPoints} points remain. */
function thinned(points: readonly Point[]): Point[] {
  const group = Math.ceil(points.length / maxPoints);
  if (group <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / group) }, (_, i) => {
    const some = points.slice(i * group, (i + 1) * group);
    return { x: some.at(-1)!.x, y: some.reduce((sum, p) => sum + p.y, 0) / some.length };
  });
}

/** Four to eight round numbers inside [low, high]. */
function ticks(low: number, high: number): number[] {
  const rough = (high - low || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough)!;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  if (last < first) return [low];
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

const label = (x: number): string =>
  Number.isInteger(x) ? x.toLocaleString('en-US') : String(Number(x.toPrecision(3)));
const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : '&gt;'));
