// Several programs made for WebGPU at once, in a browser.

import { expect, it } from 'vitest';
import { Absent, openPage } from './parity/columns.ts';

it('makes programs one after another where the engine makes one at a time, and goes on after one that was given up', async () => {
  try {
    await using opened = await openPage('sessions.ts', 'sessions');
    expect(await opened.page.evaluate('sessions.together(6)')).toEqual([
      '0,0',
      expect.stringMatching(/^compile: stopped/),
      '2,4',
      '3,6',
      '4,8',
      '5,10',
    ]);
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    console.info(`sessions: not tested: ${error.message}`);
  }
}, 180_000);
