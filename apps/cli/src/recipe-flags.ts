// Flags for the fields of a recipe.

/** `--model.n_layer 4` and `--model.n_layer=4` → `--set model.n_layer=4`: config.json's fields differ by architecture, so no list of flags has them. */
export function rewriteModelFlags(argv: readonly string[]): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const words: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (i >= end || !word.startsWith('--model.')) words.push(word);
    else if (word.includes('=')) words.push('--set', word.slice(2));
    else words.push('--set', `${word.slice(2)}=${argv[++i] ?? ''}`);
  }
  return words;
}
