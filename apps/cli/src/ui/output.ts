// Where things are printed: results on stdout, everything else on stderr. With --json stdout holds JSON and nothing else.

export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Control characters that could move the cursor or recolour the terminal. Tabs and line feeds stay. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove.
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

export class Output {
  readonly json: boolean;
  readonly #streams: Streams;

  constructor(streams: Streams, { json }: { json: boolean }) {
    this.#streams = streams;
    this.json = json;
  }

  get stderr(): NodeJS.WriteStream {
    return this.#streams.stderr;
  }

  /** Columns of the terminal that results are printed on; undefined where they go to a file or another program. */
  get columns(): number | undefined {
    const { isTTY, columns } = this.#streams.stdout;
    return isTTY ? columns || 80 : undefined;
  }

  /** A result for people, as a line or lines; nothing with --json. */
  print(text: string): void {
    if (!this.json) this.text(`${text}\n`);
  }

  /** A piece of a result for people, as it comes. A terminal never gets control characters that a model or a file made up. */
  text(piece: string): void {
    if (!this.json) this.#streams.stdout.write(this.#streams.stdout.isTTY ? piece.replace(control, '') : piece);
  }

  /** The result for programs: one JSON document, or one line of many. Nothing without --json. */
  document(value: unknown): void {
    if (this.json) this.#streams.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** What is neither: remarks, warnings. */
  note(text: string): void {
    this.#streams.stderr.write(`${text.replace(control, '')}\n`);
  }
}
