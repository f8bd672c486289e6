// The progress bar, on a terminal that is a list of strings and a clock that is set by hand.

import { describe, expect, test } from 'vitest';
import { Progress } from './progress.ts';
import { displayWidth } from './width.ts';

function harness(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  // The part of a stream that the bar uses.
  const stream = { isTTY, columns, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  let seconds = 0;
  const progress = new Progress({ stream, left: (time) => `${time} left`, now: () => seconds });
  return {
    written,
    progress,
    at: (s: number): void => {
      seconds = s;
    },
  };
}

describe('Progress on a terminal', () => {
  test('redraws one line at most ten times a second, and guesses the time left from the rate since the first update', () => {
    const { written, progress, at } = harness(true);
    progress.update({ unit: 'step', done: 100, total: 200, facts: ['loss 2.5'] }); // resumed: the first 100 took no time here
    at(0.05);
    progress.update({ unit: 'step', done: 101, total: 200 });
    expect(written).toHaveLength(1);
    at(10);
    progress.update({ unit: 'step', done: 125, total: 200, facts: ['loss 2.4'] });
    expect(written).toHaveLength(2);
    // 25 steps in 10 s: 75 more take 30 s.
    expect(written[1]).toBe(`\r\u001b[2Kstep 125/200  ${'━'.repeat(12)}${'─'.repeat(8)}  62%  loss 2.4  0:30 left`);
  });

  test('is never wider than the terminal, Chinese counted as two columns', () => {
    const { written, progress } = harness(true, 24);
    progress.update({ unit: '步', done: 1, total: 9, facts: ['损失 4.0000', '词元每秒 12,345'] });
    expect(displayWidth(written[0]!.replace('\r\u001b[2K', ''))).toBeLessThan(24);
    expect(written[0]).toMatch(/…$/);
  });

  test('goes away for a line that stays, comes back at once, and ends as a line', () => {
    const { written, progress, at } = harness(true);
    progress.update({ unit: 'step', done: 1, total: 3 });
    progress.clear();
    expect(written.at(-1)).toBe('\r\u001b[2K');
    at(0.01);
    progress.update({ unit: 'step', done: 3, total: 3 });
    expect(written.at(-1)).toContain('step 3/3');
    progress.finish();
    expect(written.at(-1)).toBe(`step 3/3  ${'━'.repeat(20)}  100%\n`);
  });
});

describe('Progress elsewhere', () => {
  test('prints a plain line every ten seconds and the last state once, without control characters', () => {
    const { written, progress, at } = harness(false);
    for (let s = 0; s <= 25; s++) {
      at(s);
      progress.update({ unit: 'step', done: s, total: 25, secondsLeft: 25 - s });
    }
    progress.finish();
    progress.finish();
    expect(written).toEqual([
      'step 0/25  0%  0:25 left\n',
      'step 10/25  40%  0:15 left\n',
      'step 20/25  80%  5 s left\n',
      'step 25/25  100%\n',
    ]);
  });

  test('an unknown total is no share', () => {
    const { written, progress } = harness(false);
    progress.update({ unit: 'counting', done: 7, total: null });
    expect(written).toEqual(['counting 7\n']);
  });
});
