// `yumo inspect <bundle>`: what a model is made of.

import {
  architectureFor,
  countOperations,
  type DecoderGraph,
  decoderGraph,
  type FileSource,
  graphCost,
  type Match,
  matchParameters,
  type NameRules,
  openBundle,
  type Parameter,
  peakBytes,
  print,
  simplify,
  sizeOf,
  type TensorFile,
} from '@yumo/core';
import { exitCodes } from '../exit-codes.ts';
import { integerFrom } from '../options.ts';
import type { Phrases } from '../phrases/en.ts';
import { modelOf, type Register } from '../session.ts';
import { bytes, count, whole } from '../ui/format.ts';
import { pairs, table } from '../ui/table.ts';

interface Options {
  readonly graph?: true;
  readonly all?: true;
  readonly sequence?: number;
}

/** The index of the layer that a parameter belongs to: the first number in its path. */
const layerOf = ({ name }: Parameter): number | undefined => {
  const found = /\.(\d+)\./.exec(name)?.[1];
  return found === undefined ? undefined : Number(found);
};

const numbersIn = (parameters: readonly Parameter[]): number => parameters.reduce((n, p) => n + sizeOf(p.shape), 0);

/** The files of a model, without hidden ones and what a training left. */
async function filesOf(source: FileSource): Promise<{ path: string; bytes: number }[]> {
  const all = (await source.list?.()) ?? [];
  return all
    .filter(({ path }) => !/^training\/|(^|\/)\./.test(path))
    .map(({ path, size }) => ({ path, bytes: size ?? 0 }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** How a weights file and the model fit. */
interface Weights extends Omit<Match, 'found'> {
  readonly path: string;
  readonly fits: boolean;
  readonly dtypes: readonly string[];
}

function weightsOf(file: TensorFile, parameters: readonly Parameter[], rules: NameRules): Weights {
  const { found: _found, ...faults } = matchParameters(file, parameters, rules);
  const fits = Object.values(faults).every((list) => list.length === 0);
  const dtypes = [...new Set(file.names.map((name) => file.form(name).dtype))];
  return { path: file.path, fits, dtypes, ...faults };
}

function describeWeights(weights: Weights, size: string, { inspect: p }: Phrases): string {
  const { path, fits, dtypes, missing, unexpected, misshaped, ambiguous } = weights;
  if (fits) return p.fits(path, size, dtypes.join(', '));
  const faults = {
    missing,
    unexpected,
    'wrong shape': misshaped.map((m) => m.name),
    ambiguous: ambiguous.map((a) => a.name),
  };
  const told = Object.entries(faults).flatMap(([fault, names]) =>
    names.length > 0 ? `${fault}: ${names.join(', ')}` : [],
  );
  return `${path}: ${p.doesNotFit}; ${told.join('; ')}`;
}

interface Costs {
  /** Floating-point operations a token. */
  readonly forward: number;
  readonly training: number;
  /** Bytes of intermediate results that are held at once, one text of so many tokens. */
  readonly peakActivations: number;
}

function costs({ graph }: DecoderGraph, sequence: number): Costs {
  const sizes = { batch: 1, sequence, past: 0 };
  const { matmul, other } = graphCost(graph, sizes);
  const forward = (matmul + other) / sequence;
  // Each product has two in the backward pass, of its inputs and of its weights (Kaplan et al. 2020, §2.1).
  return { forward, training: 3 * forward, peakActivations: peakBytes(simplify(graph), sizes) };
}

export const inspect: Register = (program, session) => {
  const { output, phrases } = session;
  const p = phrases.inspect;
  program
    .command('inspect')
    .summary(p.summary)
    .description(p.summary)
    .argument('<bundle>', phrases.bundle)
    .option('--graph', p.graph)
    .option('--all', p.all)
    .option('--sequence <tokens>', p.sequence, integerFrom(phrases, 1))
    .action(async (folder: string, options: Options) => {
      const source = modelOf(session, folder, { keep: false }); // of weights only the header is looked at
      const bundle = await openBundle(source);
      const architecture = architectureFor(bundle.config);
      const config = architecture.readConfig(bundle.config);
      const built = decoderGraph(architecture, config);
      const { parameters, graph } = built;
      const context = architecture.contextLength(config);
      const { layers } = architecture.cache(config);
      const vocabulary = architecture.vocabularySize(config);
      const sequence = options.sequence ?? context;
      const { peakActivations, ...flops } = costs(built, sequence);
      const files = await filesOf(source);
      const stored = files.some((f) => f.path.startsWith('model.safetensors'));
      const weights = stored ? weightsOf(await bundle.weights(), parameters, architecture) : undefined;
      const operations = [...countOperations(graph)].sort(([, a], [, b]) => b - a);
      const numbers = numbersIn(parameters);

      output.document({
        bundle: folder,
        modelType: architecture.modelType,
        config: bundle.config,
        parameters: numbers,
        contextLength: context,
        vocabularySize: vocabulary,
        layers,
        flopsPerToken: flops,
        peakActivationBytes: peakActivations,
        weights: weights ?? null,
        tensors: parameters.map(({ name, shape }) => ({ name, shape })),
        operations: Object.fromEntries(operations),
        files,
        ...(options.graph ? { graph: print(graph).split('\n') } : {}),
      });
      const size = files.filter((f) => f.path.endsWith('.safetensors')).reduce((n, f) => n + f.bytes, 0);
      output.print(
        pairs([
          [p.type, architecture.modelType],
          [p.parameters, `${count(numbers)} (${whole(numbers)})`],
          [p.layers, String(layers)],
          [p.context, p.contextTokens(whole(context))],
          [p.vocabulary, p.contextTokens(whole(vocabulary))],
          [p.forward, p.perToken(count(flops.forward))],
          [p.training, p.perToken(count(flops.training))],
          [p.peak, p.peakOf(bytes(peakActivations), whole(sequence))],
          [p.weights, weights ? describeWeights(weights, bytes(size), phrases) : p.none],
          [p.operations, operations.map(([name, n]) => `${name} ${n}`).join(', ')],
        ]),
      );
      const later = (x: Parameter): boolean => (layerOf(x) ?? 0) > 0;
      const shown = options.all ? parameters : parameters.filter((x) => !later(x));
      const { columns } = p;
      output.print(
        `\n${table(shown, [
          { title: columns.name, cell: (x) => x.name },
          { title: columns.shape, cell: (x) => `[${x.shape.join(', ')}]` },
          { title: columns.numbers, cell: (x) => whole(sizeOf(x.shape)), align: 'right' },
        ])}`,
      );
      if (!options.all && layers > 1) output.print(p.more(layers - 1));
      output.print(
        `\n${table(files, [
          { title: p.files, cell: (f) => f.path },
          { title: '', cell: (f) => bytes(f.bytes), align: 'right' },
        ])}`,
      );
      if (options.graph) output.print(`\n${print(graph)}`);
      if (weights && !weights.fits) process.exitCode = exitCodes.CHECKPOINT;
    });
};
