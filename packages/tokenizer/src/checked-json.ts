// Reading JSON that may be anything: every field is asked for by name and kind, and a wrong one is named with its path.
import { nearest, show, TokenizerError } from './errors.ts';

/** A JSON object of a file, with the path that leads to it. */
export class CheckedJson {
  readonly value: Readonly<Record<string, unknown>>;
  /** Such as `tokenizer.json: model`. */
  readonly path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) unexpected(path, 'an object', value);
    this.value = value as Record<string, unknown>;
    this.path = path;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.value, name) && this.value[name] !== null;
  }

  get(name: string): unknown {
    return Object.hasOwn(this.value, name) ? this.value[name] : undefined;
  }

  object(name: string): CheckedJson {
    return new CheckedJson(this.get(name), `${this.path}.${name}`);
  }

  list(name: string): readonly unknown[] {
    const value = this.get(name);
    if (!Array.isArray(value)) this.fail(name, 'a list');
    return value;
  }

  /** What `read` makes of every entry of a list; `path` leads to the entry. */
  each<T>(name: string, read: (entry: unknown, path: string) => T): T[] {
    return this.list(name).map((entry, i) => read(entry, `${this.path}.${name}[${i}]`));
  }

  string(name: string, fallback?: string): string {
    const value = this.get(name) ?? fallback;
    if (typeof value !== 'string') this.fail(name, 'a string');
    return value;
  }

  /** One character (a code point). */
  character(name: string): string {
    const value = this.string(name);
    if ([...value].length !== 1) this.fail(name, 'one character');
    return value;
  }

  boolean(name: string, fallback?: boolean): boolean {
    const value = this.get(name) ?? fallback;
    if (typeof value !== 'boolean') this.fail(name, 'true or false');
    return value;
  }

  /** A whole number that is not negative. */
  count(name: string, fallback?: number): number {
    const value = this.get(name) ?? fallback;
    if (!isCount(value)) this.fail(name, 'a whole number, not negative');
    return value;
  }

  /** One of the names; an unknown one is answered with the nearest. */
  oneOf<T extends string>(name: string, names: readonly T[], fallback?: T): T {
    const value = this.get(name) ?? fallback;
    if (typeof value !== 'string') this.fail(name, `one of ${names.join(', ')}`);
    if (!(names as readonly string[]).includes(value)) {
      throw new TokenizerError(
        'UNKNOWN',
        `${this.path}.${name}: ${show(value)} is not known; did you mean "${nearest(value, names)}"? (known: ${names.join(', ')})`,
        { path: `${this.path}.${name}`, value },
      );
    }
    return value as T;
  }

  fail(name: string, expected: string): never {
    unexpected(`${this.path}.${name}`, expected, this.get(name));
  }
}

/** The error for a value that is not what belongs at that place of the file. */
export function unexpected(path: string, expected: string, value: unknown): never {
  throw new TokenizerError('FORMAT', `${path}: expected ${expected}, found ${show(value)}`, { path, value });
}

/** Reads a part of tokenizer.json by the row of a table that its `type` names. */
export function readByType<T>(
  rows: Readonly<Record<string, (config: CheckedJson) => T>>,
  json: unknown,
  path: string,
): T {
  const config = new CheckedJson(json, path);
  return rows[config.oneOf('type', Object.keys(rows))]!(config);
}

/** Whether the value is a whole number that fits an id or a size: 0 … 2³¹ − 1. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0x7fffffff;
}

/** Parses JSON text; the error names the file. */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TokenizerError('FORMAT', `${file}: not valid JSON: ${(cause as Error).message}`, { file }, cause);
  }
}
