import type { PathColour } from '../steps';
import { svg } from './element';

/** Each path has a shape of its own, so that colour is never the only sign. Drawn around 0,0, about 26 wide. */
export function badgeShape(path: PathColour): SVGElement {
  switch (path) {
    case 'blue':
      return svg('circle', { r: 13 });
    case 'green':
      return svg('rect', { x: -13, y: -12, width: 26, height: 24, rx: 5 });
    case 'red':
      return svg('path', { d: 'M0-17.5 17.5 0 0 17.5-17.5 0Z', 'stroke-linejoin': 'round' });
    case 'orange':
      return svg('path', { d: 'M-8-13h16l8 13-8 13h-16l-8-13Z', 'stroke-linejoin': 'round' });
  }
}

export const shapeNames: Readonly<Record<PathColour, string>> = {
  blue: 'circle',
  green: 'square',
  red: 'diamond',
  orange: 'hexagon',
};

export function badge(path: PathColour, label: string): SVGGElement {
  return svg(
    'g',
    { class: 'badge' },
    badgeShape(path),
    svg('text', { class: label.length > 2 ? 'long' : '', dy: '0.35em', 'aria-hidden': 'true' }, label),
  );
}
