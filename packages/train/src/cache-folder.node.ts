// Where yumo keeps what it can make again: the user's cache folder, as the system has it.

import { homedir } from 'node:os';
import { join } from 'node:path';

/** A folder in `$YUMO_CACHE`, else in `~/.cache/yumo` (Linux, `$XDG_CACHE_HOME`), `~/Library/Caches/yumo` (macOS), `%LOCALAPPDATA%\yumo` (Windows). */
export function cacheFolder(name: string, environment: NodeJS.ProcessEnv = process.env): string {
  const { YUMO_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = environment;
  if (YUMO_CACHE) return join(YUMO_CACHE, name);
  const caches =
    process.platform === 'darwin'
      ? join(homedir(), 'Library', 'Caches')
      : process.platform === 'win32'
        ? (LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'))
        : (XDG_CACHE_HOME ?? join(homedir(), '.cache'));
  return join(caches, 'yumo', name);
}
