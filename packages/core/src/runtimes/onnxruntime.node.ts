// onnxruntime in Node: the CPU, and the GPU providers that are installed.

import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../checkpoint/disk.node.ts';
import { YumoError } from '../errors.ts';
import { type Engine, onnxruntime } from './onnxruntime.ts';
import type { Runtime } from './runtime.ts';

/** Providers of onnxruntime-node. `cpu` and `webgpu` come with the package; the others need a library or a platform (docs/runtimes.md). */
export type NodeDevice = 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml';

export interface NodeOptions {
  readonly device?: NodeDevice;
  /** Threads inside an operation; the processors this process may use by default. */
  readonly threads?: number;
  /** A graph that a GPU cannot run as a whole is an error, where else a part of it would be computed by the processor, with copies to and fro. */
  readonly wholeOnDevice?: boolean;
  /** Bytes of weights beyond which a graph is compiled from a temporary file, in pieces; just under 2 GiB by default, where one piece ends. */
  readonly externalDataAt?: number;
  /** Writes the times of all operations of every program when it is disposed of, as Chrome's trace format, into files that begin so. */
  readonly profile?: string;
}

/** Files for an engine, in a folder of their own among the temporary ones. */
const onDisk: NonNullable<Engine['onDisk']> = async (model, beside) => {
  const folder = await mkdtemp(join(tmpdir(), 'yumo-model-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    for (const [name, pieces] of Object.entries(beside)) await writeFileAtomic(join(folder, name), pieces);
    const path = join(folder, 'model.onnx');
    await writeFileAtomic(path, model);
    return { path, remove };
  } catch (error) {
    await remove();
    throw error;
  }
};

/** @throws YumoError `RUNTIME` when the package or the provider is missing; the message says what to do. */
export async function onnxruntimeNode({
  device = 'cpu',
  threads = availableParallelism(),
  wholeOnDevice = false,
  externalDataAt,
  profile,
}: NodeOptions = {}): Promise<Runtime> {
  let engine: Omit<Engine, 'fillsTargets'> & { listSupportedBackends?(): { name: string }[] };
  try {
    engine = (await import('onnxruntime-node')) as unknown as typeof engine; // the package's types lag behind its listSupportedBackends
  } catch (error) {
    throw new YumoError(
      'RUNTIME',
      `onnxruntime-node cannot be loaded on ${process.platform} ${process.arch}: ${error instanceof Error ? error.message : String(error)}`,
      {},
      error,
    );
  }
  const present = engine.listSupportedBackends?.().map((b) => b.name) ?? ['cpu'];
  if (!present.includes(device)) {
    throw new YumoError('RUNTIME', `--device ${device}: this onnxruntime has ${present.join(', ')}; use --device cpu`, {
      device,
      present,
    });
  }
  const description = `onnxruntime ${device}, ${threads} thread${threads === 1 ? '' : 's'}${device === 'cpu' ? `, ${cpus()[0]?.model.trim() ?? process.arch}` : ''}`;
  return onnxruntime(
    {
      ...{
        InferenceSession: engine.InferenceSession,
        Tensor: engine.Tensor,
        fillsTargets: true,
        copiesTargets: device === 'cpu',
        onDisk,
      },
      ...(externalDataAt === undefined ? {} : { externalAt: externalDataAt }),
    },
    device,
    description,
    (purpose) => ({
      executionProviders: [device],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // The pattern planner adds a second arena: +70 % memory at equal speed (docs/log.md).
      enableMemPattern: false,
      enableCpuMemArena: true,
      graphOptimizationLevel: purpose === 'training' ? 'basic' : 'all',
      logSeverityLevel: 3,
      ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
      // Threads may spin inside a run, never between runs: the machine is shared.
      extra: {
        session: { force_spinning_stop: '1', ...(wholeOnDevice ? { disable_cpu_ep_fallback: '1' } : {}) },
      },
    }),
    { contrib: true, webgpu: device === 'webgpu' },
  );
}
