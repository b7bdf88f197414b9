import type { Icon } from './architecture';
import { svg } from './element';

/** Line icons on a grid of 20 x 20. */
const lines: Readonly<Record<Icon, string>> = {
  pulse: 'M1 11h4l2.5-7 4 13 3-9 1.5 3h3',
  key: 'M12 3a4.5 4.5 0 1 1-3.4 7.4L3 16v2h3v-2h2v-2h2M13.2 6.8v.1',
  gateway: 'M3 12h14v6H3zM6 15h.1M9 15h.1M10 12V8M6.5 6a5 5 0 0 1 7 0M4 3.5a8.6 8.6 0 0 1 12 0',
  hub: 'M10 7.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M10 2v5.5M10 12.5V18M2 10h5.5M12.5 10H18',
  storage: 'M2 4h16v5H2zM2 11h16v5H2zM5 6.5h.1M5 13.5h.1',
  stream: 'M2 5h11M2 10h16M2 15h11M15 7.5l3 2.5-3 2.5',
  engine: 'M3 6h11l-3-3M17 14H6l3 3M3 6l3 3M17 14l-3-3',
  record: 'M4 2h9l4 4v12H4zM7 11h6M10 8v6',
  function: 'M11 2 4 11h5l-1 7 8-10h-5z',
  spark: 'M10 2v5M10 13v5M2 10h5M13 10h5M4.5 4.5l3 3M12.5 12.5l3 3M15.5 4.5l-3 3M7.5 12.5l-3 3',
  database: 'M3 5c0-4 14-4 14 0s-14 4-14 0v10c0 4 14 4 14 0V5M3 10c0 4 14 4 14 0',
  chart: 'M3 18V9M8 18V3M13 18v-7M18 18V6',
  people: 'M7 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6M1 18c0-8 12-8 12 0M13 3.3a3 3 0 0 1 0 5.4M15 12c3 .8 4 3 4 6',
  chat: 'M2 3h16v11H9l-4 4v-4H2zM6 7h8M6 10h5',
};

export function icon(name: Icon): SVGElement {
  return svg('path', { class: 'icon', d: lines[name] });
}
