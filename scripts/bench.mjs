// `pnpm bench <name>`: runs benchmarks/<name>.mjs. Without a name, lists them.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', 'benchmarks');
const [name, ...rest] = process.argv.slice(2);
const names = readdirSync(folder)
  .filter((f) => f.endsWith('.mjs'))
  .map((f) => f.slice(0, -4));
const titleOf = (n) =>
  readFileSync(join(folder, `${n}.mjs`), 'utf8')
    .split('\n', 1)[0]
    .replace(/^\/\/\s*/, '');

if (!name || name.startsWith('-')) {
  console.log('Benchmarks (pnpm bench <name>):');
  for (const n of names) console.log(`  ${n.padEnd(24)} ${titleOf(n)}`);
  process.exit(name ? 0 : 2);
}
if (!existsSync(join(folder, `${name}.mjs`))) {
  console.error(`bench: no benchmark "${name}"; there are ${names.join(', ')}`);
  process.exit(2);
}
const { status } = spawnSync(process.execPath, [join(folder, `${name}.mjs`), ...rest], { stdio: 'inherit' });
process.exit(status ?? 1);
