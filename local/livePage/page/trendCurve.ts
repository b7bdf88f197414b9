import type { TrendPoint } from '../snapshot';
import { setAttribute, svg } from './element';

const size = { width: 170, height: 34 };
/** The highest NEWS2. */
const most = 20;
const spanSeconds = 4 * 3600;
/** From this score on the flag is high at once: drawn as a line to read the curve by. */
const emergency = 7;

/** NEWS2 over the last hours: what it is at least as a line, and up to what it may be as a shade. */
export class TrendCurve {
  readonly root: SVGSVGElement;
  private readonly line = svg('path', { class: 'scores' });
  private readonly shade = svg('path', { class: 'may-be' });

  constructor() {
    const { width, height } = size;
    this.root = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height });
    const y = yOf(emergency);
    this.root.append(svg('line', { class: 'threshold', x1: 0, x2: width, y1: y, y2: y }), this.shade, this.line);
  }

  show(trend: readonly TrendPoint[]): void {
    const end = trend.at(-1)?.time ?? 0;
    const x = (time: number) => Math.max(0, size.width * (1 - (end - time) / spanSeconds));
    const pieces = piecesOf(trend.filter(({ time }) => time > end - spanSeconds));
    const path = (points: readonly (readonly [number, number])[]) =>
      points.map(([time, score], index) => `${index === 0 ? 'M' : 'L'}${x(time).toFixed(1)} ${yOf(score)}`).join('');
    setAttribute(this.line, 'd', pieces.map((piece) => path(piece.map(([time, least]) => [time, least]))).join(''));
    const areas = pieces.map((piece) => {
      const upper = piece.map(([time, , top]) => [time, top] as const);
      const lower = piece.map(([time, least]) => [time, least] as const).reverse();
      return `${path([...upper, ...lower])}Z`;
    });
    setAttribute(this.shade, 'd', areas.join(''));
  }
}

type Scored = readonly [time: number, atLeast: number, atMost: number];

/** A window without a score is a gap, not a line across it. */
function piecesOf(trend: readonly TrendPoint[]): Scored[][] {
  const pieces: Scored[][] = [[]];
  for (const { time, atLeast, atMost } of trend) {
    if (atLeast === null || atMost === null) pieces.push([]);
    else pieces.at(-1)?.push([time, atLeast, atMost]);
  }
  return pieces.filter((piece) => piece.length > 0);
}

function yOf(score: number): string {
  return ((size.height - 2) * (1 - Math.min(score, most) / most) + 1).toFixed(1);
}
