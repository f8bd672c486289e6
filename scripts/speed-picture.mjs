// docs/images/speed.svg: how many times as fast as the best peer each measured row is, from the JSON that the benchmarks printed.

const sizes = { width: 900, label: 400, line: 22, head: 34, right: 60 };
/** Ratios from a half to sixteen times are drawn, on a logarithmic scale. */
const [least, most] = [0.5, 16];
const ticks = [0.5, 1, 2, 4, 8, 16];

/** Which rows are speeds beside a peer, and what the reader is told of them. */
const benchmarks = {
  tokenizer: { title: 'Tokenizing, first pass', of: ({ row }) => /, ids, first pass$/.test(row) },
  'train-vs-pytorch': { title: 'Training', of: ({ unit }) => unit === 'tokens/s' },
  'time-to-quality': {
    title: 'Training to 1.88 nats a character',
    of: ({ row }) => /^yumo, its recipe: until|^the same recipe/.test(row),
  },
  inference: { title: 'Inference', of: ({ row }) => !row.includes('memory') },
};

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** What rows of training are called. */
const models = { S: 'GPT-2 S', M: 'GPT-2 M', C: 'nanoGPT’s size', bert: 'BERT-mini', t5: 'T5-tiny' };

function nameOf({ row, peers }) {
  const name = row
    .replace(/, ids, first pass$|: training$/, '')
    .replace(/^yumo, its/, 'each its own')
    .replace('prompt 128, ', '');
  const isBesideGreedy = Object.keys(peers).every((peer) => peer.endsWith('(greedy)'));
  return `${models[name] ?? name}${isBesideGreedy ? ' (theirs: greedy)' : ''}`;
}

/** The groups of a picture: a benchmark on a machine each, the benchmarks in the order above. */
function groupsOf(documents) {
  return Object.entries(benchmarks).flatMap(([name, { title, of }]) =>
    documents
      .filter((document) => document.name === name)
      .map(({ machine, rows }) => {
        const shown = rows.filter((row) => of(row) && row.ratio);
        const peers = [...new Set(shown.flatMap((row) => Object.keys(row.peers).map((peer) => peer.split(', ')[0])))];
        return {
          title: `${title} (${machine.processor.replace(/\(R\)/g, '')}), against ${peers.join(', ')}`,
          bars: shown.map((row) => ({ name: nameOf(row), ratio: row.ratio })),
        };
      })
      .filter(({ bars }) => bars.length > 0),
  );
}

/** @param documents what the benchmarks printed. @returns the picture as SVG, light or dark as the reader's system is. */
export function speedPicture(documents) {
  const room = sizes.width - sizes.label - sizes.right;
  const place = (ratio) =>
    sizes.label + (room * Math.log(Math.min(most, Math.max(least, ratio)) / least)) / Math.log(most / least);
  const parts = [];
  let y = 40;
  for (const { title, bars } of groupsOf(documents)) {
    y += sizes.head;
    parts.push(`<text class="group" x="12" y="${y - 8}">${escaped(title)}</text>`);
    for (const { name, ratio } of bars) {
      const [from, to] = [Math.min(place(1), place(ratio)), Math.max(place(1), place(ratio))];
      parts.push(
        `<text x="${sizes.label - 48}" y="${y + 14}" text-anchor="end">${escaped(name)}</text>`,
        `<rect class="${ratio < 1 ? 'slower' : 'faster'}" x="${from.toFixed(1)}" y="${y + 3}" width="${(to - from).toFixed(1)}" height="${sizes.line - 7}" rx="2"/>`,
        `<text class="ratio" x="${(to + 6).toFixed(1)}" y="${y + 14}">${ratio.toPrecision(3)}×</text>`,
      );
      y += sizes.line;
    }
  }
  const height = y + 16;
  const grid = ticks.map(
    (tick) =>
      `<line class="${tick === 1 ? 'one' : 'grid'}" x1="${place(tick).toFixed(1)}" x2="${place(tick).toFixed(1)}" y1="44" y2="${height - 8}"/>` +
      `<text class="tick" x="${place(tick).toFixed(1)}" y="38" text-anchor="middle">${tick}×</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${sizes.width} ${height}" width="${sizes.width}" height="${height}" role="img" aria-label="How many times as fast as the best peer">
<style>
svg { background: #fdfcf8; font: 13px system-ui, sans-serif; }
text { fill: #33302b; } .group { font-weight: 600; } .tick { fill: #7a756c; font-size: 11px; } .title { font-size: 15px; font-weight: 600; }
.faster { fill: #1f4e8c; } .slower { fill: #b0301c; } .grid { stroke: #e6e0d4; } .one { stroke: #7a756c; }
@media (prefers-color-scheme: dark) { svg { background: #1b1917; } text { fill: #e9e4da; } .tick { fill: #a09a8f; } .faster { fill: #7ba7df; } .slower { fill: #e07a68; } .grid { stroke: #35312c; } .one { stroke: #a09a8f; } }
</style>
<text class="title" x="12" y="24">Times as fast as the best peer in the same run</text>
${grid.join('\n')}
${parts.join('\n')}
</svg>
`;
}
