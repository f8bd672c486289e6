// A chart as PNG: lines with soft edges and letters of five by seven dots. A renderer of SVG would be megabytes for one picture.

import { crc32, deflateSync } from 'node:zlib';
import type { Chart, Point } from './chart.ts';

/** Columns of each letter from left to right, the lowest bit on top (the usual 5 × 7 font of displays). */
const letters = new Map<string, readonly number[]>(
  (
    [
      [' ', '0000000000'],
      ['!', '00005f0000'],
      ['(', '001c224100'],
      [')', '0041221c00'],
      [',', '0050300000'],
      ['-', '0808080808'],
      ['+', '08083e0808'],
      ['.', '0060600000'],
      ['/', '2010080402'],
      [':', '0036360000'],
      ['_', '4040404040'],
      ['=', '1414141414'],
      ['0', '3e5149453e'],
      ['1', '00427f4000'],
      ['2', '4261514946'],
      ['3', '2141454b31'],
      ['4', '1814127f10'],
      ['5', '2745454539'],
      ['6', '3c4a494930'],
      ['7', '0171090503'],
      ['8', '3649494936'],
      ['9', '064949291e'],
      ['A', '7e1111117e'],
      ['B', '7f49494936'],
      ['C', '3e41414122'],
      ['D', '7f4141221c'],
      ['E', '7f49494941'],
      ['F', '7f09090901'],
      ['G', '3e4149497a'],
      ['H', '7f0808087f'],
      ['I', '00417f4100'],
      ['J', '2040413f01'],
      ['K', '7f08142241'],
      ['L', '7f40404040'],
      ['M', '7f020c027f'],
      ['N', '7f0408107f'],
      ['O', '3e4141413e'],
      ['P', '7f09090906'],
      ['Q', '3e4151215e'],
      ['R', '7f09192946'],
      ['S', '4649494931'],
      ['T', '01017f0101'],
      ['U', '3f4040403f'],
      ['V', '1f2040201f'],
      ['W', '3f4038403f'],
      ['X', '6314081463'],
      ['Y', '0708700807'],
      ['Z', '6151494543'],
      ['a', '2054545478'],
      ['b', '7f48444438'],
      ['c', '3844444420'],
      ['d', '384444487f'],
      ['e', '3854545418'],
      ['f', '087e090102'],
      ['g', '0c5252523e'],
      ['h', '7f08040478'],
      ['i', '00447d4000'],
      ['j', '2040443d00'],
      ['k', '7f10284400'],
      ['l', '00417f4000'],
      ['m', '7c04180478'],
      ['n', '7c08040478'],
      ['o', '3844444438'],
      ['p', '7c14141408'],
      ['q', '081414187c'],
      ['r', '7c08040408'],
      ['s', '4854545420'],
      ['t', '043f444020'],
      ['u', '3c4040207c'],
      ['v', '1c2040201c'],
      ['w', '3c4030403c'],
      ['x', '4428102844'],
      ['y', '0c5050503c'],
      ['z', '4464544c44'],
    ] as const
  ).map(([letter, columns]) => [letter, [...Buffer.from(columns, 'hex')]]),
);

/** Letters that the font has not are drawn as a frame. */
const frame = [0x7f, 0x41, 0x41, 0x41, 0x7f];

/** Dots of the picture for one of the chart. */
const scale = 2;

/** Renders a chart: 8-bit RGB, {@link scale} times its size. */
export function pngOf(chart: Chart): Buffer {
  const picture = new Picture(chart.width * scale, chart.height * scale);
  const scaled = ({ x, y }: Point): Point => ({ x: x * scale, y: y * scale });
  for (const { y, from, to } of chart.grid) picture.line(scaled({ x: from, y }), scaled({ x: to, y }), 1, '#e3e3e3');
  for (const { x, y, colour } of chart.keys)
    picture.line(scaled({ x, y: y + 1.5 }), scaled({ x: x + 14, y: y + 1.5 }), 3 * scale, colour);
  for (const { points, colour, stroke } of chart.lines)
    points.slice(1).forEach((point, i) => {
      picture.line(scaled(points[i]!), scaled(point), stroke * scale, colour);
    });
  for (const { x, y, colour } of chart.dots) picture.line(scaled({ x, y }), scaled({ x, y }), 5 * scale, colour);
  for (const { x, y, text, anchor, colour } of chart.texts) {
    const size = 6 * scale * text.length;
    const left = x * scale - (anchor === 'end' ? size : anchor === 'middle' ? size / 2 : 0);
    picture.text(Math.round(left), Math.round(y * scale) - 7 * scale, text, colour);
  }
  return picture.png();
}

const channels = (colour: string): number[] => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

class Picture {
  readonly #width: number;
  readonly #height: number;
  readonly #pixels: Uint8Array;

  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.#pixels = new Uint8Array(width * height * 3).fill(255);
  }

  #paint(x: number, y: number, colour: readonly number[], cover: number): void {
    if (x < 0 || y < 0 || x >= this.#width || y >= this.#height || cover <= 0) return;
    const at = (y * this.#width + x) * 3;
    const share = Math.min(1, cover);
    for (let c = 0; c < 3; c++)
      this.#pixels[at + c] = Math.round(this.#pixels[at + c]! * (1 - share) + colour[c]! * share);
  }

  /** A line with round ends: a pixel is covered by how far it lies inside. */
  line(a: Point, b: Point, stroke: number, colour: string): void {
    const rgb = channels(colour);
    const radius = stroke / 2;
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const squared = dx * dx + dy * dy;
    const reach = Math.ceil(radius + 1);
    for (let y = Math.floor(Math.min(a.y, b.y)) - reach; y <= Math.max(a.y, b.y) + reach; y++)
      for (let x = Math.floor(Math.min(a.x, b.x)) - reach; x <= Math.max(a.x, b.x) + reach; x++) {
        const along = squared === 0 ? 0 : Math.max(0, Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / squared));
        const distance = Math.hypot(x - a.x - along * dx, y - a.y - along * dy);
        this.#paint(x, y, rgb, radius + 0.5 - distance);
      }
  }

  text(left: number, top: number, text: string, colour: string): void {
    const rgb = channels(colour);
    [...text].forEach((letter, n) => {
      (letters.get(letter) ?? frame).forEach((column, i) => {
        for (let row = 0; row < 7; row++)
          if (column & (1 << row))
            for (let v = 0; v < scale; v++)
              for (let u = 0; u < scale; u++)
                this.#paint(left + (6 * n + i) * scale + u, top + row * scale + v, rgb, 1);
      });
    });
  }

  /** PNG (ISO/IEC 15948): signature, IHDR, IDAT with unfiltered rows, IEND. */
  png(): Buffer {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(this.#width, 0);
    header.writeUInt32BE(this.#height, 4);
    header.set([8, 2, 0, 0, 0], 8); // eight bits, RGB
    const stride = this.#width * 3;
    const rows = Buffer.alloc((stride + 1) * this.#height);
    for (let y = 0; y < this.#height; y++)
      rows.set(this.#pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
    return Buffer.concat([
      Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
      chunk('IHDR', header),
      chunk('IDAT', deflateSync(rows, { level: 9 })),
      chunk('IEND', Buffer.alloc(0)),
    ]);
  }
}

function chunk(type: string, data: Uint8Array): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const whole = Buffer.alloc(content.length + 8);
  whole.writeUInt32BE(data.length, 0);
  whole.set(content, 4);
  whole.writeUInt32BE(crc32(content), content.length + 4);
  return whole;
}
