// A growing list of ids that ends as a typed array.
import type { TokenSink } from './models/model.ts';

export class IdBuffer implements TokenSink {
  private ids: Int32Array;
  private length = 0;

  constructor(capacity = 256) {
    this.ids = new Int32Array(capacity);
  }

  add(id: number): void {
    if (this.length === this.ids.length) this.grow(2 * this.length);
    this.ids[this.length++] = id;
  }

  append(ids: Int32Array): void {
    if (this.length + ids.length > this.ids.length) this.grow(2 * (this.length + ids.length));
    this.ids.set(ids, this.length);
    this.length += ids.length;
  }

  done(): Int32Array {
    return this.ids.slice(0, this.length);
  }

  private grow(size: number): void {
    const larger = new Int32Array(size);
    larger.set(this.ids.subarray(0, this.length));
    this.ids = larger;
  }
}
