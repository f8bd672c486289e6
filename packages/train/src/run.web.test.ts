// Runs in a browser's private files, on a file system in memory that is killed at every single operation.

import { describe, expect, test } from 'vitest';
import type { FolderHandle } from './private-folder.web.ts';
import { openPrivateRun } from './run.web.ts';
import type { Checkpoint } from './store.ts';

class Killed extends Error {}
const missing = (): never => {
  throw Object.assign(new Error('missing'), { name: 'NotFoundError' });
};

interface Folder {
  readonly files: Map<string, { bytes: Uint8Array<ArrayBuffer> }>;
  readonly folders: Map<string, Folder>;
}
const emptyFolder = (): Folder => ({ files: new Map(), folders: new Map() });

/** One session of a page on a tree of files: after `left` operations nothing happens any more. A write that is hit is half done. */
class Session {
  left: number;
  readonly open = new Set<object>();
  readonly moves: boolean;

  constructor(left = Number.POSITIVE_INFINITY, moves = true) {
    this.left = left;
    this.moves = moves;
  }

  spend(half: () => void = () => undefined): void {
    if (this.left <= 0) {
      if (this.left === 0) half();
      this.left = -1;
      throw new Killed('killed');
    }
    this.left--;
  }

  root(folder: Folder, name = ''): FolderHandle {
    const session = this;
    const subfolder = (n: string): Folder => folder.folders.get(n) ?? missing();
    return {
      kind: 'directory',
      name,
      async getDirectoryHandle(n, { create = false } = {}) {
        if (create && !folder.folders.has(n)) {
          session.spend();
          folder.folders.set(n, emptyFolder());
        }
        return session.root(subfolder(n), n);
      },
      async getFileHandle(n, { create = false } = {}) {
        if (create && !folder.files.has(n)) {
          session.spend();
          folder.files.set(n, { bytes: new Uint8Array(0) });
        }
        const file = folder.files.get(n) ?? missing();
        const handle = {
          kind: 'file' as const,
          name: n,
          getFile: async () => new Blob([file.bytes]),
          async createSyncAccessHandle() {
            if (session.open.has(file)) throw Object.assign(new Error('taken'), { name: 'NoModificationAllowedError' });
            session.open.add(file);
            return {
              read: (buffer: Uint8Array, { at = 0 } = {}) => {
                buffer.set(file.bytes.subarray(at, at + buffer.length));
                return buffer.length;
              },
              write: (buffer: Uint8Array, { at = 0 } = {}) => {
                const put = (part: Uint8Array): void => {
                  const grown = new Uint8Array(Math.max(file.bytes.length, at + part.length));
                  grown.set(file.bytes);
                  grown.set(part, at);
                  file.bytes = grown;
                };
                session.spend(() => put(buffer.subarray(0, buffer.length >> 1)));
                put(buffer);
                return buffer.length;
              },
              truncate: (size: number) => {
                session.spend();
                file.bytes = file.bytes.slice(0, size);
              },
              getSize: () => file.bytes.length,
              flush: () => session.spend(),
              close: () => void session.open.delete(file),
            };
          },
          move: async (to: string) => {
            session.spend();
            folder.files.delete(n);
            folder.files.set(to, file);
          },
        };
        if (session.moves) return handle;
        const { move: _, ...older } = handle;
        return older;
      },
      async removeEntry(n) {
        if (!folder.files.has(n) && !folder.folders.has(n)) missing();
        // A folder is emptied before it goes.
        const inner = folder.folders.get(n);
        for (const name of inner?.files.keys() ?? []) {
          session.spend();
          inner?.files.delete(name);
        }
        session.spend();
        folder.files.delete(n);
        folder.folders.delete(n);
      },
      async *keys() {
        yield* [...folder.files.keys(), ...folder.folders.keys()];
      },
    };
  }
}

const copyOf = (folder: Folder): Folder => ({
  files: new Map([...folder.files].map(([n, f]) => [n, { bytes: f.bytes.slice() }])),
  folders: new Map([...folder.folders].map(([n, f]) => [n, copyOf(f)])),
});

const checkpoint = (step: number, bestStep: number): Checkpoint => ({
  progress: {
    step,
    bestLoss: 1,
    bestMetrics: null,
    bestStep,
    evaluatedStep: bestStep,
    sampledStep: null,
    seconds: step,
    fingerprint: 'f',
  },
  parameters: { w: { dtype: 'float32', shape: [3], data: Float32Array.of(step, step + 0.5, -step) } },
  state: { 'w.m': { dtype: 'float32', shape: [3], data: Float32Array.of(0, step, 1) } },
});
const event = (step: number) => ({ kind: 'checkpoint' as const, step });

/** A run with checkpoints at 1 (the best) and 2, and an event after them. */
async function begun(): Promise<Folder> {
  const tree = emptyFolder();
  const run = await openPrivateRun(new Session().root(tree), 'runs/a', 'new');
  await run.store.writeFiles({ 'training/recipe.json': '{}' });
  for (const step of [1, 2]) {
    await run.store.append(event(step));
    await run.store.saveCheckpoint(checkpoint(step, 1));
  }
  await run.store.append(event(77));
  run.close();
  return tree;
}

describe('a run in private files', () => {
  test('goes on from its last checkpoint, without the events after it', async () => {
    const tree = await begun();
    const run = await openPrivateRun(new Session().root(tree), 'runs/a', 'resume');
    expect(await run.store.events()).toHaveLength(3);
    expect(await run.store.resume()).toEqual(checkpoint(2, 1));
    expect(await run.store.events()).toHaveLength(3); // the recipe or the data may be refused yet
    await run.store.restart();
    expect(await run.store.events()).toEqual([event(1), event(2)]);
    run.close();
  });

  test.each([true, false])(
    'killed at any operation, it goes on from the step before or the step itself (files move: %s)',
    async (moves) => {
      const tree = await begun();
      let [before, after, operations] = [0, 0, 0];
      for (let left = 0; ; left++) {
        const own = copyOf(tree);
        let finished = false;
        try {
          const run = await openPrivateRun(new Session(left, moves).root(own), 'runs/a', 'resume');
          await run.store.resume();
          await run.store.restart();
          await run.store.writeFiles({ 'config.json': '{"new": 1}' });
          await run.store.writeWeights(checkpoint(3, 3).parameters);
          await run.store.append(event(3));
          await run.store.saveCheckpoint(checkpoint(3, 3));
          finished = true;
        } catch (error) {
          if (!(error instanceof Killed) && !(error instanceof Error && error.message.includes('cannot be written')))
            throw error;
        }
        const run = await openPrivateRun(new Session(Number.POSITIVE_INFINITY, moves).root(own), 'runs/a', 'resume');
        const found = await run.store.resume();
        await run.store.restart();
        const step = found!.progress.step;
        expect(found).toEqual(checkpoint(step, step === 3 ? 3 : 1));
        expect([2, 3]).toContain(step);
        expect((await run.store.events()).map((e) => 'step' in e && e.step)).toEqual(
          [1, 2, 3].filter((s) => s <= step),
        );
        // It can go on from there.
        await run.store.saveCheckpoint(checkpoint(4, 4));
        expect(await run.store.resume()).toEqual(checkpoint(4, 4));
        run.close();
        if (step === 2) before++;
        else after++;
        operations = left;
        if (finished) break;
      }
      // The kill fell on both sides of the moment when a checkpoint counts, and between many operations.
      expect([operations > 20, before > 10, after > 2]).toEqual([true, true, true]);
    },
  );

  test('a checkpoint that lost a byte is not taken; the one before is', async () => {
    const tree = await begun();
    const checkpoints = tree.folders
      .get('runs')!
      .folders.get('a')!
      .folders.get('training')!
      .folders.get('checkpoints')!;
    const last = checkpoints.folders.get('step-2-0')!.files.get('model.safetensors')!;
    last.bytes[last.bytes.length - 1]! ^= 1;
    const run = await openPrivateRun(new Session().root(tree), 'runs/a', 'resume');
    expect(await run.store.resume()).toEqual(checkpoint(1, 1));
    checkpoints.folders.get('step-1-0')!.files.delete('optimizer.safetensors');
    await expect(run.store.resume()).rejects.toThrow(
      'step-2-0: model.safetensors is damaged (SHA-256 differs); step-1-0: optimizer.safetensors is missing',
    );
  });

  test('one page trains a run at a time; a folder is not taken twice by mistake', async () => {
    const tree = await begun();
    const session = new Session();
    const run = await openPrivateRun(session.root(tree), 'runs/a', 'resume');
    await expect(openPrivateRun(session.root(tree), 'runs/a', 'resume')).rejects.toMatchObject({ code: 'BUSY' });
    run.close();
    await expect(openPrivateRun(session.root(tree), 'runs/a', 'new')).rejects.toThrow(
      'runs/a: the folder holds a training already',
    );
    await expect(openPrivateRun(session.root(tree), 'runs/b', 'resume')).rejects.toThrow(
      'runs/b: no training/recipe.json',
    );
    const anew = await openPrivateRun(session.root(tree), 'runs/a', 'overwrite');
    expect([await anew.store.resume(), await anew.store.events()]).toEqual([undefined, []]);
    anew.close();
  });
});
