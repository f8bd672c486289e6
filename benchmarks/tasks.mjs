// How good the models of the recipes are at their tasks, beside a baseline without a neural network, on whole test files.
//
//   pnpm bench tasks --data <folder> [--only sentiment-zh,…]
//
// A model is looked for in models/ and in runs/ under the name of its recipe; `yumo evaluate` does the rest. Not a matter of speed:
// other work on the machine changes nothing.
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const chnsenticorp = 'classification/chnsenticorp';
const tasks = [
  {
    recipe: 'sentiment-zh',
    test: [`${chnsenticorp}/test.tsv.gz`],
    baseline: `${chnsenticorp}/train.tsv.gz`,
    measures: ['accuracy', 'macro F1'],
    text: 'ChnSentiCorp, clean test',
  },
  {
    recipe: 'sentiment-en',
    keptBack: true,
    measures: ['accuracy', 'macro F1'],
    text: 'rt-polarity, the part that the recipe keeps back (also chose the best step)',
  },
  {
    recipe: 'entities-zh',
    test: ['ner/cluener/dev.json.gz'],
    baseline: 'ner/cluener/train.json.gz',
    measures: ['F1', 'precision', 'recall'],
    text: 'CLUENER dev (also chose the best step)',
  },
  {
    recipe: 'reading-zh',
    test: ['qa/cmrc2018/cmrc2018_dev_part2_test.json.gz'],
    baseline: true,
    measures: ['F1', 'exact match'],
    text: 'CMRC 2018 dev, part 2',
  },
  {
    recipe: 'reading-en',
    test: ['qa/squad1.1-sample/dev.json.gz'],
    without: ['qa/squad1.1-sample/train.json.gz', 'qa/squad2.0-dev-half/train.json.gz'],
    baseline: true,
    measures: ['F1', 'exact match'],
    text: 'SQuAD 1.1 sample, dev without paragraphs that are trained on',
  },
  {
    recipe: 'translate-en-de',
    test: ['translation/multi30k-en-de/test_2016_flickr.en.gz', 'translation/multi30k-en-de/test_2016_flickr.de.gz'],
    baseline: true,
    more: ['--language', 'de', '--beams', '4'],
    measures: ['BLEU', 'chrF'],
    text: 'Multi30k test 2016, four beams',
  },
  ...[
    ['zh', 'column1', 'column2', 'English → Chinese'],
    ['en', 'column2', 'column1', 'Chinese → English'],
  ].map(([language, source, target, text]) => ({
    recipe: 'translate-en-zh',
    test: ['translation/tatoeba-en-zh/dev.txt.gz'],
    baseline: true,
    more: ['--language', language, '--source', source, '--target', target, '--prefix', `${language}: `, '--beams', '4'],
    measures: ['BLEU', 'chrF'],
    text: `Tatoeba dev, ${text}, four beams`,
  })),
  {
    recipe: 'titles-zh',
    test: ['summarization/csl-title/test.tsv.gz'],
    baseline: true,
    more: ['--language', 'zh', '--beams', '4'],
    measures: ['ROUGE-1', 'ROUGE-2', 'ROUGE-L'],
    text: 'CSL titles, test, four beams',
  },
  {
    recipe: 'summary-en',
    test: ['summarization/scitldr-a/dev.jsonl.gz'],
    baseline: true,
    more: ['--language', 'en', '--beams', '4'],
    measures: ['ROUGE-1', 'ROUGE-2', 'ROUGE-L'],
    text: 'SciTLDR-A dev (also chose the best step), four beams',
  },
];

/** A SQuAD file without the paragraphs that stand in others too. */
function cleaned(file, others) {
  const read = (path) => JSON.parse(gunzipSync(readFileSync(join(values.data, path))));
  const known = new Set(others.flatMap((o) => read(o).data.flatMap((a) => a.paragraphs.map((p) => p.context))));
  const data = read(file).data.map((a) => ({ ...a, paragraphs: a.paragraphs.filter((p) => !known.has(p.context)) }));
  const path = join(mkdtempSync(join(tmpdir(), 'yumo-tasks-')), 'clean.json');
  writeFileSync(path, JSON.stringify({ data }));
  return path;
}

/** The two parts of a recipe's labelled texts, as files: where no test file is published, a share of the rows is not trained on. */
async function keptBack(name) {
  const { labelledTexts, loadRecipe, partsOf, readTrainingData } = await import('../packages/train/dist/index.node.js');
  const { data, objective } = await loadRecipe(join(root, 'recipes', `${name}.json`));
  const read = await readTrainingData(data, [values.data], () => undefined);
  const reading = { rowsOf: labelledTexts, note: () => undefined };
  const parts = await partsOf(read, data.validationShare, objective.kind, reading, '');
  const folder = mkdtempSync(join(tmpdir(), 'yumo-tasks-'));
  const write = async (part) => {
    const file = join(folder, `${part}.jsonl`);
    writeFileSync(file, '');
    for await (const rows of parts[part].groups())
      appendFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return [part, file];
  };
  return Object.fromEntries(await Promise.all(['training', 'validation'].map(write)));
}

const { values } = parseArgs({ options: { data: { type: 'string' }, only: { type: 'string' } } });
if (!values.data) {
  console.error('tasks: --data <folder> is missing: the folder that the recipes’ files lie in');
  process.exit(2);
}
const wanted = values.only?.split(',');
const round4 = (x) => (typeof x === 'number' && Number.isFinite(x) ? Number(x.toPrecision(4)) : null);
const rows = [];
for (const task of tasks.filter((t) => !wanted || wanted.includes(t.recipe))) {
  const folder = ['models', 'runs']
    .map((f) => join(root, f, task.recipe))
    .find((f) => existsSync(join(f, 'config.json')));
  if (!folder) {
    console.log(`${task.recipe}: no model; train it: yumo train ${task.recipe} --data ${values.data}`);
    continue;
  }
  const kept = task.keptBack ? await keptBack(task.recipe) : undefined;
  const files = kept ? [kept.validation] : task.test.map((file) => join(values.data, file));
  const missing = [...files, ...(task.without ?? []).map((file) => join(values.data, file))].find(
    (file) => !existsSync(file),
  );
  if (missing) {
    console.log(`${task.recipe}: no ${missing}`);
    continue;
  }
  if (task.without) files.splice(0, 1, cleaned(task.test[0], task.without));
  const trainedOn =
    kept?.training ?? (typeof task.baseline === 'string' ? join(values.data, task.baseline) : undefined);
  const baseline = trainedOn === undefined ? [] : ['--baseline', trainedOn];
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      join(root, 'apps/cli/dist/main.js'),
      ...['evaluate', folder, ...files, '--json'],
      ...(task.baseline === true ? ['--baseline'] : baseline),
      ...(task.more ?? []),
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 28 },
  );
  if (status !== 0) throw new Error(`yumo evaluate ${folder} ended with ${status}`);
  const said = JSON.parse(stdout);
  for (const name of task.measures) {
    const interval = said.intervals?.[name];
    const between = interval ? `, 95 % interval ${interval.map((x) => round4(x)).join(' to ')}` : '';
    const ours = round4(said.metrics[name]);
    const theirs = round4(said.baseline?.metrics[name]);
    rows.push({
      row: `${task.recipe}: ${task.text}, ${said.measured} rows${between}`,
      unit: said.units?.[name] === undefined ? name : `${name} (${said.units[name]})`,
      // For the model's card.
      measured: {
        model: task.recipe,
        task: said.task,
        dataset: task.text,
        rows: said.measured,
        metric: name,
        interval,
      },
      ours,
      peers: theirs === null ? {} : { [said.baseline.name]: theirs },
      ratio: theirs ? round4(ours / theirs) : null,
    });
    console.log(
      `${task.recipe.padEnd(16)} ${name.padEnd(12)} ${ours}${theirs === null ? '' : ` (${said.baseline.name} ${theirs})`}`,
    );
  }
}
console.log(
  JSON.stringify({ name: 'tasks', machine: { processor: cpus()[0].model.trim(), node: process.version }, rows }),
);
