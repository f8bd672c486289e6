// Before the tests: the command line is compiled, so that they run what users run.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export default function build(): void {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const { status, stdout, stderr } = spawnSync('npx', ['--no-install', 'tsc', '-b'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`tsc -b: ${stdout}${stderr}`);
}
