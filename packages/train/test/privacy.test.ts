// Precision and recall of the privacy patterns on the synthetic reference rows, English and Chinese.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPrivate } from '../src/data/privacy/find.ts';
import { privateKinds } from '../src/data/privacy/patterns.ts';
import { readData } from '../src/data/readers/index.ts';
import { type Entity, measure, spanF1 } from '../src/metrics/index.ts';
import { sharedFolder } from '../src/shared.node.ts';

const path = join(sharedFolder('data'), 'bias/pii-synthetic/pii.jsonl.gz');

test.runIf(existsSync(path))('what has a form is found in the reference rows, and look-alikes are not', async () => {
  const { rows } = await readData({ name: path, bytes: new Uint8Array(readFileSync(path)) });
  for (const language of ['en', 'zh']) {
    const texts = rows.flatMap((row) => (row.task === 'record' && row.fields.lang === language ? [row.fields] : []));
    const spans = texts.map((fields) => ({
      text: fields.text as string,
      expected: (fields.spans as { start: number; end: number; label: string }[])
        .map(({ start, end, label }): Entity => ({ type: label.toLowerCase().replaceAll('_', '-'), start, end }))
        .filter(({ type }) => type !== 'name'),
      predicted: findPrivate(fields.text as string).map(({ kind, start, end }): Entity => ({ type: kind, start, end })),
    }));
    if (process.env.SHOW_ERRORS)
      for (const row of spans) {
        const key = (e: Entity) => `${e.type} ${row.text.slice(e.start, e.end)}`;
        const [a, b] = [row.expected.map(key), row.predicted.map(key)];
        if (a.some((x) => !b.includes(x)) || b.some((x) => !a.includes(x)))
          console.log(
            row.text,
            a.filter((x) => !b.includes(x)),
            b.filter((x) => !a.includes(x)),
          );
      }
    const scores = measure(spanF1, spans);
    const percent = (share: number): string => (100 * share).toFixed(1);
    console.log(
      [
        `${language}: ${texts.length} rows, precision ${percent(scores.micro.precision)}, recall ${percent(scores.micro.recall)} (exact ends, without names)`,
        ...privateKinds.flatMap((kind) => {
          const own = scores.perClass.get(kind);
          return own === undefined
            ? []
            : [`  ${kind}: precision ${percent(own.precision)}, recall ${percent(own.recall)} of ${own.support}`];
        }),
      ].join('\n'),
    );
    expect(scores.micro.precision).toBeGreaterThan(0.98);
    expect(scores.micro.recall).toBeGreaterThan(0.98);
  }
});
