// Renders docs/results.md from the JSON documents that benchmarks printed: `pnpm bench <name> | tail -n 1 > docs/results/<name>.json`, then this.
// The same benchmark on a second machine is a file of its own, <name>-<machine>.json.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { speedPicture } from './speed-picture.mjs';

const docs = join(import.meta.dirname, '..', 'docs');
const files = readdirSync(join(docs, 'results'))
  .filter((f) => f.endsWith('.json'))
  .sort();

/** Numbers as the benchmark printed them; absent ones as a dash. */
const cell = (x) => (x === null || x === undefined ? '–' : String(x));

const documents = files.map((file) => JSON.parse(readFileSync(join(docs, 'results', file), 'utf8')));

const sections = documents.map(({ name, machine, rows }) => {
  const isOnlyOne = documents.filter((d) => d.name === name).length === 1;
  const peers = [...new Set(rows.flatMap((r) => Object.keys(r.peers)))];
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    isOnlyOne ? `## ${name}` : `## ${name}, ${machine.processor}`,
    '',
    `\`pnpm bench ${name}\` on ${Object.entries(machine)
      .map(([k, v]) => `${k} ${typeof v === 'object' ? JSON.stringify(v) : v}`)
      .join(', ')}.`,
    '',
    line(['row', 'unit', 'yumo', ...peers, 'ratio to the best']),
    line(['---', '---', '---:', ...peers.map(() => '---:'), '---:']),
    ...rows.map((r) => line([r.row, r.unit, cell(r.ours), ...peers.map((p) => cell(r.peers[p])), cell(r.ratio)])),
    '',
  ].join('\n');
});
const head =
  '# Results\n\nWritten by `node scripts/results.mjs` from the JSON that the benchmarks print last; no number is typed. A ratio above 1 is in our favour, for memory too.\n';
writeFileSync(join(docs, 'images', 'speed.svg'), speedPicture(documents));
writeFileSync(join(docs, 'results.md'), [head, ...sections].join('\n'));
console.log(`docs/results.md: ${files.length} benchmark${files.length === 1 ? '' : 's'}`);
