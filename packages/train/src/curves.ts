// Loss curves of one training, or of several side by side.

import { type Chart, type Curve, chartOf, colours, type Point, svgOf } from './chart.ts';
import type { TrainingEvent } from './events.ts';

const losses = (events: readonly TrainingEvent[], kind: 'step' | 'evaluation'): Point[] =>
  events.flatMap((e) => (e.kind === kind ? [{ x: e.step, y: e.loss }] : []));

/** Training loss (means of neighbouring steps) and validation loss by step. */
export function lossChart(events: readonly TrainingEvent[], title: string): Chart {
  const validation = losses(events, 'evaluation');
  const last = validation.at(-1);
  return chartOf(title, 'nats per token', [
    { name: 'training', points: losses(events, 'step'), colour: colours[0], stroke: 1.5 },
    {
      name: `validation${last ? ` (last ${last.y.toFixed(3)})` : ''}`,
      ...{ points: validation, colour: colours[1], stroke: 2, dots: true },
    },
  ]);
}

/** {@link lossChart} as SVG. */
export const lossCurves = (events: readonly TrainingEvent[], title: string): string => svgOf(lossChart(events, title));

/** The validation losses of runs in one picture; training losses where a run has no evaluation. */
export const comparedChart = (
  runs: readonly { readonly name: string; readonly events: readonly TrainingEvent[] }[],
): Chart =>
  chartOf(
    'validation',
    'nats per token',
    runs.map(({ name, events }, i): Curve => {
      const validation = losses(events, 'evaluation');
      const points = validation.length > 0 ? validation : losses(events, 'step');
      return { name, points, colour: colours[i % colours.length]!, stroke: 1.5, dots: validation.length > 0 };
    }),
  );
