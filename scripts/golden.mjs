// Open checks against reference cases: `pnpm golden models <folder>`, `pnpm golden tokenizers <file>`.
// One line a case, then `{"cases": [{"case", "status": "pass|fail|unsupported", "worst"}]}` as the last line; exit 1 on a miss.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');
const shared = process.env.YUMO_SHARED ?? join(root, '..', 'shared');

/** For each kind: the compiled file that holds the runner, its function, and where the reference cases lie by default. */
const kinds = {
  tokenizers: {
    module: 'packages/tokenizer/dist/golden.node.js',
    run: (module, path, print) => module.runTokenizerGolden(path, print, [join(shared, 'data', 'tokenizers')]),
    cases: join(shared, 'data', 'tokenizers', 'golden-cases.json'),
  },
  models: {
    module: 'packages/train/dist/golden.node.js',
    run: (module, path, print) => module.runModelGolden(path, print),
    cases: join(shared, 'golden', 'models'),
  },
};

const [kindName, given] = process.argv.slice(2);
const kind = kinds[kindName];
if (kind === undefined)
  stop(
    `golden: ${kindName ?? 'nothing'} is not a kind of check; use: golden ${Object.keys(kinds).join(' | ')} [file or folder]`,
  );
const path = resolve(given ?? kind.cases);
if (!existsSync(path)) stop(`golden: ${path} does not exist; give the file or folder of reference cases`);
const modulePath = join(root, kind.module);
if (!existsSync(modulePath)) {
  const { status } = spawnSync('npx', ['--yes', 'pnpm', 'exec', 'turbo', 'run', 'build', '--filter', './packages/*'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0 || !existsSync(modulePath))
    stop(`golden: ${kind.module} could not be built; run "pnpm build" first`);
}
const { cases } = await kind.run(await import(pathToFileURL(modulePath)), path, () => {});
const lines = cases.map(
  (c) =>
    `${c.status} ${c.case}${c.worst === null || c.worst === undefined ? '' : `: ${c.worst}`}${c.status === 'pass' || !c.detail ? '' : ` (${c.detail})`}`,
);
const count = (status) => cases.filter((c) => c.status === status).length;
lines.push(
  `${count('pass')} passed, ${count('fail')} failed, ${count('unsupported')} unsupported`,
  JSON.stringify({ cases }),
);
process.stdout.write(`${lines.join('\n')}\n`, () => process.exit(count('fail') > 0 || cases.length === 0 ? 1 : 0));

function stop(message) {
  console.error(message);
  process.exit(2);
}
