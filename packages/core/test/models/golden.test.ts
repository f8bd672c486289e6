// Every architecture and head against values computed by independent implementations: outputs, losses, all gradients.

import { describe, expect, it } from 'vitest';
import { matchParameters } from '../../src/checkpoint/parameters.ts';
import { onnxruntimeNode } from '../../src/runtimes/onnxruntime.node.ts';
import { referenceRuntime } from '../../src/runtimes/reference.ts';
import type { Value } from '../../src/value.ts';
import { caseNames, type GoldenCase, readCase, worst } from './golden-case.ts';

type Tolerance = (name: string) => (expected: number, largest: number) => number;

/** Double precision against values stored as float32: half a unit of the last place, and rounding noise where the exact value is zero. */
const tight: Tolerance = () => (x, largest) => 1e-7 * Math.abs(x) + 2e-7 * largest + 1e-9;

/** The tolerances that stand beside the reference values, for float32. */
const published: Tolerance = (name) =>
  name.startsWith('grad.')
    ? (x, largest) => 1e-3 * Math.abs(x) + 1e-4 * largest + 1e-5
    : name === 'loss'
      ? (x) => 1e-5 * Math.abs(x) + 1e-5
      : (x) => 1e-3 * Math.abs(x) + 1e-4;

/** Our name of a stored output: gradients carry the parameter names of their checkpoint. */
function ourName(stored: string, { graph, parameters, model }: GoldenCase): string | undefined {
  if (stored in graph.outputs || !stored.startsWith('grad.')) return stored;
  const one = { path: '', names: [stored.slice(5)], form: () => ({ dtype: 'float32', shape: [] }) } as never; // only names are asked for
  const [found] = matchParameters(one, parameters, model.architecture).found.keys();
  return found && `grad.${found}`;
}

function compare(c: GoldenCase, got: Readonly<Record<string, Value>>, tolerance: Tolerance): void {
  const complaints: string[] = [];
  const seen = new Set<string>();
  for (const [stored, expected] of c.expected) {
    const name = ourName(stored, c);
    const value = name === undefined ? undefined : got[name];
    if (!value || name === undefined) {
      complaints.push(`${stored} is missing`);
      continue;
    }
    seen.add(name);
    const { excess, at } = worst(value, expected, c.counts(name, expected.shape), tolerance(name));
    if (!(excess <= 1)) complaints.push(`${stored} ${at} (${excess.toFixed(1)} × the tolerance)`);
  }
  // A gradient that the reference does not have must be one that is exactly zero.
  for (const [name, v] of Object.entries(got))
    if (name.startsWith('grad.') && !seen.has(name) && (v.data as Float64Array).some((x) => x !== 0))
      complaints.push(`${name} has no reference and is not zero`);
  expect(complaints).toEqual([]);
}

const cpu = await onnxruntimeNode({ threads: 1 });

describe.each(caseNames)('%s', (name) => {
  it('equals the reference in double precision', async () => {
    const c = await readCase(name);
    const program = await referenceRuntime.compile(c.graph);
    compare(c, await program.run(c.feeds), tight);
  });

  it('equals the reference on onnxruntime', async () => {
    const c = await readCase(name);
    const program = await cpu.compile(c.graph);
    const got = await program.run(c.feeds);
    await program.dispose();
    compare(c, got, published);
  });
});

if (caseNames.length === 0) it('has reference values', ({ skip }) => skip('no ../shared/golden'));
