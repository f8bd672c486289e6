// Pictures of curves: the PNG is decoded by the rules of its format and compared with what was asked for.

import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { chartOf, svgOf } from './chart.ts';
import { differentFields } from './compare.ts';
import { comparedChart } from './curves.ts';
import type { TrainingEvent } from './events.ts';
import { pngOf } from './png.node.ts';
import { parseRecipe } from './recipe-fields.ts';

/** CRC-32 by its definition (ISO 3309), bit by bit. */
function crc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return (c ^ 0xffffffff) >>> 0;
}

function decoded(png: Buffer): { width: number; height: number; pixel(x: number, y: number): string } {
  expect(png.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const content = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc(content));
    chunks.set(content.toString('latin1', 0, 4), content.subarray(4));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR')!;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  expect([...header.subarray(8)]).toEqual([8, 2, 0, 0, 0]);
  const rows = inflateSync(chunks.get('IDAT')!);
  expect(rows.length).toBe(height * (1 + 3 * width));
  return {
    width,
    height,
    pixel: (x, y) => `#${rows.subarray(y * (1 + 3 * width) + 1 + 3 * x).toString('hex', 0, 3)}`,
  };
}

describe('a chart', () => {
  const chart = chartOf('run', 'nats per token', [
    {
      name: 'falling',
      points: [
        { x: 10, y: 4 },
        { x: 100, y: 2 },
      ],
      colour: '#112233',
      stroke: 3,
    },
  ]);

  test('as PNG has the curve where the SVG has it, and white elsewhere', () => {
    const png = decoded(pngOf(chart));
    expect([png.width, png.height]).toEqual([1440, 720]);
    const [from, to] = chart.lines[0]!.points;
    for (const share of [0, 0.3, 0.5, 1]) {
      const [x, y] = [from!.x + share * (to!.x - from!.x), from!.y + share * (to!.y - from!.y)];
      expect(png.pixel(Math.round(2 * x), Math.round(2 * y))).toBe('#112233');
      expect(png.pixel(Math.round(2 * x), Math.round(2 * y) - 15)).not.toBe('#112233');
    }
    expect(png.pixel(5, 5)).toBe('#ffffff');
  });

  test('as SVG is one picture with axes, and its texts are escaped', () => {
    const svg = svgOf(
      chartOf('a < b & c', 'nats', [{ name: '<i>', points: [{ x: 3, y: 1 }], colour: '#112233', stroke: 1 }]),
    );
    expect(svg).toContain('a &lt; b &amp; c');
    expect(svg).not.toContain('<i>');
    expect(svg).toMatch(/^<svg[\s\S]*<circle[\s\S]*<\/svg>\n$/);
  });
});

test('several runs are drawn by their validation losses, each in its colour', () => {
  const evaluation = (step: number, loss: number): TrainingEvent =>
    ({ kind: 'evaluation', step, loss }) as TrainingEvent; // what a chart reads
  const chart = comparedChart([
    { name: 'one', events: [evaluation(10, 3), evaluation(20, 2)] },
    { name: 'two', events: [evaluation(10, 2.5), evaluation(20, 2.25)] },
  ]);
  expect(chart.lines).toHaveLength(2);
  expect(chart.dots).toHaveLength(4);
  expect(new Set(chart.lines.map((l) => l.colour)).size).toBe(2);
  expect(chart.texts.map((t) => t.text)).toEqual(expect.arrayContaining(['one', 'two']));
});

test('recipes are compared field by field, kinds and lists included', () => {
  const base = {
    name: 'a',
    data: { kind: 'text', files: ['x.txt'] },
    tokenizer: { kind: 'characters' },
    model: { model_type: 'gpt2', n_layer: 2 },
    batch: 4,
    steps: 10,
  };
  const other = {
    ...base,
    name: 'b',
    steps: 20,
    model: { model_type: 'gpt2', n_layer: 3 },
    optimizer: { kind: 'sgd' },
  };
  const differences = differentFields([parseRecipe(base), parseRecipe(other)]);
  const byPath = new Map(differences.map((d) => [d.path, d.values]));
  expect(byPath.get('steps')).toEqual([10, 20]);
  expect(byPath.get('model.n_layer')).toEqual([2, 3]);
  expect(byPath.get('optimizer.kind')).toEqual(['adamw', 'sgd']);
  expect(byPath.get('optimizer.beta1')).toEqual([0.9, undefined]);
  expect([...byPath.keys()]).not.toContain('batch');
});
