import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trainByteLevelBpe, trainUnigram, trainWordPiece } from './index.ts';
import { threads } from './threads.node.ts';

const built = existsSync(join(import.meta.dirname, '../../dist/train/count-worker.node.js'));
if (!built) console.log('skipped: worker threads need the built package; run pnpm build');

const texts = Array.from(
  { length: 6000 },
  (_, i) => `Text ${i % 97}: the ${i * 7} quick foxes, 第${i}隻狐狸 and others—${'ab'.repeat(i % 5)}`,
);

describe.runIf(built)('counting in worker threads', () => {
  for (const train of [trainByteLevelBpe, trainUnigram, trainWordPiece]) {
    it(`${train.name}: gives the tokenizer that one thread gives`, async () => {
      const options = { vocabularySize: 900 };
      const alone = (await train(texts, options)).toJson();
      for (const count of [1, 3])
        expect((await train(texts, { ...options, counter: threads(count) })).toJson()).toEqual(alone);
    });
  }

  it('forgets rare words in each thread when there are too many', async () => {
    const counter = threads(2);
    const tokenizer = await trainWordPiece(texts, { vocabularySize: 300, maxRemembered: 4096, counter });
    expect(tokenizer.tokenToId('quick')).toBeDefined();
  });

  it('stops its threads when the source fails, and says why', async () => {
    async function* failing() {
      yield 'one';
      throw new Error('the disk is gone');
    }
    await expect(trainWordPiece(failing(), { counter: threads(2) })).rejects.toThrow('the disk is gone');
    await expect(
      trainWordPiece(texts, { counter: threads(2), signal: AbortSignal.abort(new Error('no')) }),
    ).rejects.toThrow('no');
  });

  it('refuses a segmenter, and names wrong stages as one thread does', async () => {
    const segment = (text: string) => [text];
    await expect(trainByteLevelBpe(texts, { counter: threads(2), segment })).rejects.toThrow(
      'cannot be handed to other threads',
    );
    const normalizer = { type: 'Lowercas' } as unknown as { type: 'Lowercase' };
    const message = await trainWordPiece(texts, { normalizer }).catch((error: Error) => error.message);
    await expect(trainWordPiece(texts, { normalizer, counter: threads(2) })).rejects.toThrow(String(message));
    expect(() => threads(0)).toThrow('threads: 0 is not a whole number from 1 to 256');
  });
});
