// The stored values of the reference implementations, for the tests beside the metrics.

import { readFileSync } from 'node:fs';

export interface Golden {
  readonly classification: {
    readonly expected: string;
    readonly predicted: string;
    readonly labels: string[];
    readonly accuracy: number;
    readonly matthews: number;
    readonly confusion: number[][];
    /** Precision, recall, F and support of each label. */
    readonly perClass: [number[], number[], number[], number[]];
    readonly micro: number[];
    readonly macro: number[];
    readonly weighted: number[];
    readonly macroBeta2: number[];
    readonly microOfAB: number[];
  };
  readonly roc: {
    readonly expected: boolean[];
    readonly scores: number[];
    readonly falsePositiveRate: number[];
    readonly truePositiveRate: number[];
    readonly thresholdsAfterFirst: number[];
    readonly area: number;
    readonly averagePrecision: number;
  };
  readonly classes: {
    readonly expected: number[];
    readonly scores: number[][];
    readonly oneVersusRest: number;
    readonly top2: number;
  };
  readonly multiLabel: {
    readonly expected: string[];
    readonly predicted: string[];
    readonly micro: number[];
    readonly macro: number[];
    readonly subsetAccuracy: number;
  };
  readonly correlation: {
    readonly expected: number[];
    readonly predicted: number[];
    readonly pearson: number;
    readonly spearman: number;
    readonly meanSquared: number;
    readonly meanAbsolute: number;
    readonly determination: number;
  };
  readonly ranking: {
    readonly gains: number[][];
    readonly scores: number[][];
    readonly ndcg3: number;
    readonly ndcg8: number;
    readonly averagePrecision: number;
  };
  readonly translation: {
    readonly name: string;
    readonly tokenize: '13a' | 'zh';
    readonly predicted: string[];
    /** `[2, segments]`. */
    readonly references: string[][];
    readonly tokens: string[][];
    readonly bleu: (BleuCase & { readonly options: object })[];
    readonly bleuTwo: BleuCase;
    readonly sentence: number[];
    readonly sentenceFloor: number[];
    readonly chrf: { readonly options: object; readonly score: number; readonly signature: string }[];
    readonly chrfTwo: { readonly score: number; readonly signature: string };
    readonly sentenceChrf: number[];
  }[];
  readonly stems: Record<string, string>;
  readonly treebank: { readonly text: string; readonly tokens: string[] }[];
  readonly entities: {
    readonly scheme: 'IOB1' | 'IOB2' | 'IOE1' | 'IOE2' | 'IOBES' | 'BILOU';
    /** Tags between blanks. */
    readonly expected: string[];
    readonly predicted: string[];
    readonly accuracy: number;
    readonly strict: Averages;
    /** Type, start, end of each entity expected, by sentence. */
    readonly strictEntities: [string, number, number][][];
    readonly lenient?: Averages;
    readonly lenientEntities?: [string, number, number][][];
  }[];
}

interface BleuCase {
  readonly score: number;
  readonly precisions: number[];
  readonly bp: number;
  readonly signature: string;
  readonly text: string;
}

/** Precision, recall, F. */
interface Averages {
  readonly micro: number[];
  readonly macro: number[];
  readonly weighted: number[];
}

/** Reads `test/golden/metrics.json`; its first lines say which versions computed it. */
export const golden = (): Golden =>
  JSON.parse(readFileSync(new URL('./golden/metrics.json', import.meta.url), 'utf8')) as Golden;
