// Writes what `pnpm bench tasks` measured into the cards of the shipped models (`model-index`, as model hubs read it), from docs/results/tasks.json.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const { rows } = JSON.parse(readFileSync(join(root, 'docs/results/tasks.json'), 'utf8'));
const models = [...new Set(rows.map((row) => row.measured.model))];

/** Shares are told in per cent, as everywhere else. */
const shown = ({ unit, ours }) => (unit.endsWith('(share)') ? (100 * ours).toFixed(2) : ours.toFixed(2));

for (const model of models) {
  const measured = rows.filter((row) => row.measured.model === model);
  const path = join(root, 'models', model, 'README.md');
  if (!existsSync(path)) continue;
  const [, front, body] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(readFileSync(path, 'utf8'));
  const kept = front.replace(/\nmodel-index:[\s\S]*$/, '');
  const index = [
    'model-index:',
    `- name: ${model}`,
    '  results:',
    ...measured.flatMap((row) => [
      `  - task: { type: ${row.measured.task} }`,
      `    dataset: { name: ${JSON.stringify(`${row.measured.dataset}, ${row.measured.rows} rows`)}, type: ${model} }`,
      `    metrics: [{ type: ${JSON.stringify(row.measured.metric)}, value: ${shown(row)} }]`,
    ]),
  ];
  writeFileSync(path, `---\n${kept}\n${index.join('\n')}\n---\n${body}`);
  console.log(`models/${model}/README.md: ${measured.length} results`);
}
