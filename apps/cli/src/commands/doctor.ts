// `yumo doctor`: runs a product, an attention block and a training step on every engine, and compares with float64.

import { spawn } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { checkRuntime, leastGigaflops, type RuntimeCheck } from '@yumo/core';
import { type NodeEngine, nodeCandidates, nodeDevices } from '@yumo/core/node';
import { Option } from 'commander';
import { exitCodes, failureOf, missedExit } from '../exit-codes.ts';
import { integerFrom, threadsOption } from '../options.ts';
import type { Phrases } from '../phrases/en.ts';
import type { Register } from '../session.ts';
import { bytes, duration, significant } from '../ui/format.ts';
import { pairs, table } from '../ui/table.ts';

interface Options {
  readonly device?: readonly NodeEngine[];
  readonly runs: number;
  readonly threads?: number;
}

/** One engine as found. `missing`: not on this computer; `wrong`: it computes, and something else than the interpreter. */
interface Finding {
  readonly device: NodeEngine;
  readonly status: 'right' | 'wrong' | 'missing';
  readonly description?: string;
  readonly checks: readonly RuntimeCheck[];
  readonly reason?: string;
  readonly advice?: string;
}

/** An engine's message without the place in its source and the condition that failed there. */
const readable = (message: string): string => message.replace(/\/onnxruntime_src\/.* was false\. /, '').trim();

async function examine(
  device: NodeEngine,
  { runs, threads }: Options,
  phrases: Phrases,
  signal: AbortSignal,
): Promise<Finding> {
  const checks: RuntimeCheck[] = [];
  const missing = (reason: string): Finding => ({
    device,
    status: 'missing',
    checks,
    reason: readable(reason),
    advice: phrases.doctor.advice[device],
  });
  try {
    const candidate = nodeCandidates(threads === undefined ? {} : { threads }).find((c) => c.name === device)!; // its name is from the same list
    const absent = await candidate.absent?.();
    if (absent !== undefined) return missing(absent);
    const runtime = await candidate.open();
    for await (const check of checkRuntime(runtime, { runs, signal })) checks.push(check);
    return { device, status: checks.every((c) => c.ok) ? 'right' : 'wrong', description: runtime.description, checks };
  } catch (error) {
    signal.throwIfAborted();
    return missing(failureOf(error).message);
  }
}

/** What `auto` takes: the first that is right and no software that plays a GPU. */
function choiceOf(findings: readonly Finding[]): NodeEngine | undefined {
  const gpus = new Set(nodeCandidates().flatMap(({ name, gpu }) => (gpu ? [name] : [])));
  const slow = ({ device, checks }: Finding): boolean =>
    gpus.has(device) && checks.some((c) => c.check === 'matmul' && c.gigaflops < leastGigaflops);
  return findings.find((f) => f.status === 'right' && !slow(f))?.device;
}

/** Engines with a driver or a native library that may end the process. */
const native: ReadonlySet<NodeEngine> = new Set(['cuda', 'webgpu', 'dml', 'coreml', 'tfjs-node', 'tfjs-node-gpu']);

/** In a process of its own: a broken driver may end it. */
function examineApart(
  device: NodeEngine,
  { runs, threads }: Options,
  phrases: Phrases,
  signal: AbortSignal,
): Promise<Finding> {
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  const more = threads === undefined ? [] : ['--threads', String(threads)];
  const child = spawn(
    process.execPath,
    [main, 'doctor', '--json', '--device', device, '--runs', String(runs), ...more],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 300_000,
      signal,
    },
  );
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    printed += piece;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, killedBy) => {
      try {
        resolve((JSON.parse(printed) as { devices: [Finding] }).devices[0]); // our own document
      } catch {
        const reason = phrases.doctor.crashed(killedBy ?? String(code));
        resolve({ device, status: 'missing', checks: [], reason, advice: phrases.doctor.advice[device] });
      }
    });
  });
}

export const doctor: Register = (program, { output, phrases, interruption }) => {
  const p = phrases.doctor;
  program
    .command('doctor')
    .summary(p.summary)
    .description(p.summary)
    .addOption(new Option('--device <names...>', p.only).choices(nodeDevices))
    .option('--runs <n>', p.runs, integerFrom(phrases, 1), 5)
    .addOption(threadsOption(phrases))
    .action(async (options: Options) => {
      const system = {
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        processor: cpus()[0]?.model.trim() ?? process.arch,
        threads: availableParallelism(),
        memoryBytes: totalmem(),
      };
      output.print(
        pairs([
          [p.system, `Node ${system.node}, ${system.platform}`],
          [p.processor, `${system.processor}, ${system.threads}`],
          [p.memory, bytes(system.memoryBytes)],
        ]),
      );
      const asked = options.device ?? nodeDevices;
      const apart = asked.length > 1;
      const devices: Finding[] = [];
      for (const device of asked) {
        const look = apart && native.has(device) ? examineApart : examine;
        devices.push(await look(device, options, phrases, interruption.signal));
      }
      const chosen = options.device ? undefined : choiceOf(devices);
      output.document({ system, devices, ...(chosen ? { auto: chosen } : {}) });
      output.print(`\n${report(devices, phrases)}`);
      if (chosen) output.print(`\n${p.auto(chosen)}`);

      const wrong = devices.some((d) => d.status === 'wrong');
      const needed = options.device ?? ['cpu'];
      const missing = devices.some((d) => d.status === 'missing' && needed.includes(d.device));
      output.print(`\n${wrong ? p.wrong : p.allRight}`);
      process.exitCode = wrong ? missedExit : missing ? exitCodes.RUNTIME : 0;
    });
};

function report(devices: readonly Finding[], { doctor: p }: Phrases): string {
  const rows = devices.flatMap((d) => d.checks.map((check) => ({ device: d.device, ...check })));
  const { columns } = p;
  const measured = table(rows, [
    { title: columns.device, cell: (r) => r.device },
    { title: columns.check, cell: (r) => r.check },
    { title: columns.worst, cell: (r) => significant(r.worst, 2), align: 'right' },
    { title: columns.ok, cell: (r) => (r.ok ? p.yes : p.no) },
    { title: columns.time, cell: (r) => duration(r.secondsPerRun), align: 'right' },
    { title: columns.speed, cell: (r) => significant(r.gigaflops, 3), align: 'right' },
  ]);
  const told = devices.map((d) =>
    d.status === 'missing'
      ? `${d.device}: ${p.missing}. ${d.reason}\n    ${d.advice}`
      : `${d.device}: ${d.description}`,
  );
  return `${measured}\n\n${told.join('\n')}`;
}
