// A chart of curves by step, as lines and texts in pixels: what SVG and PNG are drawn from.

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A curve of a chart. */
export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
  /** `#rrggbb` */
  readonly colour: string;
  readonly stroke: number;
  /** Marks every point. */
  readonly dots?: boolean;
}

export interface ChartText {
  readonly x: number;
  /** Of the base line. */
  readonly y: number;
  readonly text: string;
  readonly anchor: 'start' | 'middle' | 'end';
  readonly colour: string;
  readonly large?: boolean;
}

/** Everything to be drawn, in this order. */
export interface Chart {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly grid: readonly { readonly y: number; readonly from: number; readonly to: number }[];
  readonly lines: readonly { readonly points: readonly Point[]; readonly colour: string; readonly stroke: number }[];
  readonly dots: readonly (Point & { readonly colour: string })[];
  readonly keys: readonly (Point & { readonly colour: string })[];
  readonly texts: readonly ChartText[];
}

const width = 720;
const height = 360;
const margin = { left: 56, right: 16, top: 36, bottom: 44 };
/** More points than pixels draw nothing. */
const maxPoints = 600;
export const colours = [
  '#4c6ef5',
  '#d9480f',
  '#2b8a3e',
  '#ae3ec9',
  '#0b7285',
  '#e67700',
  '#c2255c',
  '#495057',
] as const;

/** Curves with axes, round ticks and a legend. @param unit of the y axis, after the title. */
export function chartOf(title: string, unit: string, given: readonly Curve[]): Chart {
  const curves = given.map((c) => ({ ...c, points: c.dots ? c.points : thinned(c.points) }));
  const all = curves.flatMap((c) => c.points);
  const steps = Math.max(1, ...all.map((p) => p.x));
  // The first steps fall from the loss of chance; drawn to scale they would flatten all that follows, so the picture begins after a fiftieth.
  const settled = all.filter((p) => p.x >= steps / 50);
  const highest = Math.max(1e-3, ...settled.map((p) => p.y));
  const lowest = Math.min(highest, ...all.map((p) => p.y));
  const yTicks = ticks(lowest, highest);
  const [bottom, top] = [Math.min(lowest, yTicks[0]!), Math.max(highest, yTicks.at(-1)!)];
  const px = (x: number): number => margin.left + (x / steps) * (width - margin.left - margin.right);
  const py = (y: number): number =>
    height - margin.bottom - ((y - bottom) / (top - bottom || 1)) * (height - margin.top - margin.bottom);
  const placed = ({ x, y }: Point): Point => ({ x: px(x), y: py(y) });
  const grey = '#555555';
  // The legend is set from the right; a letter is at most seven pixels wide.
  let right = width - margin.right;
  const legend = curves.toReversed().map(({ name, colour }) => {
    right -= 7 * name.length + 34;
    return { x: right, y: 12, name, colour };
  });
  return {
    title,
    width,
    height,
    grid: yTicks.map((y) => ({ y: py(y), from: margin.left, to: width - margin.right })),
    lines: curves.flatMap(({ points, colour, stroke }) =>
      points.length > 1 ? [{ points: points.filter((p) => p.y <= top).map(placed), colour, stroke }] : [],
    ),
    dots: curves.flatMap(({ points, colour, dots }) =>
      dots || points.length === 1 ? points.filter((p) => p.y <= top).map((p) => ({ ...placed(p), colour })) : [],
    ),
    keys: legend.map(({ x, y, colour }) => ({ x, y, colour })),
    texts: [
      ...yTicks.map((y) => ({
        ...{ x: margin.left - 8, y: py(y) + 4, text: label(y), anchor: 'end' as const, colour: grey },
      })),
      ...ticks(0, steps).map((x) => ({
        ...{ x: px(x), y: height - margin.bottom + 18, text: label(x), anchor: 'middle' as const, colour: grey },
      })),
      { x: (margin.left + width - margin.right) / 2, y: height - 8, text: 'step', anchor: 'middle', colour: grey },
      { x: margin.left, y: 20, text: `${title}: ${unit}`, anchor: 'start', colour: '#222222', large: true },
      ...legend.map(({ x, name }) => ({ x: x + 20, y: 18, text: name, anchor: 'start' as const, colour: grey })),
    ],
  };
}

/** Means of neighbours, so that at most {@link maxPoints} points remain. */
export function thinned(points: readonly Point[]): Point[] {
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

/** A chart as SVG, readable on light and dark pages. */
export function svgOf({ title, width: w, height: h, grid, lines, dots, keys, texts }: Chart): string {
  const line = (points: readonly Point[]): string => points.map((p) => `${p.x.toFixed(1)},${p.y.toFixed(1)}`).join(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" font-family="system-ui, sans-serif" font-size="12" role="img">
<title>${escaped(title)}: loss by step</title>
<rect width="${w}" height="${h}" fill="#ffffff"/>
<g stroke="#e3e3e3">${grid.map((g) => `<line x1="${g.from}" x2="${g.to}" y1="${g.y.toFixed(1)}" y2="${g.y.toFixed(1)}"/>`).join('')}</g>
${texts
  .map(
    (t) =>
      `<text x="${t.x.toFixed(1)}" y="${t.y.toFixed(1)}" text-anchor="${t.anchor}" fill="${t.colour}"${t.large ? ' font-size="14" font-weight="600"' : ''}>${escaped(t.text)}</text>`,
  )
  .join('\n')}
${keys.map((k) => `<rect x="${k.x.toFixed(1)}" y="${k.y}" width="14" height="3" fill="${k.colour}"/>`).join('')}
${lines
  .map(
    (l) =>
      `<polyline fill="none" stroke="${l.colour}" stroke-width="${l.stroke}" stroke-linejoin="round" points="${line(l.points)}"/>`,
  )
  .join('\n')}
${dots.map((d) => `<circle cx="${d.x.toFixed(1)}" cy="${d.y.toFixed(1)}" r="2.5" fill="${d.colour}"/>`).join('')}
</svg>
`;
}

const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : '&gt;'));
