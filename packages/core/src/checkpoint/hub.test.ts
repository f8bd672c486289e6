// The hub from a server that speaks its paths: what is downloaded, kept, resumed and refused.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitOf, type HubRepository, type HubServer, hubServer, send, sha256 } from '../../test/hub-server.ts';
import { randomWeights, tinyGpt2 } from '../../test/tiny-model.ts';
import { openBundle } from './folder.ts';
import { type HubNodeOptions, hubCacheFolder, hubSource, modelSource } from './hub.node.ts';
import { isModelId, parseModelId } from './hub.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import { readText } from './source.ts';

const id = 'tiny-org/tiny.model-1';
const commit = commitOf(id);
/** Long enough for several pieces of a transfer. */
const weights = writeSafetensors({
  a: { dtype: 'float32', shape: [300_000], data: Float32Array.from({ length: 300_000 }, (_, i) => Math.sin(i)) },
});
const repository: HubRepository = {
  id,
  files: {
    'config.json': '{"model_type": "gpt2"}',
    'model.safetensors': weights,
    'onnx/model.onnx': 'not large here',
  },
};

let cache: string;
let hub: HubServer;
const start = async (...repositories: HubRepository[]): Promise<void> => {
  hub = await hubServer(repositories);
};
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'yumo-hub-'));
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(cache, { recursive: true, force: true });
});
const source = (options: HubNodeOptions = {}, name = id) =>
  hubSource(name, { endpoint: hub.endpoint, cacheFolder: cache, environment: {}, ...options });
const kept = async (): Promise<string[]> =>
  (await readdir(join(cache, 'models--tiny-org--tiny.model-1/blobs')).catch(() => [])).sort();
const transfers = (): string[] =>
  hub.log
    .filter(({ method, path }) => method === 'GET' && path === 'storage model.safetensors')
    .map(({ range = 'all' }) => range);

describe('a name', () => {
  it.each(['openai-community/gpt2', 'a/b@main', 'a/b@refs/pr/1', 'Qwen/Qwen2.5-0.5B'])(
    '%s is one of a repository',
    async (name) => {
      await start();
      expect(isModelId(name)).toBe(true);
      expect(parseModelId(name).id).toBe(name.split('@')[0]);
    },
  );
  it.each(['gpt2', './a/b', '/a/b', 'a/b/c', '../b', 'a/..', 'a/b@', 'a/b@../x', 'a\\b/c', 'a b/c', 'a/b--c', ''])(
    '%j is none',
    async (name) => {
      await start(repository);
      expect(() => parseModelId(name)).toThrow(/not the name of a repository/);
    },
  );
});

describe('a model of the hub', () => {
  it('is downloaded when it is read, checked, and kept where huggingface_hub keeps it', async () => {
    await start(repository);
    const seen: [string, number, number | undefined][] = [];
    const model = source({ onProgress: (...told) => seen.push(told) });
    expect(hub.log).toEqual([]);
    expect(await model.exists('onnx/model.onnx')).toBe(true);
    expect(await model.exists('nothing.json')).toBe(false);
    expect(await model.size('model.safetensors')).toBe(weights.length);
    expect(await kept()).toEqual([]);
    const bundle = await openBundle(model);
    const numbers = (await (await bundle.weights()).read('a')).data;
    expect([numbers[1], numbers[299_999]]).toEqual([Math.fround(Math.sin(1)), Math.fround(Math.sin(299_999))]);
    expect(await readText(model, 'onnx/model.onnx')).toBe('not large here');
    expect(seen.at(-2)).toEqual(['model.safetensors', weights.length, weights.length]);
    const folder = join(cache, 'models--tiny-org--tiny.model-1');
    expect(await readFile(join(folder, 'refs/main'), 'utf8')).toBe(commit);
    expect(await readlink(join(folder, 'snapshots', commit, 'model.safetensors'))).toBe(
      `../../blobs/${sha256(weights)}`,
    );
    expect(await readlink(join(folder, 'snapshots', commit, 'onnx/model.onnx'))).toMatch(
      /^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/,
    );
    expect(transfers()).toEqual(['all']);
  });

  it('is used from the cache without a network, and without asking for one when told so', async () => {
    await start(repository);
    await openBundle(source()).then((b) => b.weights());
    const before = hub.log.length;
    const offline = source({ environment: { HF_HUB_OFFLINE: '1' } });
    expect((await openBundle(offline)).config.model_type).toBe('gpt2');
    expect(hub.log.length).toBe(before);
    const notices: string[] = [];
    const cutOff = source({ endpoint: 'http://127.0.0.1:1', onNotice: (m) => notices.push(m) });
    expect(await readText(cutOff, 'config.json')).toContain('gpt2');
    expect(notices).toEqual([
      expect.stringMatching(/127.0.0.1:1 cannot be reached .*; what is here from commit [0-9a-f]{7} is used/),
    ]);
    await expect(cutOff.read('onnx/model.onnx')).rejects.toThrow(
      '"onnx/model.onnx" was not downloaded before, and there is no network',
    );
    await expect(source({ offline: true }, 'other/model').exists('config.json')).rejects.toThrow(
      /HF_HUB_OFFLINE forbids/,
    );
  });

  it('uses what huggingface_hub has downloaded', async () => {
    await start();
    const folder = join(cache, 'models--tiny-org--tiny.model-1');
    await mkdir(join(folder, 'snapshots', commit), { recursive: true });
    await mkdir(join(folder, 'refs'));
    await writeFile(join(folder, 'refs/main'), commit);
    await writeFile(join(folder, 'snapshots', commit, 'config.json'), '{"model_type": "llama"}');
    expect((await openBundle(source({ offline: true }))).config.model_type).toBe('llama');
    expect((await openBundle(source({ offline: true }, `${id}@${commit}`))).config.model_type).toBe('llama');
  });

  it('is downloaded once by two processes and many readers at once', async () => {
    await start(repository);
    const program = `
      import { hubSource } from ${JSON.stringify(resolve(import.meta.dirname, '../../dist/checkpoint/hub.node.js'))};
      const source = hubSource(${JSON.stringify(id)}, { endpoint: ${JSON.stringify(hub.endpoint)}, cacheFolder: ${JSON.stringify(cache)} });
      const reads = await Promise.all([1, 2, 3].map(() => source.read('model.safetensors')));
      console.log(reads.map((r) => r.length).join());`;
    const runs = [1, 2].map(() => promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]));
    for (const { stdout } of await Promise.all(runs))
      expect(stdout.trim()).toBe([1, 2, 3].map(() => weights.length).join());
    expect(transfers()).toEqual(['all']);
    expect(await kept()).toEqual([sha256(weights)]);
  });

  it('goes on when a process died while it downloaded', async () => {
    await start(repository);
    const blobs = join(cache, 'models--tiny-org--tiny.model-1/blobs');
    await mkdir(blobs, { recursive: true });
    await writeFile(join(blobs, `${sha256(weights)}.yumo-lock`), `999999999 ${(await import('node:os')).hostname()}`);
    await writeFile(join(blobs, `${sha256(weights)}.yumo-incomplete`), weights.subarray(0, 1000));
    expect(sha256(await source().read('model.safetensors'))).toBe(sha256(weights));
    expect(transfers()).toEqual(['bytes=1000-1200079'.replace('1200079', String(weights.length - 1))]);
    expect(await kept()).toEqual([sha256(weights)]);
  });

  it('may have its weights in shards', async () => {
    const all = randomWeights(tinyGpt2);
    const names = Object.keys(all);
    const part = (wanted: readonly string[]) => writeSafetensors(Object.fromEntries(wanted.map((n) => [n, all[n]!])));
    const halves = [names.slice(0, 9), names.slice(9)];
    const weight_map = Object.fromEntries(halves.flatMap((half, i) => half.map((n) => [n, `model-${i}.safetensors`])));
    await start({
      id,
      files: {
        'config.json': JSON.stringify(tinyGpt2),
        'model.safetensors.index.json': JSON.stringify({ weight_map }),
        'model-0.safetensors': part(halves[0]!),
        'model-1.safetensors': part(halves[1]!),
      },
    });
    const file = await (await openBundle(source())).weights();
    for (const name of names) expect(await file.read(name)).toEqual(all[name]);
  });

  it('is looked at by parts without being kept', async () => {
    await start(repository);
    const file = await readSafetensors(source({ keep: false }), 'model.safetensors');
    expect(file.form('a').shape).toEqual([300_000]);
    expect(await kept()).toEqual([]);
    expect(transfers().every((range) => /^bytes=\d+-\d{1,3}$/.test(range))).toBe(true);
  });

  it('comes from a mirror that has files and no list', async () => {
    await start(repository);
    hub.mischief = (request, response) => {
      if (!request.url?.startsWith('/api')) return false;
      response.writeHead(404).end();
      return true;
    };
    const model = source();
    expect(await model.exists('nothing.json')).toBe(false);
    expect(sha256(await model.read('model.safetensors'))).toBe(sha256(weights));
    expect(await kept()).toEqual([sha256(weights)]);
    expect(await readText(model, 'config.json')).toContain('gpt2');
  });

  it('is taken instead of a folder where none has its name', async () => {
    await start(repository);
    const environment = { YUMO_HUB: hub.endpoint, YUMO_CACHE: cache };
    expect(await readText(modelSource(id, { environment }), 'config.json')).toContain('gpt2');
    expect(modelSource('./no/folder').name).toBe('./no/folder');
    expect(modelSource(join(cache)).name).toBe(cache);
  });
});

describe('a broken transfer', () => {
  it('is taken up again where it ended, as often as it brings anything', async () => {
    await start(repository);
    hub.mischief = (request, response, file) => {
      if (file !== 'model.safetensors' || !request.url?.includes('?file=')) return false;
      const from = Number(/bytes=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (from > 900_000) return false;
      response.writeHead(from === 0 ? 200 : 206, {
        'content-length': weights.length - from,
        etag: '"same"',
        ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${weights.length - 1}/${weights.length}` }),
      });
      response.write(weights.subarray(from, from + 200_000), () => response.destroy());
      return true;
    };
    await expect(source().read('model.safetensors')).rejects.toThrow(/changed on the server/); // the last answer has another tag
    hub.mischief = ((before) => (request, response, file) => {
      const answered = before(request, response, file);
      if (answered || file !== 'model.safetensors' || !request.url?.includes('?file=')) return answered;
      send(request, response, weights, { etag: '"same"' });
      return true;
    })(hub.mischief!);
    hub.log.length = 0;
    expect(sha256(await source().read('model.safetensors'))).toBe(sha256(weights));
    const ranges = hub.log.filter(({ path }) => path === 'storage model.safetensors');
    expect(ranges.length).toBeGreaterThan(3);
    expect(ranges.at(-1)).toMatchObject({ ifRange: '"same"' });
    expect(ranges.at(-1)!.range).toMatch(/^bytes=[1-9]\d{5,}-/);
  });

  it('that brings nothing ends in an error with the place, and the next call goes on from there', async () => {
    await start(repository);
    let first = true;
    hub.mischief = (request, response, file) => {
      if (file !== 'model.safetensors' || !request.url?.includes('?file=')) return false;
      if (first) {
        response.writeHead(200, { 'content-length': weights.length });
        response.write(weights.subarray(0, 500_000), () => response.destroy());
        first = false;
      } else response.destroy();
      return true;
    };
    await expect(source().read('model.safetensors')).rejects.toMatchObject({
      code: 'FILE',
      message: expect.stringMatching(/the download broke off after \d+ of \d+ bytes .*the next try goes on from there/),
    });
    hub.mischief = undefined;
    hub.log.length = 0;
    expect(sha256(await source().read('model.safetensors'))).toBe(sha256(weights));
    expect(transfers()).toEqual([expect.stringMatching(/^bytes=[1-9]\d+-/)]);
  });

  it('is completed by a server that knows no ranges', async () => {
    await start(repository);
    let first = true;
    hub.mischief = (request, response, file) => {
      if (file !== 'model.safetensors' || !request.url?.includes('?file=')) return false;
      response.writeHead(200, { 'content-length': weights.length });
      if (first) response.write(weights.subarray(0, 700_000), () => response.destroy());
      else response.end(weights);
      first = false;
      return true;
    };
    expect(sha256(await source().read('model.safetensors'))).toBe(sha256(weights));
  });

  it('is stopped when told, and what came is kept for the next time', async () => {
    await start(repository);
    hub.mischief = (request, response, file) => {
      if (file !== 'model.safetensors' || !request.url?.includes('?file=')) return false;
      response.writeHead(200, { 'content-length': weights.length });
      response.write(weights.subarray(0, 400_000));
      return true;
    };
    const stop = new AbortController();
    const reading = source({ onProgress: (_, loaded) => loaded >= 400_000 && stop.abort() });
    await expect(reading.read('model.safetensors', { signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    hub.mischief = undefined;
    hub.log.length = 0;
    expect(sha256(await source().read('model.safetensors'))).toBe(sha256(weights));
    expect(transfers()).toEqual([`bytes=400000-${weights.length - 1}`]);
  });
});

describe('a server that lies', () => {
  const sending = (bytes: Uint8Array, headers: object): void => {
    hub.mischief = (request, response, file) => {
      if (file !== 'model.safetensors' || !request.url?.includes('?file=')) return false;
      response.writeHead(200, headers as Record<string, string>);
      response.end(bytes);
      return true;
    };
  };

  it('about the content is found out by the checksum, and nothing is kept', async () => {
    await start(repository);
    const wrong = weights.slice();
    wrong[700_000]! ^= 1;
    sending(wrong, { 'content-length': weights.length });
    await expect(source().read('model.safetensors')).rejects.toMatchObject({
      code: 'FILE',
      message: `${id}/model.safetensors: SHA-256 is ${sha256(wrong)}, the hub announced ${sha256(weights)}; the file was not kept`,
    });
    expect(await kept()).toEqual([]);
  });

  it('about a small file is found out by its name in Git', async () => {
    await start(repository);
    hub.mischief = (_, response, file) => {
      if (file !== 'config.json') return false;
      response.end('{"model_type": "gpt3"}');
      return true;
    };
    await expect(source().read('config.json')).rejects.toThrow(/Git's SHA-1 is .*; the file was not kept/);
    expect(await kept()).toEqual([]);
  });

  it('and sends more than it announced is cut off', async () => {
    await start(repository);
    sending(new Uint8Array(weights.length + 50_000), {});
    await expect(source().read('model.safetensors')).rejects.toThrow(
      `more than the ${weights.length} bytes came that were announced`,
    );
    expect(existsSync(join(cache, 'models--tiny-org--tiny.model-1/snapshots', commit, 'model.safetensors'))).toBe(
      false,
    );
  });

  it('and announces fewer than the list did is not believed', async () => {
    await start(repository);
    sending(weights.subarray(0, 600_000), { 'content-length': '600000' });
    expect(
      await source()
        .read('model.safetensors')
        .catch((e: Error) => e.message),
    ).toMatch(/SHA-256|broke off after/);
    expect((await kept()).filter((name) => !name.includes('incomplete'))).toEqual([]);
  });

  it('and starts elsewhere than it was asked to is refused', async () => {
    await start(repository);
    const blobs = join(cache, 'models--tiny-org--tiny.model-1/blobs');
    await mkdir(blobs, { recursive: true });
    await writeFile(join(blobs, `${sha256(weights)}.yumo-incomplete`), weights.subarray(0, 1000));
    hub.mischief = (request, response, file) => {
      if (file !== 'model.safetensors' || !request.url?.includes('?file=')) return false;
      response.writeHead(206, { 'content-range': `bytes 0-${weights.length - 1}/${weights.length}` }).end(weights);
      return true;
    };
    await expect(source().read('model.safetensors')).rejects.toThrow(
      'bytes from 1000 were asked for, the server sent those from 0',
    );
  });

  it('replaces what an earlier try left wrong', async () => {
    await start(repository);
    const blobs = join(cache, 'models--tiny-org--tiny.model-1/blobs');
    await mkdir(blobs, { recursive: true });
    await writeFile(join(blobs, `${sha256(weights)}.yumo-incomplete`), new Uint8Array(1000));
    expect(sha256(await source().read('model.safetensors'))).toBe(sha256(weights));
    await rm(join(cache, 'models--tiny-org--tiny.model-1'), { recursive: true });
    await mkdir(blobs, { recursive: true });
    await writeFile(join(blobs, `${sha256(weights)}.yumo-incomplete`), new Uint8Array(weights.length + 9));
    expect(sha256(await source().read('model.safetensors'))).toBe(sha256(weights));
  });

  const listed = (rfilename: unknown) => (told: Record<string, unknown>) => ({ ...told, siblings: [{ rfilename }] });
  it.each<[string, (told: Record<string, unknown>) => unknown, RegExp]>([
    ['a path out of the folder', listed('../../.ssh/authorized_keys'), /leaves the folder/],
    ['an absolute path', listed('/etc/passwd'), /leaves the folder/],
    ['a drive', listed('C:\\x'), /leaves the folder/],
    ['a file without a name', listed(3), /lists a file without a name/],
    ['a commit that is a path', (told) => ({ ...told, sha: '../../x' }), /did not name a commit/],
    ['no files', (told) => ({ ...told, siblings: 'all' }), /did not name a commit and its files/],
    ['nothing', () => null, /did not name a commit/],
  ])('in its list is refused: %s', async (_, list, message) => {
    await start(repository);
    hub.list = list;
    await expect(source().exists('config.json')).rejects.toMatchObject({ code: 'FILE', message });
    expect(await readdir(cache)).toEqual([]);
  });
});

describe('an answer that is no file', () => {
  it('says what is missing and the way out', async () => {
    await start(repository, { id: 'gated/model', files: { 'config.json': '{}' }, token: 'secret' });
    await expect(source({}, 'no/model').exists('config.json')).rejects.toThrow(
      'no/model: the hub has no such repository',
    );
    await expect(source({}, `${id}@v9`).exists('config.json')).rejects.toThrow('the repository has no revision "v9"');
    await expect(source().read('confg.json')).rejects.toThrow('no file "confg.json"; did you mean "config.json"?');
    await expect(source({}, 'gated/model').exists('config.json')).rejects.toThrow(
      `gated/model: its owner gives access on request: ask at ${hub.endpoint}/gated/model; set HF_TOKEN`,
    );
    await expect(source({ token: 'wrong' }, 'gated/model').exists('config.json')).rejects.toThrow(
      'the token of HF_TOKEN gives no access',
    );
    const allowed = source({ environment: { HF_TOKEN: 'secret\n' } }, 'gated/model');
    expect(await readText(allowed, 'config.json')).toBe('{}');
    await expect(source({ endpoint: 'http://127.0.0.1:1' }, 'new/model').exists('x')).rejects.toThrow(
      /127.0.0.1:1 cannot be reached/,
    );
    expect(() => source({ endpoint: 'ftp://x' })).toThrow(/does not begin with http/);
  });

  it('never sends the token to the host that it is redirected to', async () => {
    await start({ ...repository, token: 'secret' });
    await source({ token: 'secret' }).read('model.safetensors');
    expect(hub.log.filter(({ path }) => path.startsWith('storage')).map(({ token }) => token)).toEqual([undefined]);
  });

  it('too many requests: waits as it is asked to, and says so when that is too long', async () => {
    await start(repository);
    let refusals = 2;
    hub.mischief = (_, response) => {
      if (refusals-- <= 0) return false;
      response.writeHead(429, { 'retry-after': '0' }).end();
      return true;
    };
    expect(await readText(source(), 'config.json')).toContain('gpt2');
    await rm(join(cache, 'models--tiny-org--tiny.model-1'), { recursive: true });
    hub.mischief = (_, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    await expect(source().exists('config.json')).rejects.toMatchObject({
      message: expect.stringContaining('too many requests; it asks to try again in 3600 s'),
      detail: { status: 429, retryAfterSeconds: 3600 },
    });
    hub.mischief = (_, response) => {
      response.writeHead(429, { 'retry-after': '30' }).end();
      return true;
    };
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    await expect(source({ signal: stop.signal }).exists('config.json')).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('the disk', () => {
  it('without room is named before anything is downloaded', async () => {
    await start(repository);
    hub.list = (told) => ({
      ...told,
      siblings: [{ rfilename: 'model.safetensors', lfs: { sha256: sha256(weights), size: 2 ** 52 } }],
    });
    await expect(source().read('model.safetensors')).rejects.toThrow(
      /4503599627370496 bytes are to be downloaded, .* has room for \d+/,
    );
    expect(transfers()).toEqual([]);
  });

  it.skipIf(!existsSync('/dev/full'))('that fills up while a file is written is named with the way out', async () => {
    await start(repository);
    const blobs = join(cache, 'models--tiny-org--tiny.model-1/blobs');
    await mkdir(blobs, { recursive: true });
    await symlink('/dev/full', join(blobs, `${sha256(weights)}.yumo-incomplete`));
    await expect(source().read('model.safetensors')).rejects.toMatchObject({
      code: 'FILE',
      message: expect.stringContaining(
        'no room is left on the disk); free some room, or set YUMO_CACHE to another folder',
      ),
    });
  });

  it('that cannot be written to is named with the way out', async () => {
    await start(repository);
    await writeFile(join(cache, 'file'), '');
    await expect(source({ cacheFolder: join(cache, 'file/x') }).read('config.json')).rejects.toMatchObject({
      code: 'FILE',
    });
  });

  it('holds the cache where huggingface_hub has it', async () => {
    await start(repository);
    expect(hubCacheFolder({ YUMO_CACHE: '/a', HF_HUB_CACHE: '/b' })).toBe('/a');
    expect(hubCacheFolder({ HF_HUB_CACHE: '/b', HF_HOME: '/c' })).toBe('/b');
    expect(hubCacheFolder({ HF_HOME: '/c', XDG_CACHE_HOME: '/d' })).toBe('/c/hub');
    expect(hubCacheFolder({ XDG_CACHE_HOME: '/d' })).toBe('/d/huggingface/hub');
    expect(hubCacheFolder({})).toMatch(/\.cache\/huggingface\/hub$/);
  });
});
