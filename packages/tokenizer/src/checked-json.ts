// Reading JSON that may be anything: every field is asked for by name and kind, and a wrong one is named with its path.
import { nearest, show, TokenizerError } from './errors.ts';

/** A JSON object of a file, with the path that leads to it. */
export class CheckedJson {
  readonly value: Readonly<Record<string, unknown>>;
  /** Such as `tokenizer.json: model`. */
  readonly path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new TokenizerError('FORMAT', `${path}: expected an object, found ${show(value)}`, { path });
    }
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
    throw new TokenizerError('FORMAT', `${this.path}.${name}: expected ${expected}, found ${show(this.get(name))}`, {
      path: `${this.path}.${name}`,
      value: this.get(name),
    });
  }
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
