import type { Point } from './architecture';
import { svg } from './element';

const pulseMs = 900;
const pulsesAtOnce = 4;
const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** Lets small dots run along an arrow: one for each message, up to three, as long as few are under way. */
export function pulse(group: SVGGElement, points: readonly Point[], messages: number): void {
  if (calm.matches || document.hidden) return;
  const underWay = group.querySelectorAll('.pulse').length;
  const started = Math.min(messages, 3, pulsesAtOnce - underWay);
  for (let index = 0; index < started; index++) {
    const dot = svg('circle', { class: 'pulse', r: 4.5 });
    group.querySelector('.line')?.after(dot);
    const animation = dot.animate(keyframes(points), { duration: pulseMs, delay: index * 250, fill: 'both' });
    animation.onfinish = () => dot.remove();
  }
}

function keyframes(points: readonly Point[]): Keyframe[] {
  const travelled = [0];
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    if (before) travelled.push((travelled.at(-1) ?? 0) + Math.hypot(point.x - before.x, point.y - before.y));
  }
  const length = travelled.at(-1) || 1;
  return points.map(({ x, y }, index) => ({
    transform: `translate(${x}px, ${y}px)`,
    offset: (travelled[index] ?? 0) / length,
  }));
}
